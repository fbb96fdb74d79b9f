/**
 * The histories that are kept at present, by the breakers and registries that they are kept of, so that whoever asks
 * need not hand them round. It keeps nothing in memory that the breaker or the registry does not hold itself.
 */

import type { MonitorSource } from './follow.js';
import type { History } from './history.js';

/** The history that was begun last comes last. */
const histories = new WeakMap<MonitorSource, readonly History[]>();

export function addHistory(source: MonitorSource, history: History): void {
  histories.set(source, historiesOf(source).concat(history));
}

export function removeHistory(source: MonitorSource, history: History): void {
  const rest = historiesOf(source).filter((it) => it !== history);
  if (rest.length > 0) histories.set(source, rest);
  else histories.delete(source);
}

/** The history that was begun last of those that are kept of a breaker or a registry. */
export function latestHistoryOf(source: MonitorSource): History | undefined {
  return historiesOf(source).at(-1);
}

function historiesOf(source: MonitorSource): readonly History[] {
  return histories.get(source) ?? [];
}
