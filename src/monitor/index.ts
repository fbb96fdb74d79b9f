export { ALERT_CONDITIONS } from './alert-conditions.js';
export type { AlertFigures, AlertName, AlertRules } from './alert-rules.js';
export type { FailureCount } from './breakdown.js';
export { type Explanation, explain, type Past } from './explain.js';
export type { FailureWords } from './failure-type.js';
export {
  type FailureRecord,
  type History,
  type HistoryOptions,
  history,
  type TransitionRecord,
} from './history.js';
export { type BreakerReport, type Report, type ReportedHistory, report } from './report.js';
export { type FormatOptions, formatReport } from './report-text.js';
export type { Percentiles } from './response-times.js';
export type { MonitoredBreaker, MonitoredEvents, MonitoredRegistry, MonitorSource } from './source.js';
export { type Alert, type AlertListener, type Watch, type WatchOptions, watch } from './watch.js';
