export { METRIC_NAMES } from './names.js';
