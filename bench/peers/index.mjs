/**
 * The libraries beside which recloser is measured. Each file of this folder has
 *
 * - `configuration`: what its breakers are made with, as equal to ours as it can be;
 * - `create(task, { trips, timeout, window, fallback })`: a function that calls the task, with one argument,
 *   through a new breaker; `undefined` for what the library cannot do.
 *
 * A breaker that does not trip (`trips: false`) counts as ever; its threshold is one that no failure reaches.
 */
export const PEERS = ['opossum', 'cockatiel', 'mollitia', 'levee', 'hystrixjs', 'brakes'];

export const loadPeer = (name) => import(`./${name}.mjs`);
