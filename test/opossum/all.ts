/** Every scenario, by what it proves. */
import { DIFFERENT as BETTER } from './different.js';
import { DIFFERENT_BY_ROW } from './different-rows.js';
import { SAME as USUAL } from './same.js';
import { SAME_AT_THE_EDGES } from './same-edges.js';
import { SAME_BY_ROW } from './same-rows.js';

export { DIFFERENT_AT_THE_EDGES } from './same-edges.js';

/** Run against opossum too, with the same trace. */
export const SAME = [...USUAL, ...SAME_AT_THE_EDGES, ...SAME_BY_ROW];

/** Seen to end otherwise with opossum. */
export const DIFFERENT = [...BETTER, ...DIFFERENT_BY_ROW];
