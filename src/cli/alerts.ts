/** `recloser alerts` */
import { alertRules, toYaml } from '../grafana/index.js';
import type { Answer } from './answer.js';
import { ALERT_FLAGS } from './grafana-flags.js';
import { runPrinter } from './print.js';

export function run(args: readonly string[]): Answer {
  const print = (options: object) => toYaml(alertRules(options));
  return runPrinter('alerts', 'alert rules for Prometheus, as YAML', ALERT_FLAGS, print, args);
}
