export {
  PRESET_NAMES,
  PRESETS,
  type PresetName,
} from './catalogue.js';
export {
  type CircuitBreakerConfig,
  type ConfigContext,
  type ConfiguredRegistryOptions,
  fromConfig,
  type NamedConfigOptions,
} from './config.js';
export { applyConfig, type ConfigurableRegistry } from './config-apply.js';
export { type EnvironmentVariables, optionsFromEnvironment } from './config-environment.js';
export type { ConfigBackoff, ConfigOptions } from './config-options.js';
export type { ConfigChange, ConfigurableBreaker } from './config-plan.js';
export {
  detectEnvironment,
  ENVIRONMENT_NAMES,
  ENVIRONMENTS,
  type Environment,
  type EnvironmentFigures,
  type EnvironmentSource,
} from './environments.js';
export { type ExplainedValue, explainPreset, type PresetExplanation } from './explain.js';
export {
  isAwsFailure,
  isCacheFailure,
  isConnectionFailure,
  isDatabaseFailure,
  isHttpFailure,
  isLlmFailure,
  isQueueFailure,
} from './failures.js';
export { type Inference, inferPreset } from './infer.js';
export { preset, presets } from './preset.js';
export type { Figure, FigureRange, Kind, PresetData, PresetFigures } from './preset-data.js';
export type { PresetSettings } from './settings.js';
