import * as client from 'prom-client';
import type { InstrumentOptions } from 'recloser/prometheus';
import { type InstrumentableBreaker, type InstrumentableRegistry, instrument } from 'recloser/prometheus';

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)/y;

/** The samples of an exposition, as `name{a="1",b="2"}` with the labels in alphabetical order. */
export function samplesOf(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, name, labels = '', value] = LINE.exec(line) ?? [];
    if (name === undefined) throw new Error(`No sample: ${line}`);
    const key = `${name}{${labelsOf(labels).sort().join()}}`;
    if (samples.has(key)) throw new Error(`Twice: ${key}`);
    samples.set(key, Number(value));
  }
  return samples;
}

function labelsOf(text: string): string[] {
  const labels: string[] = [];
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const label = LABEL.exec(text);
    if (label === null) throw new Error(`No labels: ${text}`);
    labels.push(`${label[1]}="${label[2]}"`);
  }
  return labels;
}

export interface Exported {
  readonly register: client.Registry;
  readonly stop: () => void;
  /** What a scrape says now. */
  scrape(): Promise<Map<string, number>>;
}

/** Exports a target to a register of its own. */
export function exported(
  target: InstrumentableBreaker | InstrumentableRegistry,
  options: Partial<InstrumentOptions> = {},
): Exported {
  const register = new client.Registry();
  const stop = instrument(target, { client, register, ...options });
  return { register, stop, scrape: async () => samplesOf(await register.metrics()) };
}

/** The samples of one metric, by their labels but for the name of the breaker. */
export async function readMetric(
  { scrape }: Exported,
  metric: string,
  breaker = 'test',
): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const [key, value] of await scrape()) {
    const [name, labels = ''] = key.slice(0, -1).split('{');
    const own = labels.split(',');
    if (name !== metric || !own.includes(`name="${breaker}"`)) continue;
    found[own.filter((label) => label !== `name="${breaker}"`).join()] = value;
  }
  return found;
}
