/** `recloser grafana` */
import { dashboard } from '../grafana/index.js';
import type { Answer } from './answer.js';
import { GRAFANA_FLAGS } from './grafana-flags.js';
import { runPrinter } from './print.js';

export function run(args: readonly string[]): Answer {
  const print = (options: object) => `${JSON.stringify(dashboard(options), null, 2)}\n`;
  return runPrinter('grafana', 'a Grafana dashboard, as JSON', GRAFANA_FLAGS, print, args);
}
