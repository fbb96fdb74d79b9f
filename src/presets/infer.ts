/** Which preset a name tells. It depends on the name alone, so that the same name gets the same preset everywhere. */
import type { PresetName } from './catalogue.js';
import { refuse } from './refuse.js';
import { refusalAsName } from './unknown-name.js';
import { WORD_LEVELS } from './words.js';

/** The preset that a name tells, and how. */
export interface Inference {
  readonly preset: PresetName;
  /** Which rule decided, in words. */
  readonly rule: string;
  /** Whether the name says nothing known, so that `http` is a guess. */
  readonly guessed: boolean;
  /** The other presets that the name speaks of; they are less specific, or stand earlier in the name. */
  readonly others: readonly PresetName[];
}

interface Match {
  readonly preset: PresetName;
  readonly word: string;
  readonly level: number;
  /** Where the word ends in the folded name. */
  readonly end: number;
}

/** The preset of a name that says nothing known. */
const GUESS: PresetName = 'http';

/**
 * The preset that the name of a breaker tells. Names are split at everything that is no letter or digit, between digits
 * and letters, and `atCapitals`; only whole words count. The most specific word decides: who serves models of others,
 * then services and platforms, databases, kinds, and `http` last. Of several on one level the one that stands last
 * decides, since it says what the thing is: a `queue-worker` works, a `job-queue` queues. A name without a known word
 * is guessed to be `http`.
 *
 * @throws InvalidOptionsError for a name that is no string
 *
 * @example
 * ```ts
 * import { inferPreset } from 'recloser/presets';
 *
 * console.log(inferPreset('claude_expert_opus').preset); // → claude
 * console.log(inferPreset('ordersPostgres').rule); // → its name says "Postgres"
 * console.log(inferPreset('orders').preset, inferPreset('orders').guessed); // → http true
 * ```
 */
export function inferPreset(name: string): Inference {
  const refusal = refusalAsName(name);
  if (refusal !== undefined) refuse('infer a preset', 'name', `\`name\` ${refusal}`);
  const [match, ...others] = matchesIn(fold(name));
  if (match === undefined) {
    return { preset: GUESS, rule: 'its name says nothing that is known', guessed: true, others: [] };
  }
  const { preset, word } = match;
  const named = new Set(others.map((other) => other.preset));
  named.delete(preset);
  return { preset, rule: `its name says "${asWritten(word, name)}"`, guessed: false, others: [...named] };
}

/** `-orders-db-2-` of `OrdersDB2`: the words of a name in small letters, each between two dashes. */
function fold(name: string): string {
  const words = name
    .replace(/(\p{Ll})(?=\p{Lu})|(\p{Lu})(?=\p{Lu}\p{Ll})/gu, '$&-')
    .replace(/(\p{L})(?=\p{N})|(\p{N})(?=\p{L})/gu, '$&-')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u);
  return `-${words.filter((word) => word !== '').join('-')}-`;
}

/** What a folded name says, the one that decides first. */
function matchesIn(folded: string): Match[] {
  const matches = WORD_LEVELS.flatMap((presets, level) =>
    Object.entries(presets).flatMap(([preset, words]) =>
      words.flatMap((word) => matchesOf(word, folded, preset as PresetName, level)),
    ),
  );
  return matches.sort((a, b) => a.level - b.level || b.end - a.end || b.word.length - a.word.length);
}

function matchesOf(word: string, folded: string, preset: PresetName, level: number): Match[] {
  if (word.length === 1 && folded !== `-${word}-`) return [];
  const forms = new Set([word.replaceAll(' ', '-'), word.replaceAll(' ', '')]);
  return [...forms].flatMap((form) => {
    const at = folded.lastIndexOf(`-${form}-`);
    return at === -1 ? [] : [{ preset, word, level, end: at + form.length }];
  });
}

/** A word as the name has it: `PostgreSQL` of `postgre sql`. */
function asWritten(word: string, name: string): string {
  const parts = word.replaceAll(' ', '[^\\p{L}\\p{N}]*');
  return new RegExp(parts, 'iu').exec(name)?.[0] ?? word;
}
