/** Platforms whose figures are the same in every environment, but for the rate, which the environment says. */

import { freezeDeeply } from '../../config/freeze.js';
import type { Platform } from '../../config/preset-names.js';
import { isHttpFailure } from '../failures/predicates.js';
import type { PresetData, PresetFigures } from './preset-data.js';

const SOCIAL: PresetFigures = {
  failureThreshold: {
    value: 3,
    reason: 'A limit or a block refuses everything, and going on calling only makes it last.',
  },
  recoveryTimeout: {
    value: 30_000,
    reason: 'Hiccups of large platforms are short, and a probe that is refused costs nothing.',
  },
  callTimeout: {
    value: 15_000,
    reason: 'Feeds and metadata take a second or two; uploads want a breaker of their own.',
  },
};

/** The platforms and their figures. */
export const PLATFORMS: Readonly<Record<Platform, PresetData>> = /* @__PURE__ */ freezeDeeply({
  youtube: {
    title: 'YouTube',
    protectsAgainst: 'Rate limits and errors of the Data API.',
    kind: 'http',
    figures: SOCIAL,
  },
  twitch: {
    title: 'Twitch',
    protectsAgainst: 'Rate limits and errors of the Helix API.',
    kind: 'http',
    figures: SOCIAL,
  },
  tiktok: {
    title: 'TikTok',
    protectsAgainst: 'Rate limits and blocks of its API.',
    kind: 'http',
    figures: SOCIAL,
  },
  instagram: {
    title: 'Instagram',
    protectsAgainst: 'Rate limits and blocks of the Graph API.',
    kind: 'http',
    figures: SOCIAL,
  },
  x: {
    title: 'X',
    protectsAgainst: 'Rate limits, which last for a quarter of an hour, and errors of its API.',
    kind: 'http',
    figures: SOCIAL,
  },
  openrouter: {
    title: 'OpenRouter',
    protectsAgainst: 'A model that none of its providers can serve at the moment.',
    kind: 'llm',
    figures: {
      failureThreshold: {
        value: 5,
        reason: 'It falls back from one provider to the next, so that single failures are of single models.',
      },
      recoveryTimeout: {
        value: 60_000,
        reason: 'The limits of the providers behind it are by the minute.',
      },
      callTimeout: {
        value: 30_000,
        reason: 'It can ask another provider at once, so that waiting long for one is not worth it.',
      },
    },
  },
  qdrant: {
    title: 'Qdrant',
    protectsAgainst: 'A node that loads its segments, is out of memory or optimizes.',
    kind: 'database',
    figures: {
      failureThreshold: {
        value: 3,
        reason: 'Searches fail together when a node is gone, and three are enough to see it.',
      },
      recoveryTimeout: {
        value: 30_000,
        reason: 'A node loads its segments again in about half a minute.',
      },
      callTimeout: {
        value: 10_000,
        reason: 'A search takes milliseconds; one that takes seconds reads from a busy disk.',
      },
      isFailure: {
        value: isHttpFailure,
        reason: 'Its client speaks HTTP: a missing collection is an answer, a 503 a failure.',
      },
    },
  },
});
