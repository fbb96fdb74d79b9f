import {
  type Check,
  duration,
  either,
  guardRead,
  object,
  oneOf,
  positiveInteger,
  type Rules,
  ratio,
  readOptions,
  refuse,
  verify,
} from '../core/validate.js';
import { ALERT_CONDITIONS } from './alert-conditions.js';

/** What the alerts are called. */
export type AlertName = keyof typeof ALERT_CONDITIONS;

/** The figures of each condition. Periods are milliseconds. */
export interface AlertFigures {
  /** The circuit has opened and is not CLOSED yet. */
  open: Record<never, never>;
  /** `above`: share of failures, 0 to 1, among the calls counted within `over`, from `minimumCalls` calls on. */
  failureRate: { above: number; over: number; minimumCalls: number };
  /** Not CLOSED for longer than the recovery time plus `margin`. */
  openTooLong: { margin: number };
  /** The health score has been `below`, 0 to 1, for at least `for`. */
  health: { below: number; for: number };
  /** `above`: share of calls, 0 to 1, that a fallback answered within `over`, from `minimumCalls` calls on. */
  fallbacks: { above: number; over: number; minimumCalls: number };
  /** The circuit left CLOSED for OPEN at least `opened` times, 1 to 1000, within `over`. */
  flapping: { opened: number; over: number };
}

/**
 * Which conditions raise an alert. All of them do with the figures of `ALERT_CONDITIONS`, unless one is given other
 * figures, or `false`.
 */
export type AlertRules = {
  readonly [Name in AlertName]?:
    | boolean
    | { readonly [Figure in keyof AlertFigures[Name]]?: AlertFigures[Name][Figure] | undefined }
    | undefined;
};

/** The conditions that are on, with all of their figures. */
export type ResolvedRules = { readonly [Name in AlertName]?: Readonly<AlertFigures[Name]> };

const SUBJECT = { breaker: '', action: 'watch' };

const share = { above: ratio, over: duration(1), minimumCalls: positiveInteger() };

const FIGURES: { readonly [Name in AlertName]: { readonly [Figure in keyof AlertFigures[Name]]: Check } } = {
  open: {},
  failureRate: share,
  openTooLong: { margin: duration() },
  health: { below: ratio, for: duration() },
  fallbacks: share,
  flapping: { opened: positiveInteger(1_000), over: duration(1) },
};

const ALERT_NAMES = Object.keys(ALERT_CONDITIONS) as AlertName[];

/** Whatever a rule may be: the figures are checked when their names are known. */
const anyRule = either(oneOf(true, false), object);

const RULES: Rules = Object.fromEntries(ALERT_NAMES.map((name) => [name, anyRule]));

/** @throws InvalidOptionsError for an unknown condition or figure, or a figure out of range */
export function readRules(rules: unknown): ResolvedRules {
  if (typeof rules === 'function') {
    refuse(
      SUBJECT,
      'rules',
      '`rules` must be true or an object, received a function: pass `true` before it, for every condition',
    );
  }
  verify(SUBJECT, 'rules', rules, either(oneOf(true), object));
  return guardRead(SUBJECT, 'rules', () => {
    const given = rules === true ? {} : readOptions(rules, RULES, SUBJECT);
    const isOn = (name: AlertName) => given[name] !== false;
    return Object.fromEntries(ALERT_NAMES.filter(isOn).map((name) => [name, readFigures(name, given[name])]));
  });
}

function readFigures(name: AlertName, rule: unknown): object {
  const figures = typeof rule === 'object' ? readOptions(rule, FIGURES[name], SUBJECT, `${name}.`) : {};
  return { ...ALERT_CONDITIONS[name], ...figures };
}
