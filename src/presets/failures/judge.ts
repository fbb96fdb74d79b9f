/**
 * What an outcome means: the rules of a kind are asked about the error, from the outermost down to its causes. The
 * first of them that knows it decides. What none knows is a failure, as it is for a breaker without `isFailure`:
 * every trouble of the network comes that way, under whatever name the runtime has for it.
 */
import { REJECTION } from '../../core/errors.js';
import { isCircuitBreakerError, type Outcome } from '../../index.js';
import { read, readList } from './fields.js';

/**
 * What an error says of the dependency: `true`, it was asked and gave no sound answer; `false`, it answered, if only
 * that the caller is wrong; `'ignore'`, it was never asked, or the caller did not wait.
 */
export type Verdict = boolean | 'ignore';

/** Answers `undefined` about an error that it does not know. It never throws. */
export type Rule = (error: unknown) => Verdict | undefined;

/** Whether a value is a failure. It may hold errors, which it can have judged. If it throws, the value is none. */
export type ValueRule = (value: unknown, isBadError: (error: unknown) => boolean) => boolean;

/** Errors looked at in one outcome, at most: causes may form a cycle, or be made up as they are read. */
const MAX_ERRORS = 32;

/** Where an error keeps the one that it came of: everybody, GraphQL's clients, Sequelize, mssql, TypeORM, Prisma. */
const LINKS = [
  'cause',
  'networkError',
  'parent',
  'original',
  'originalError',
  'driverError',
  'meta',
  'driverAdapterError',
] as const;

/** Judges an outcome by the rules of a kind. Without a rule for values, none of them is a failure. */
export function judge(outcome: Outcome, rules: readonly Rule[], isBadValue?: ValueRule): Verdict {
  if ('error' in outcome) return judgeError(outcome.error, rules);
  const rejection = read(outcome.value, REJECTION);
  if (isCircuitBreakerError(rejection)) return judgeError(rejection, rules);
  try {
    return isBadValue?.(outcome.value, (error) => judgeError(error, rules) === true) ?? false;
  } catch {
    return false;
  }
}

function judgeError(error: unknown, rules: readonly Rule[]): Verdict {
  return search(error, rules, new Set()) ?? true;
}

function search(error: unknown, rules: readonly Rule[], seen: Set<unknown>): Verdict | undefined {
  if (seen.has(error) || seen.size === MAX_ERRORS) return undefined;
  seen.add(error);
  for (const rule of rules) {
    const verdict = rule(error);
    if (verdict !== undefined) return verdict;
  }
  for (const link of LINKS) {
    const within = read(error, link);
    const verdict = within == null ? undefined : search(within, rules, seen);
    if (verdict !== undefined) return verdict;
  }
  return worst(readList(error, 'errors'), rules, seen);
}

/** One failure among the errors of an `AggregateError` is enough. */
function worst(errors: readonly unknown[], rules: readonly Rule[], seen: Set<unknown>): Verdict | undefined {
  const unseen = [...new Set(errors)].filter((error) => !seen.has(error));
  const verdicts = unseen.map((error) => search(error, rules, seen) ?? true);
  return ([true, false, 'ignore'] as const).find((verdict) => verdicts.includes(verdict));
}
