/** Figures for stores that answer thousands of short commands a second: caches, and Redis whatever it is used for. */
import { isCacheFailure } from './failures.js';
import type { Figure, FigureRange, PresetFigures } from './preset-data.js';

export const COMMANDS_THRESHOLD: FigureRange = {
  strict: 5,
  lenient: 20,
  reason: 'Commands are short and many, so that one blip of the network fails a few in a row.',
};

export const COMMANDS_WINDOW: Required<PresetFigures>['window'] = {
  value: { type: 'time', duration: 10_000, buckets: 10 },
  reason: 'A hundred commands pass in a few milliseconds, and a rate over a blink means nothing.',
};

export const COMMANDS_MINIMUM: Figure<number> = {
  value: 50,
  reason: 'At thousands of commands a second, ten are chance.',
};

export const COMMANDS_FAILURE: Required<PresetFigures>['isFailure'] = {
  value: isCacheFailure,
  reason: 'A server that loads, is full or takes no writes is a failure; a command of the wrong type is not.',
};
