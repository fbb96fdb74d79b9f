export {
  detectEnvironment,
  ENVIRONMENT_NAMES,
  type Environment,
  type EnvironmentSource,
} from '../config/environments.js';
export { type Inference, inferPreset } from '../config/infer.js';
export { type Kind, PRESET_NAMES, type PresetName } from '../config/preset-names.js';
export type { EnvironmentVariables } from '../config/process-variables.js';
export { PRESETS } from './catalogue/all-presets.js';
export { ENVIRONMENTS, type EnvironmentFigures } from './catalogue/environments.js';
export type { Figure, FigureRange, PresetData, PresetFigures } from './catalogue/preset-data.js';
export {
  type ApplyContext,
  applyConfig,
  type ConfigurableRegistry,
  type ConfigurableResilience,
} from './config/apply.js';
export type { ConfigBackoff, ConfigOptions } from './config/format.js';
export {
  type CircuitBreakerConfig,
  type ConfigContext,
  type ConfiguredRegistryOptions,
  fromConfig,
  type NamedConfigOptions,
} from './config/from-config.js';
export type { ConfigChange, ConfigurableBreaker } from './config/plan.js';
export { optionsFromEnvironment } from './config/variables.js';
export { type ExplainedValue, explainPreset, type PresetExplanation } from './explain.js';
export {
  type ConfigExplanation,
  type ConfigValue,
  type ExplainedOption,
  explainConfig,
} from './explain-config.js';
export {
  isAwsFailure,
  isCacheFailure,
  isConnectionFailure,
  isDatabaseFailure,
  isGrpcFailure,
  isHttpFailure,
  isLlmFailure,
  isQueueFailure,
} from './failures/predicates.js';
export { preset, presets } from './preset.js';
export type { PresetSettings } from './settings.js';
