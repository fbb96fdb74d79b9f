/** Databases that have figures of their own. */

import { freezeDeeply } from '../../config/freeze.js';
import type { Database } from '../../config/preset-names.js';
import { CACHE_FAILURE, CACHE_THRESHOLD, CACHE_WINDOW } from './cache-figures.js';
import type { PresetData } from './preset-data.js';

/** The databases that have figures of their own; what they leave open, the kind `database` says. */
export const DATABASES: Readonly<Record<Database, PresetData>> = /* @__PURE__ */ freezeDeeply({
  clickhouse: {
    title: 'ClickHouse',
    protectsAgainst: 'Analytical queries that pile up on a server that is out of memory or merges parts.',
    kind: 'database',
    figures: {
      failureThreshold: {
        strict: 3,
        lenient: 8,
        reason: 'Queries are few and heavy, and come by HTTP, so that no pool breaks at once.',
      },
      callTimeout: {
        value: 30_000,
        reason: 'Scanning for seconds is its work; its client gives up after 30 s by default too.',
      },
      halfOpenMaxCalls: {
        value: 1,
        reason: 'One heavy query is enough for a server that has just come back.',
      },
    },
  },
  postgresql: {
    title: 'PostgreSQL',
    protectsAgainst: 'A server without connections to give, a failover, and queries that wait for locks.',
    kind: 'database',
    figures: {
      callTimeout: {
        value: 5_000,
        reason:
          'Queries of requests take milliseconds, and one that takes seconds waits for a lock or an index.',
      },
    },
  },
  redis: {
    title: 'Redis',
    protectsAgainst: 'A server that loads its data, fails over, is full, or is blocked by one slow command.',
    kind: 'database',
    figures: {
      failureThreshold: CACHE_THRESHOLD,
      recoveryTimeout: {
        value: 15_000,
        reason: 'It restarts or fails over in seconds, and does no harm to a probe that is too early.',
      },
      callTimeout: {
        value: 1_000,
        reason: 'It answers within a millisecond, and after a second it is blocked or gone.',
      },
      window: CACHE_WINDOW,
      isFailure: CACHE_FAILURE,
    },
  },
});
