/** Which preset a name tells. It depends on the name alone, so that the same name gets the same preset everywhere. */
import { string, verify } from '../core/validate.js';
import { PRESET_NAMES, type PresetName } from './preset-names.js';
import { unknownName } from './sentences.js';
import { INTERFACES, SAY_NOTHING, SERVICE_LEVELS, STORES, WEAK_WORDS, WORD_LEVELS } from './words.js';

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

interface Word {
  readonly preset: PresetName;
  readonly word: string;
  readonly level: number;
  /** As folded names have it: `-hugging-face-`, `-huggingface-`. */
  readonly forms: readonly string[];
}

/** A word that a name has. */
interface Match extends Word {
  /** Where the word ends in the folded name. */
  readonly end: number;
}

/** The preset of a name that says nothing known. */
const GUESS: PresetName = 'http';

/**
 * The preset that the name of a breaker tells. Names are split at everything that is no letter or digit, between digits
 * and letters, `atCapitals`, and before a last `db`; only whole words count. The most specific word decides: who serves
 * models of others, then services and platforms, databases, kinds, and `http` last. Of several on one level the one that
 * stands last decides, since it says what the thing is: a `queue-worker` works, a `job-queue` queues. For the same reason
 * no service decides that a database, a cache or a queue comes after: a `claude-cache` caches. Nouns that are businesses
 * as well as programs say nothing before an `api`, `http` or `service`: a `jobs-api` is an API. A name without a known
 * word is guessed to be `http`.
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
  verify({ breaker: '', action: 'infer a preset' }, 'name', name, string);
  const matches = matchesIn(fold(name));
  const match = decisiveOf(matches);
  if (match === undefined) {
    return { preset: GUESS, rule: 'its name says nothing that is known', guessed: true, others: [] };
  }
  const { preset, word } = match;
  const named = new Set(matches.map((other) => other.preset));
  named.delete(preset);
  return { preset, rule: `its name says "${asWritten(word, name)}"`, guessed: false, others: [...named] };
}

/** The sentence about a word that is no preset: the one that it tells as a name, such as `postgres`, else the nearest. */
export function unknownPreset(word: string): string {
  const { preset, guessed } = inferPreset(word.slice(0, 100));
  return unknownName('preset', word, guessed ? PRESET_NAMES : [preset]);
}

/** `-orders-db-2-` of `OrdersDB2`: the words of a name in small letters, each between two dashes. */
function fold(name: string): string {
  const words = name
    .replace(/(\p{Ll})(?=\p{Lu})|(\p{Lu})(?=\p{Lu}\p{Ll})/gu, '$&-')
    .replace(/(\p{L})(?=\p{N})|(\p{N})(?=\p{L})/gu, '$&-')
    .toLowerCase()
    .replace(/(\p{L}{3})db(?!\p{L})/gu, '$1-db')
    .split(/[^\p{L}\p{N}]+/u);
  return `-${words.filter((word) => word !== '').join('-')}-`;
}

/** What a folded name says, the most specific first. */
function matchesIn(folded: string): Match[] {
  const { known, silent, interfaces } = vocabulary();
  const name = silent.reduce((rest, form) => rest.replaceAll(form, '-…-'), folded);
  const lastInterface = Math.max(...interfaces.map((form) => name.lastIndexOf(form)));
  return known
    .flatMap((word) => matchesOf(word, name))
    .filter(({ word, end }) => end > lastInterface || !WEAK_WORDS.includes(word))
    .sort((a, b) => a.level - b.level || b.end - a.end || b.word.length - a.word.length);
}

function matchesOf(word: Word, name: string): Match[] {
  return word.forms.flatMap((form) => {
    const at = placeOf(word, form, name);
    return at === -1 ? [] : [{ ...word, end: at + form.length - 1 }];
  });
}

/** Where a name has a word. A single letter must be all of the name, and words with an `x` must begin it. */
function placeOf({ word }: Word, form: string, name: string): number {
  if (word.length === 1) return name === form ? 0 : -1;
  if (/\bx\b/.test(word)) return name.startsWith(form) ? 0 : -1;
  return name.lastIndexOf(form);
}

/** The most specific; but a store of a service is a store. */
function decisiveOf(matches: readonly Match[]): Match | undefined {
  const things = matches.filter((match) => isService(match) || STORES.has(match.preset));
  const last = things.sort((a, b) => b.end - a.end)[0];
  const isStore = last !== undefined && !isService(last);
  return matches.find((match) => !isStore || !isService(match));
}

function isService({ level }: Match): boolean {
  return level < SERVICE_LEVELS;
}

interface Vocabulary {
  readonly known: readonly Word[];
  readonly silent: readonly string[];
  readonly interfaces: readonly string[];
}

let made: Vocabulary | undefined;

/** The words as folded names have them, made on first use. */
function vocabulary(): Vocabulary {
  made ??= {
    known: WORD_LEVELS.flatMap((presets, level) =>
      Object.entries(presets).flatMap(([preset, words]) =>
        words.map((word) => ({ preset: preset as PresetName, word, level, forms: formsOf(word) })),
      ),
    ),
    silent: SAY_NOTHING.flatMap(formsOf),
    interfaces: INTERFACES.flatMap(formsOf),
  };
  return made;
}

/** A word, apart and joined. */
function formsOf(word: string): string[] {
  return [...new Set([`-${word.replaceAll(' ', '-')}-`, `-${word.replaceAll(' ', '')}-`])];
}

/** A word as the name has it: `PostgreSQL` of `postgre sql`. */
function asWritten(word: string, name: string): string {
  const parts = word.replaceAll(' ', '[^\\p{L}\\p{N}]*');
  return new RegExp(parts, 'iu').exec(name)?.[0] ?? word;
}
