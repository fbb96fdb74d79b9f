/** Options by where they were written. It knows none of them: who reads them says how. */
import type { Problems } from './problems.js';

/** Members of an object that came from outside. */
export type Members = Readonly<Record<string, unknown>>;

/** Options that were written in one place. */
export interface Layer<Options> {
  readonly options: Options;
  /** Where an option of this layer is written, for messages. */
  readonly pathOf: (option: string) => string;
}

/** Copies the options that are good into a layer, and adds whatever is wrong to the problems. */
export type ReadOptions<Options> = (
  given: Members,
  pathOf: (option: string) => string,
  problems: Problems,
) => Layer<Options>;
