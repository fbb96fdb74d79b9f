/** The syntax of PromQL, as far as the queries need it. It knows no metric. */

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** A duration as Prometheus and Grafana write it, in the largest unit that fits: 300,000 ms are `5m`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  const [unit, size] = UNITS.find(([, size]) => ms % size === 0) ?? ['ms', 1];
  return `${ms / size}${unit}`;
}

/** What a label must be: `job="shop"`, or `job=~"shop|stock"`. */
export function matcher(label: string, operator: '=' | '=~', value: string): string {
  return `${label}${operator}${JSON.stringify(value)}`;
}

/** What all of these labels must be. */
export function matchersOf(labels: Readonly<Record<string, string>>): string[] {
  return Object.entries(labels).map(([label, value]) => matcher(label, '=', value));
}

/** The series of a metric that all the matchers fit. */
export function select(metric: string, matchers: readonly string[]): string {
  return matchers.length === 0 ? metric : `${metric}{${matchers.join(', ')}}`;
}

/** One series for each combination of the labels, or a single one without labels. */
export function aggregate(
  operator: 'sum' | 'min' | 'max' | 'count',
  by: readonly string[],
  expression: string,
): string {
  const clause = by.length === 0 ? '' : ` by (${by.join(', ')}) `;
  return `${operator}${clause}(${expression})`;
}
