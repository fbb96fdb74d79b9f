export { adaptive } from './adaptive.js';
export type { AdaptiveOptions, HealthCheckOptions, WarnOptions } from './options.js';
