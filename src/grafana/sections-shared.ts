/** What the sections of the dashboard have in common. */
import type { By } from './queries.js';

/** The range that Grafana finds right for the zoom and the scrape interval. */
export const RANGE = '$__rate_interval';

export const SHARE = { unit: 'percentunit', min: 0, max: 1 } as const;
export const WHOLE = { unit: 'none', min: 0, decimals: 0 } as const;

/** The labels' values, as the name of a series. */
export const legendOf = (by: By) => by.map((label) => `{{${label}}}`).join(' ');
