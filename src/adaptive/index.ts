export { adaptive } from './adaptive.js';
export type { Candidate, CandidateConfig } from './candidates.js';
export type { AdaptiveOptions, HealthCheckOptions, WarnOptions } from './options.js';
export { type RecordedCall, record } from './record.js';
export type { Incident } from './replay.js';
export { type TuneGoals, type TuneOptions, type TuneReport, type TuneRow, tune } from './tune.js';
