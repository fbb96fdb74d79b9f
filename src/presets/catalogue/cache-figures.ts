/** Figures of the cache and of Redis, which answer thousands of short commands a second. */
import { isCacheFailure } from '../failures/predicates.js';
import type { FigureRange, PresetFigures } from './preset-data.js';

export const CACHE_THRESHOLD: FigureRange = {
  strict: 5,
  lenient: 20,
  reason: 'Commands are short and many, so that one blip of the network fails a few in a row.',
};

export const CACHE_WINDOW: Required<PresetFigures>['window'] = {
  value: { type: 'time', duration: 10_000, buckets: 10 },
  reason: 'A hundred commands pass in a few milliseconds, and a rate over a blink means nothing.',
};

export const CACHE_FAILURE: Required<PresetFigures>['isFailure'] = {
  value: isCacheFailure,
  reason: 'A server that loads, is full or takes no writes is a failure; a command of the wrong type is not.',
};
