/** By how much a part and a whole have grown. */
export interface Growth {
  readonly part: number;
  readonly whole: number;
}

/** Samples are kept about this often within a period. */
const SLICES = 10;

interface Sample extends Growth {
  readonly at: number;
}

/**
 * By how much two running totals have grown within the last period. It keeps a few samples of them, so the period may
 * be longer than it was asked for: by a tenth, or by the time between two looks where that is more.
 */
export class RecentGrowth {
  readonly #over: number;
  /** From one at the start of the period, or before it, to the last look. While the totals stand still there is one. */
  #samples: Sample[];

  /** @param over the period in ms, more than 0 */
  constructor(over: number, at: number, part: number, whole: number) {
    this.#over = over;
    this.#samples = [{ at, part, whole }];
  }

  /** Takes in the totals as they are now. */
  measure(now: number, part: number, whole: number): Growth {
    const sample = { at: now, part, whole };
    const oldest = this.#samples[0] as Sample;
    if (oldest.part === part && oldest.whole === whole) this.#samples = [sample];
    else this.#keep(sample);
    const start = this.#samples[0] as Sample;
    return { part: part - start.part, whole: whole - start.whole };
  }

  #keep(sample: Sample): void {
    const samples = this.#samples;
    const previous = samples.at(-2);
    if (previous !== undefined && sample.at - previous.at < this.#over / SLICES) samples.pop();
    samples.push(sample);
    while (samples.length > 1 && (samples[1] as Sample).at <= sample.at - this.#over) samples.shift();
  }
}
