/** What an alert is, and what it says. */
import { inWords } from '../core/in-words.js';
import { CONDITIONS, type Condition, type Verdict } from './conditions.js';
import { explain } from './explain.js';
import type { Past } from './explanation.js';
import { type MonitoredBreaker, wallTimeOf } from './follow.js';
import { oneLine } from './text.js';
import type { AlertName } from './watch-rules.js';

/** An alert that begins or ends. JSON-safe. */
export interface Alert {
  /** The condition. */
  readonly alert: AlertName;
  readonly status: 'firing' | 'resolved';
  /** The name of the breaker, as it is: print it with care. */
  readonly breaker: string;
  /** When it began, as a reading of the breaker's clock. */
  readonly since: number;
  /** Now, as a reading of the breaker's clock. */
  readonly at: number;
  /** Now, in wall-clock milliseconds since 1970. */
  readonly time: number;
  /** The figure that is judged: a share, a score, a count, or milliseconds; for `open` 1, and 0 at its end. */
  readonly value: number;
  /** What it is compared with. */
  readonly threshold: number;
  /** One line for a person, safe to print. */
  readonly text: string;
}

const LONGEST_NAME = 80;

/** @param figures those of the condition */
export function beginAlert(
  alert: AlertName,
  figures: unknown,
  { value, threshold }: Verdict,
  breaker: MonitoredBreaker,
  history: Past | undefined,
  now: number,
): Alert {
  const { describe, words } = conditionOf(alert);
  const said = words(value);
  const what = `${describe(figures, threshold)}${said === '' ? '' : ` (${said})`}`;
  return {
    alert,
    status: 'firing',
    breaker: breaker.name,
    since: now,
    at: now,
    time: wallTimeOf(breaker),
    value,
    threshold,
    text: `${oneLine(breaker.name, LONGEST_NAME)}: ${what}. ${explain(breaker, history).text}`,
  };
}

/** @param how what ended it */
export function resolveAlert(
  firing: Alert,
  figures: unknown,
  value: number,
  breaker: MonitoredBreaker,
  now: number,
  how: string,
): Alert {
  const lasted = inWords(Math.max(now - firing.since, 0));
  const what = conditionOf(firing.alert).describe(figures, firing.threshold);
  return {
    ...firing,
    status: 'resolved',
    at: now,
    time: wallTimeOf(breaker),
    value,
    text: `${oneLine(breaker.name, LONGEST_NAME)}: resolved after ${lasted}: ${what}. ${how}`,
  };
}

/** A condition by its name: that its figures are its own is known where the rules are read. */
export function conditionOf(name: AlertName): Condition<unknown> {
  return CONDITIONS[name] as Condition<unknown>;
}
