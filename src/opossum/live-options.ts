import { type ReadOptions, readNumber } from './options.js';

/** Lets an option be set while its breaker lives: what is set is checked, and put in force. */
export function watchOption(
  options: ReadOptions,
  breaker: string,
  option: 'timeout' | 'resetTimeout' | 'errorThresholdPercentage',
  apply: (value: number | false) => void,
): void {
  let current: number | false = options[option];
  Object.defineProperty(options, option, {
    enumerable: true,
    configurable: true,
    get: () => current,
    set: (value: unknown) => {
      const checked = readNumber('update', breaker, option, value);
      current = checked;
      apply(checked);
    },
  });
}
