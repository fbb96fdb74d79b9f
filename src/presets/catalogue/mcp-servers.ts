/** MCP servers: a range of thresholds for each, and a timeout that fits what it does. */

import { freezeDeeply } from '../../config/freeze.js';
import type { McpServer } from '../../config/preset-names.js';
import { isAwsFailure, isConnectionFailure } from '../failures/predicates.js';
import type { PresetData } from './preset-data.js';

const TOOL_FAILURE = {
  value: isConnectionFailure,
  reason: 'A broken connection is a failure; an answer of HTTP or JSON-RPC that blames the request is none.',
};

/** The MCP servers and their figures. */
export const MCP_SERVERS: Readonly<Record<McpServer, PresetData>> = /* @__PURE__ */ freezeDeeply({
  docker: {
    title: 'Docker',
    protectsAgainst: 'A daemon that is gone, or busy with pulls and builds.',
    figures: {
      failureThreshold: {
        strict: 3,
        lenient: 8,
        reason: 'A daemon that restarts refuses a few connections, and one that is gone refuses all.',
      },
      callTimeout: {
        value: 60_000,
        reason: 'Pulling an image or stopping a container takes tens of seconds.',
      },
      isFailure: TOOL_FAILURE,
    },
  },
  kubernetes: {
    title: 'Kubernetes',
    protectsAgainst: 'An API server that is overloaded, upgraded or out of reach.',
    figures: {
      failureThreshold: {
        strict: 3,
        lenient: 10,
        reason: 'An upgrade of the control plane drops requests for a while, and the next server takes over.',
      },
      callTimeout: {
        value: 30_000,
        reason: 'Lists of a large cluster take seconds; what takes longer, such as a rollout, is watched.',
      },
      isFailure: TOOL_FAILURE,
    },
  },
  'desktop-commander': {
    title: 'Desktop Commander',
    protectsAgainst: 'Commands that hang, and a desktop that sleeps.',
    figures: {
      failureThreshold: {
        strict: 5,
        lenient: 30,
        reason: 'Commands fail by what was typed, so that many in a row say little about the server.',
      },
      callTimeout: {
        value: 120_000,
        reason: 'Builds, searches and installations are among what it runs.',
      },
      isFailure: TOOL_FAILURE,
    },
  },
  prometheus: {
    title: 'Prometheus',
    protectsAgainst: 'Queries that load the server which everybody needs during an outage.',
    figures: {
      failureThreshold: {
        strict: 2,
        lenient: 5,
        reason: 'A query that times out has loaded the server all that time, so that two are enough.',
      },
      callTimeout: {
        value: 30_000,
        reason: 'Queries take seconds; the 2 minutes of the server by default are for those without haste.',
      },
      isFailure: TOOL_FAILURE,
    },
  },
  slack: {
    title: 'Slack',
    protectsAgainst: 'Rate limits of single methods, and an outage that makes notices hold up work.',
    figures: {
      failureThreshold: {
        strict: 3,
        lenient: 8,
        reason: 'Limits are by method and minute, and a few refusals of one are no outage.',
      },
      callTimeout: {
        value: 10_000,
        reason: 'Messages are posted within a second, and no work should wait long for a notice.',
      },
      isFailure: TOOL_FAILURE,
    },
  },
  s3: {
    title: 'S3',
    protectsAgainst: 'Throttling (503 Slow Down) and transfers that stall.',
    figures: {
      failureThreshold: {
        strict: 2,
        lenient: 5,
        reason: 'The SDK makes three attempts by default, so that two failures are six.',
      },
      callTimeout: {
        value: 60_000,
        reason: 'Small objects take milliseconds, and some hundred megabytes the better part of a minute.',
      },
      isFailure: {
        value: isAwsFailure,
        reason: 'Throttling is a failure with any status; a missing key or permission is an answer.',
      },
    },
  },
  'security-scanner': {
    title: 'Security scanner',
    protectsAgainst: 'Scans that hang, and a scanner that is updating its database.',
    figures: {
      failureThreshold: {
        strict: 3,
        lenient: 10,
        reason: 'A scan fails by what it is given now and then, and three in a row by more than that.',
      },
      callTimeout: {
        value: 300_000,
        reason: 'Scanning an image or a repository takes minutes.',
      },
      isFailure: TOOL_FAILURE,
    },
  },
});
