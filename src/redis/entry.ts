/** What an instance says of a breaker with a poll. */
export interface Entry {
  readonly name: string;
  /** A vote, one that is taken back, or that the instance abstains. */
  readonly op: '+' | '-' | '0';
  /** Of its evidence, or of what it abstains from. */
  readonly epoch: number;
  /** For how long the circuit is OPEN, in ms; how many may probe at once; how many successes close. */
  readonly terms?: readonly [openFor: number, probes: number, need: number];
}
