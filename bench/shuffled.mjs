/** The same, in an order that is drawn. @template T @param {readonly T[]} list */
export function shuffled(list) {
  return list
    .map((it) => ({ it, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ it }) => it);
}
