/** What a configuration says of a fleet: the options of `shareState` that JSON can say, in the same ranges. */
import { type Problems, pathTo } from '../../config/problems.js';
import { refusalBy, unknownName } from '../../config/sentences.js';
import {
  type Check,
  duration,
  object,
  oneOf,
  orFalse,
  positiveInteger,
  type Rules,
  ratio,
} from '../../core/validate.js';

const text =
  (longest: number, range: string, pattern: RegExp): Check =>
  (value) =>
    typeof value === 'string' && value.length <= longest && pattern.test(value) ? undefined : range;

const RULES: Rules = {
  namespace: text(64, '1 to 64 of the characters A–Z a–z 0–9 _ . : -', /^[\w.:-]+$/),
  instance: text(128, 'a string of 1 to 128 characters', /^\P{Cs}+$/u),
  pollInterval: orFalse(duration(100, 60_000)),
  quorum: object,
  probeLease: duration(100, 600_000),
  commandTimeout: duration(1, 5_000),
  mode: oneOf('active', 'observe'),
};

const QUORUM_RULES: Rules = { minVotes: positiveInteger(10_000), ratio };

/** Adds what is wrong with it to the problems. */
export function checkFleet(fleet: Readonly<Record<string, unknown>>, problems: Problems): void {
  checkAll(fleet, 'fleet', RULES, problems);
  if (fleet.quorum !== undefined && object(fleet.quorum) === undefined)
    checkAll(fleet.quorum as Record<string, unknown>, 'fleet.quorum', QUORUM_RULES, problems);
}

function checkAll(
  given: Readonly<Record<string, unknown>>,
  path: string,
  rules: Rules,
  problems: Problems,
): void {
  for (const [option, value] of Object.entries(given)) {
    const here = pathTo(path, option);
    const rule = Object.hasOwn(rules, option) ? rules[option] : undefined;
    const problem = rule && refusalBy(rule, value);
    if (rule === undefined) problems.add(here, () => unknownName('option', option, Object.keys(rules)));
    else if (problem !== undefined) problems.add(here, problem);
  }
}
