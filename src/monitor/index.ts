export { ALERT_CONDITIONS } from './alert-conditions.js';
