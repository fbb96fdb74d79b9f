export { type AlertRule, type AlertRulesOptions, alertRules, type RuleFile } from './alert-rules.js';
export type { AlertFigures, AlertSettings } from './alerts.js';
export { type DashboardOptions, dashboard } from './dashboard.js';
export type {
  Dashboard,
  DataSource,
  FieldConfig,
  GridPosition,
  Override,
  Panel,
  Row,
  Target,
  Thresholds,
  ValueMapping,
  ValueWord,
  Variable,
} from './model.js';
export type { SourceOptions } from './query-options.js';
export { toYaml } from './yaml.js';
