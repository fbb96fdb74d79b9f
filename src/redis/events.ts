import type { CommandKind } from './link.js';
import type { FleetState } from './view.js';

/** What each event of a {@link Fleet} carries. */
export interface FleetEvents {
  /** Redis has not answered for three intervals: each instance decides alone. The error is the last one, if there was one. */
  detached: { readonly error: unknown };
  /** Redis answers again. */
  attached: { /** For how long it did not, in ms. */ readonly detachedFor: number };
  /** The fleet has decided something else of a breaker than before. */
  decision: {
    readonly breaker: string;
    readonly state: FleetState /** Why, for people. */;
    readonly words: string;
  };
  /** A command failed, at most one is told in a second; or a breaker cannot be shared. */
  error: { readonly error: unknown; readonly command?: CommandKind | undefined };
}

export const FLEET_EVENTS = [
  'detached',
  'attached',
  'decision',
  'error',
] as const satisfies readonly (keyof FleetEvents)[];
