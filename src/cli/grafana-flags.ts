/** The flags of `grafana` and `alerts`. They are called as the options of the functions are: `--failureRate.above 0.4`. */
import { ALERTS, type AlertName } from '../grafana/alerts.js';
import { formatDuration } from '../grafana/promql.js';
import type { Flag, FlagKind, Flags } from './flags.js';

const SOURCE_FLAGS: Flags = {
  prefix: { kind: 'text', help: "what the metrics' names begin with, as told to the exporter" },
  'matchers.<label>': { kind: 'text', help: 'only series of which this label has this value' },
  by: { kind: 'list', help: 'the labels that make a breaker (job,name)' },
};

export const GRAFANA_FLAGS: Flags = {
  title: { kind: 'text', help: 'the title of the dashboard (Circuit breakers)' },
  uid: { kind: 'text', help: 'what Grafana knows it by (recloser)' },
  datasource: { kind: 'text', help: 'the name or uid of the data source that is chosen at first' },
  refresh: { kind: 'duration', help: 'how often it reads anew, or false (30s)' },
  range: { kind: 'duration', help: 'how much of the past it shows at first (1h)' },
  ...SOURCE_FLAGS,
};

export const ALERT_FLAGS: Flags = {
  ...SOURCE_FLAGS,
  'labels.<label>': { kind: 'text', help: 'a label that all alerts get' },
  ...Object.fromEntries((Object.keys(ALERTS) as AlertName[]).flatMap(flagsOf)),
};

/** One flag to leave an alert out, and one for each of its figures. */
function flagsOf(name: AlertName): [string, Flag][] {
  const { alert, defaults } = ALERTS[name];
  const figures = Object.entries(defaults).map(([figure, value]): [string, Flag] => {
    const kind = kindOf(figure);
    const usual = kind === 'duration' ? formatDuration(value) : value;
    return [`${name}.${figure}`, { kind, help: `(${usual})` }];
  });
  return [[name, { kind: 'switch', help: `false leaves ${alert} out` }], ...figures];
}

function kindOf(figure: string): FlagKind {
  if (figure === 'severity') return 'text';
  return ['for', 'over', 'margin', 'recoveryTimeout'].includes(figure) ? 'duration' : 'number';
}
