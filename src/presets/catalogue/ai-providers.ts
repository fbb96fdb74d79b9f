/** Providers of language models: a range of thresholds for each, and a timeout that fits how it answers. */

import { freezeDeeply } from '../../config/freeze.js';
import type { AiProvider } from '../../config/preset-names.js';
import type { FigureRange, PresetData } from './preset-data.js';

const AFTER_RETRIES: FigureRange = {
  strict: 2,
  lenient: 5,
  reason: 'The SDK has retried twice before it tells, so that two failures are six refused requests.',
};

/** The AI providers and their figures; what they leave open, the kind `llm` says. */
export const AI_PROVIDERS: Readonly<Record<AiProvider, PresetData>> = /* @__PURE__ */ freezeDeeply({
  claude: {
    title: 'Claude',
    protectsAgainst: 'Overload (529), rate limits and long answers that do not come.',
    kind: 'llm',
    figures: {
      failureThreshold: AFTER_RETRIES,
      callTimeout: {
        value: 120_000,
        reason:
          'A long answer takes a minute and thinking before it another; the 10 minutes of the SDK hold callers.',
      },
    },
  },
  'gpt-4': {
    title: 'GPT-4',
    protectsAgainst: 'Rate limits, a used-up quota and long answers that do not come.',
    kind: 'llm',
    figures: {
      failureThreshold: AFTER_RETRIES,
      callTimeout: {
        value: 90_000,
        reason:
          'An answer of 4,000 tokens at 50 a second takes 80 s; the 10 minutes of the SDK hold callers.',
      },
    },
  },
  gemini: {
    title: 'Gemini',
    protectsAgainst: 'Quotas for each minute, and 503 while a model is overloaded.',
    kind: 'llm',
    figures: {
      failureThreshold: {
        strict: 3,
        lenient: 8,
        reason: 'Quotas are by the minute, and a short run of 429 and 503 passes by itself.',
      },
      callTimeout: {
        value: 60_000,
        reason: 'Most of its models answer in seconds, and a minute leaves room for a long context.',
      },
    },
  },
  deepseek: {
    title: 'DeepSeek',
    protectsAgainst: 'Requests that are kept open for minutes under load instead of being refused.',
    kind: 'llm',
    figures: {
      failureThreshold: {
        strict: 2,
        lenient: 5,
        reason: 'It does not refuse early, so that each failure has held a caller for the whole timeout.',
      },
      callTimeout: {
        value: 180_000,
        reason: 'Under load it keeps requests waiting, and its reasoning models think for minutes.',
      },
    },
  },
  groq: {
    title: 'Groq',
    protectsAgainst: 'Rate limits for each minute and day, which small plans reach within seconds.',
    kind: 'llm',
    figures: {
      failureThreshold: {
        strict: 2,
        lenient: 3,
        reason: 'It answers fast or refuses, so that the second refusal is a limit and not chance.',
      },
      callTimeout: {
        value: 20_000,
        reason: 'At hundreds of tokens a second, an answer that takes longer is not coming.',
      },
    },
  },
  ollama: {
    title: 'Ollama',
    protectsAgainst: 'A machine of your own that loads a model, is out of memory or has crashed.',
    kind: 'llm',
    figures: {
      failureThreshold: {
        strict: 15,
        lenient: 50,
        reason: 'While a model loads or the process starts, requests fail by the dozen and at no cost.',
      },
      callTimeout: {
        value: 300_000,
        reason:
          'Loading a large model may take minutes (its own limit is 5), and then a CPU writes the answer.',
      },
      halfOpenMaxCalls: {
        value: 1,
        reason: 'One answer at a time is what a machine without a large GPU can do.',
      },
    },
  },
  'hugging-face': {
    title: 'Hugging Face',
    protectsAgainst:
      'Cold models that answer 503 until they are loaded, and endpoints that are scaled to zero.',
    kind: 'llm',
    figures: {
      failureThreshold: {
        strict: 5,
        lenient: 15,
        reason: 'A cold model answers 503 until it is loaded, which is several in a row and no outage.',
      },
      callTimeout: {
        value: 120_000,
        reason: 'The first answer waits until the model is loaded.',
      },
    },
  },
});
