/**
 * The timed cases. Each has a `title` and
 *
 * - `create(recloser, task)`: the guarded call that is timed;
 * - `task`: what stands behind it, and alone is the bare call: `succeed` unless said otherwise;
 * - `loop`: how the call ends: `resolves`, `rejects` or `returns`; told by the task unless said otherwise;
 * - `goal`: what the ratio to the bare call (`unit: 'ns'`: the nanoseconds over it) may be at most;
 * - `peers`: what the same case asks of the other libraries, for `create` of their files in `peers/`;
 * - `around`: runs the loops inside something; `aloneOnly`: that something would slow others down in the process.
 */
import { cases as closed } from './closed.mjs';
import { cases as many } from './many.mjs';
import { cases as open } from './open.mjs';
import { cases as ways } from './ways.mjs';

export const CASES = { ...closed, ...ways, ...open, ...many };
