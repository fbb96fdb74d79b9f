/**
 * `c` closed, `r` closed by hand, `o` open, `h` half-open, `f` forced open, `u` forced closed.
 */
export type ViewState = 'c' | 'r' | 'o' | 'h' | 'f' | 'u';

/** What Redis said last of a breaker. */
export interface View {
  readonly state: ViewState;
  /** Redis' count of changes. */
  readonly epoch: number;
  /** When what it says is over: a reading of the fleet's clock. */
  readonly until: number;
  /** Openings since the fleet was last closed. */
  readonly attempt: number;
  /** For people. */
  readonly words: string;
}

/** What is said of a breaker of which nothing is said. */
export const NOTHING: View = Object.freeze({ state: 'c', epoch: 0, until: 0, attempt: 0, words: '' });

/** How users see each state. */
export const STATE_NAMES = {
  c: 'CLOSED',
  r: 'CLOSED',
  o: 'OPEN',
  h: 'HALF_OPEN',
  f: 'forced-open',
  u: 'forced-closed',
} as const;

/** What a fleet has decided of a breaker. */
export type FleetState = (typeof STATE_NAMES)[ViewState];

/** Whether the fleet protects what is behind the breaker. */
export const isDown = ({ state }: View): boolean => state === 'o' || state === 'h';

/** Whether it is closed, and votes may come. */
export const isUp = ({ state }: View): boolean => state === 'c' || state === 'r';

/** Whether somebody votes: the words of such a record say how many. */
export const hasVotes = (view: View): boolean => isUp(view) && /^\d+ of \d+$/.test(view.words);
