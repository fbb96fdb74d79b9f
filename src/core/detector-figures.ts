/** What a detector says of itself in `metrics.detector`, as those read it who watch breakers. */
export interface DetectorFigures {
  /** How much of the evidence that it takes to trip is there, 0 to 1: the largest share of all lines. */
  readonly evidence: number;
  /** The line that has most of it: how much is there, and how much it takes. */
  readonly nearest: { readonly line: string; readonly value: number; readonly limit: number } | undefined;
  /** How often it trips in error, a day, at up to which failure rate; where it says so. */
  readonly promise: { readonly falseTripsPerDay: number; readonly normal: number } | undefined;
  /** The evidence that it takes to trip, by line. */
  readonly thresholds: readonly (readonly [line: string, threshold: number])[];
  /** The share of the calls that the ramp lets pass, 0 to 1. */
  readonly admitted: number;
  readonly degraded: boolean;
  /** Calls that were overdue, in all. */
  readonly overdue: number;
}

/**
 * Reads `metrics.detector`, which may be anybody's: what is missing in it, or is no number, stands for nothing.
 * `undefined` where there is no detector.
 */
export function readDetector(metrics: object): DetectorFigures | undefined {
  const { detector } = metrics as { readonly detector?: unknown };
  if (typeof detector !== 'object' || detector === null) return undefined;
  const { lines, evidence, thresholds, normal, falseTripsPerDay, admitted, degraded, overdue } =
    detector as Record<string, unknown>;
  const limits = numbersOf(thresholds, lines);
  const used = numbersOf(evidence, lines).map(([line, value]) => {
    const limit = limits.find(([name]) => name === line)?.[1] ?? Number.POSITIVE_INFINITY;
    return { line, value, limit, share: limit > 0 ? value / limit : 0 };
  });
  const [first] = used;
  const most = first && used.reduce((best, it) => (it.share > best.share ? it : best), first);
  return {
    evidence: Math.min(Math.max(0, most?.share ?? 0), 1),
    nearest: most && { line: most.line, value: most.value, limit: most.limit },
    promise:
      isNumber(normal) && isNumber(falseTripsPerDay) && falseTripsPerDay > 0
        ? { falseTripsPerDay, normal }
        : undefined,
    thresholds: limits,
    admitted: isNumber(admitted) ? admitted : 1,
    degraded: degraded === true,
    overdue: isNumber(overdue) ? overdue : 0,
  };
}

/** One number, a list of them, or an object of them, each with the name of its line. */
function numbersOf(figures: unknown, lines: unknown): [line: string, value: number][] {
  if (isNumber(figures)) return [[nameOf(lines, 0), figures]];
  if (Array.isArray(figures)) {
    return figures.flatMap((value, index) => (isNumber(value) ? [[nameOf(lines, index), value]] : []));
  }
  if (typeof figures !== 'object' || figures === null) return [];
  return Object.entries(figures).filter((entry): entry is [string, number] => isNumber(entry[1]));
}

function nameOf(lines: unknown, index: number): string {
  const name: unknown = Array.isArray(lines) ? lines[index] : undefined;
  return typeof name === 'string' || typeof name === 'number' ? String(name) : String(index);
}

function isNumber(value: unknown): value is number {
  return Number.isFinite(value);
}
