/** The window that rates are taken over, as it is given: checked, and with what was left out. */
import {
  type Check,
  duration,
  oneOf,
  positiveInteger,
  type Rules,
  readOptions,
  type Subject,
  verify,
} from './validate.js';
import { MAX_BUCKETS, MAX_WINDOW_SIZE, type ResolvedWindow, type WindowOptions } from './window.js';

export const DEFAULT_WINDOW: ResolvedWindow = Object.freeze({ type: 'count', size: 100 });

const COUNT_WINDOW_RULES: Rules = { type: oneOf('count', 'time'), size: positiveInteger(MAX_WINDOW_SIZE) };
const TIME_WINDOW_RULES: Rules = {
  type: oneOf('count', 'time'),
  duration: duration(1),
  buckets: positiveInteger(MAX_BUCKETS),
};

/** @throws InvalidOptionsError for the first mistake */
export function readWindow(window: unknown, subject: Subject): ResolvedWindow {
  const isTime = (window as WindowOptions).type === 'time';
  const given = readOptions(window, isTime ? TIME_WINDOW_RULES : COUNT_WINDOW_RULES, subject, 'window.');
  verify(subject, 'window.type', given.type, COUNT_WINDOW_RULES.type as Check);
  const { size = 100, duration = 60_000, buckets = 10 } = given as { [key: string]: number };
  return isTime ? { type: 'time', duration, buckets } : { type: 'count', size };
}
