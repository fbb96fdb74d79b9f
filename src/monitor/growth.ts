/** By how much a part and a whole have grown. */
export interface Growth {
  readonly part: number;
  readonly whole: number;
}

/** Samples are taken this often within a period. */
const SLICES = 10;
/** Samples that a period needs: one for each slice, and those at its two ends. */
const SAMPLES = SLICES + 2;

const NONE: Growth = Object.freeze({ part: 0, whole: 0 });

interface Sample extends Growth {
  readonly at: number;
}

/**
 * By how much two running totals have grown within the last period. It keeps a few samples of them, so the answer may
 * be about a tenth of the period more, and about the time that has passed since somebody last asked.
 */
export class RecentGrowth {
  readonly #over: number;
  /** The oldest comes first. Nothing is kept but the first until the totals move. */
  readonly #samples: Sample[];

  /** @param over the period in ms, more than 0 */
  constructor(over: number, at: number, part: number, whole: number) {
    this.#over = over;
    this.#samples = [{ at, part, whole }];
  }

  /** Takes in the totals as they are now. */
  measure(now: number, part: number, whole: number): Growth {
    const samples = this.#samples;
    const newest = samples.at(-1) as Sample;
    if (samples.length === 1 && newest.whole === whole && newest.part === part) return NONE;
    if (now - newest.at >= this.#over / SLICES) samples.push({ at: now, part, whole });
    if (samples.length > SAMPLES) samples.shift();
    const start = this.#sampleBefore(now - this.#over);
    return { part: part - start.part, whole: whole - start.whole };
  }

  /** The newest sample that is not newer than `at`; the oldest one if all are. */
  #sampleBefore(at: number): Sample {
    const samples = this.#samples;
    let index = samples.length - 1;
    while (index > 0 && (samples[index] as Sample).at > at) index--;
    return samples[index] as Sample;
  }
}
