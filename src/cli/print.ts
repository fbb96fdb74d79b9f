/** Commands that print what options describe. */
import { type Answer, printed } from './answer.js';
import type { Flags } from './flags.js';
import { flagLines, isHelp, readArguments } from './read-flags.js';

/**
 * @param print the text for the options, which it checks itself
 * @throws UsageError, and InvalidOptionsError if the options are refused
 */
export function runPrinter(
  name: string,
  prints: string,
  flags: Flags,
  print: (options: object) => string,
  args: readonly string[],
): Answer {
  if (!args.some(isHelp)) return printed(print(readArguments(name, flags, args).options));
  return printed(`Usage: recloser ${name} [--flag value]...

Prints ${prints}. A duration is 500ms, 30s, 5m, 1h or 1d; what is in brackets holds unless you say otherwise.

${flagLines(flags)}
`);
}
