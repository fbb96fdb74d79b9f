/** What the sections of the dashboard have in common. */
import { ALERT_CONDITIONS } from '../monitor/index.js';
import { from } from './panels.js';
import type { By } from './queries.js';

/** The range that Grafana finds right for the zoom and the scrape interval. */
export const RANGE = '$__rate_interval';

export const SHARE = { unit: 'percentunit', min: 0, max: 1 } as const;
export const WHOLE = { unit: 'none', min: 0, decimals: 0 } as const;

/** The labels' values, as the name of a series. */
export const legendOf = (by: By) => by.map((label) => `{{${label}}}`).join(' ');

/** Yellow is where the alert begins, red half way below it. */
export const HEALTH = from(
  'red',
  [ALERT_CONDITIONS.health.below / 2, 'yellow'],
  [ALERT_CONDITIONS.health.below, 'green'],
);
