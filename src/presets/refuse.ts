import { InvalidOptionsError } from '../index.js';

/**
 * @param action what cannot be done: `use preset "claude"`
 * @param option the option at fault, with its path
 * @throws InvalidOptionsError always
 */
export function refuse(action: string, option: string, problem: string): never {
  throw new InvalidOptionsError('', option, `Cannot ${action}: ${problem}`);
}
