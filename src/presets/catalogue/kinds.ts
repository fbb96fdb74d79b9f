/** Kinds of dependencies, for all that have no preset of their own. What a kind leaves open, the environment says. */

import { freezeDeeply } from '../../config/freeze.js';
import type { Kind } from '../../config/preset-names.js';
import {
  isConnectionFailure,
  isDatabaseFailure,
  isGrpcFailure,
  isHttpFailure,
  isLlmFailure,
  isQueueFailure,
} from '../failures/predicates.js';
import { CACHE_FAILURE, CACHE_THRESHOLD, CACHE_WINDOW } from './cache-figures.js';
import type { PresetData } from './preset-data.js';

/** The kinds and their figures. */
export const KINDS: Readonly<Record<Kind, PresetData>> = /* @__PURE__ */ freezeDeeply({
  http: {
    title: 'HTTP service',
    protectsAgainst: 'A service that is down, overloaded or too slow to wait for.',
    figures: {
      callTimeout: {
        value: 10_000,
        reason: 'Nearly every sound answer takes less, and callers must not pile up behind one that hangs.',
      },
      isFailure: {
        value: isHttpFailure,
        reason: 'A 4xx blames the request, but 408, 425 and 429 say that the service cannot keep up.',
      },
    },
  },
  grpc: {
    title: 'gRPC service',
    protectsAgainst: 'A service that is unavailable, out of resources or past every deadline.',
    figures: {
      callTimeout: {
        value: 10_000,
        reason:
          'A unary call takes milliseconds; streams, and calls with longer deadlines, want one of their own.',
      },
      isFailure: {
        value: isGrpcFailure,
        reason: 'UNAVAILABLE is a failure; NOT_FOUND blames the call, and CANCELLED says that nobody waits.',
      },
    },
  },
  database: {
    title: 'Database',
    protectsAgainst: 'A server that is down, fails over, or has no connections or locks to give.',
    figures: {
      failureThreshold: {
        strict: 5,
        lenient: 15,
        reason:
          'A restart breaks every pooled connection at once, so a few lost ones are no more than one event.',
      },
      recoveryTimeout: {
        value: 30_000,
        reason:
          'A failover takes about half a minute, and everything waits for the database to be used again.',
      },
      callTimeout: {
        value: 10_000,
        reason:
          'Who waits for a query has given up by then; reports and migrations want a breaker of their own.',
      },
      isFailure: {
        value: isDatabaseFailure,
        reason: 'A lost connection is a failure; a violated constraint is a good answer to a bad query.',
      },
    },
  },
  cache: {
    title: 'Cache',
    protectsAgainst: 'A cache that is slower than what it stands in front of, or gone.',
    figures: {
      failureThreshold: CACHE_THRESHOLD,
      recoveryTimeout: {
        value: 15_000,
        reason:
          'While the circuit is open, all the load goes to what is behind the cache, so look again soon.',
      },
      callTimeout: {
        value: 500,
        reason: 'A cache that takes half a second saves nobody any time.',
      },
      window: CACHE_WINDOW,
      isFailure: CACHE_FAILURE,
    },
  },
  queue: {
    title: 'Queue or broker',
    protectsAgainst: 'Producers that wait for a broker that has no leader, no memory or no connection.',
    figures: {
      failureThreshold: {
        strict: 5,
        lenient: 15,
        reason:
          'While a partition finds a new leader a few messages fail in a row, and clients mend that themselves.',
      },
      recoveryTimeout: {
        value: 30_000,
        reason: 'Brokers elect a leader in seconds, and what cannot be published piles up in this process.',
      },
      callTimeout: {
        value: 30_000,
        reason: 'A long poll of SQS may take 20 s, and requests of kafkajs by default as long as 30 s.',
      },
      isFailure: {
        value: isQueueFailure,
        reason:
          'A lost leader or a throttled producer is a failure; a missing topic or permission is an answer.',
      },
    },
  },
  llm: {
    title: 'Language model',
    protectsAgainst:
      'A provider that is overloaded or out of quota, and answers for which nobody waits any longer.',
    figures: {
      failureThreshold: {
        strict: 2,
        lenient: 5,
        reason: 'Each failure has cost a long wait, and SDKs have retried it twice before they tell.',
      },
      callTimeout: {
        value: 120_000,
        reason:
          'An answer of 4,000 tokens at 50 a second takes 80 s, and thinking before it takes its time too.',
      },
      window: {
        value: { type: 'time', duration: 600_000, buckets: 10 },
        reason: 'Calls are few and long: among the last hundred there may be failures of hours ago.',
      },
      halfOpenMaxCalls: {
        value: 1,
        reason: 'Each probe is a call that is paid for, and one at a time tells as much.',
      },
      successThreshold: {
        value: 2,
        reason: 'Calls take long, and a third one would keep the circuit half open for minutes.',
      },
      isFailure: {
        value: isLlmFailure,
        reason:
          'A used-up quota or an overloaded model is a failure; a prompt that is too long is an answer.',
      },
    },
  },
  auth: {
    title: 'Authentication',
    protectsAgainst:
      'Logins that hang because the identity provider does, and hold everything that waits for them.',
    figures: {
      failureThreshold: {
        strict: 3,
        lenient: 8,
        reason: 'Every request may need it, so that three failures in a row soon become three hundred.',
      },
      recoveryTimeout: {
        value: 30_000,
        reason: 'While the circuit is open nobody gets in, so look again soon.',
      },
      callTimeout: {
        value: 5_000,
        reason: 'Somebody sits at a login form, and a token is verified in milliseconds.',
      },
      isFailure: {
        value: isHttpFailure,
        reason: 'A 401 or 403 is what the provider is there for; a 5xx is a failure.',
      },
    },
  },
  'api-gateway': {
    title: 'API gateway',
    protectsAgainst: 'A gateway that is down or throttles, and not against one bad route among its many.',
    figures: {
      failureThreshold: {
        strict: 5,
        lenient: 15,
        reason: 'It stands for many upstreams, and a few failures in a row may all be of one of them.',
      },
      callTimeout: {
        value: 30_000,
        reason: 'Managed gateways give up by themselves at about 30 s, so a longer wait brings nothing.',
      },
      isFailure: {
        value: isHttpFailure,
        reason: 'It passes on what blames the request; 429, 502, 503 and 504 are its own.',
      },
    },
  },
  agent: {
    title: 'Agent or MCP server',
    protectsAgainst: 'A run that hangs, loops or burns tokens, and tools that no longer answer.',
    figures: {
      failureThreshold: {
        strict: 3,
        lenient: 8,
        reason: 'A run fails by its task now and then, and three in a row by more than that.',
      },
      callTimeout: {
        value: 300_000,
        reason: 'A run is many steps, each of them a call of a model or a tool.',
      },
      window: {
        value: { type: 'time', duration: 1_800_000, buckets: 10 },
        reason: 'Runs take minutes, so that half an hour is as much as a minute of other calls.',
      },
      minimumCalls: {
        value: 5,
        reason: 'Ten runs would take most of the window.',
      },
      halfOpenMaxCalls: {
        value: 1,
        reason: 'A probe is a whole run, and is paid for.',
      },
      successThreshold: {
        value: 1,
        reason: 'A run that ends well has made dozens of calls, which says enough.',
      },
      isFailure: {
        value: isConnectionFailure,
        reason: 'Whatever an agent throws is a failure, but an answer that blames the request is none.',
      },
    },
  },
  background: {
    title: 'Background job',
    protectsAgainst: 'Workers that all wait for the same broken thing, and retries that keep it broken.',
    figures: {
      failureThreshold: {
        strict: 5,
        lenient: 20,
        reason: 'Nobody waits, and single jobs fail by what is in them.',
      },
      callTimeout: {
        value: 600_000,
        reason: 'Long enough for a batch, and a job that hangs does not hold its worker for ever.',
      },
      halfOpenMaxCalls: {
        value: 1,
        reason: 'A probe is a whole job, and the others can wait in their queue.',
      },
      isFailure: {
        value: isConnectionFailure,
        reason: 'Whatever a job throws is a failure, but an answer that blames the request is none.',
      },
    },
  },
  local: {
    title: 'Local process',
    protectsAgainst: 'A process on this machine that starts, swaps or has crashed.',
    figures: {
      failureThreshold: {
        strict: 10,
        lenient: 30,
        reason: 'A refused connection costs next to nothing, and a process that starts refuses many.',
      },
      recoveryTimeout: {
        value: 10_000,
        reason: 'A supervisor starts it again in seconds, and a probe disturbs nobody else.',
      },
      callTimeout: {
        value: 30_000,
        reason: 'There is no network to lose an answer, but the machine may be busy.',
      },
      isFailure: {
        value: isConnectionFailure,
        reason: 'A refused or broken connection is a failure; an answer that blames the request is none.',
      },
    },
  },
});
