import type { RuleFile } from './alert-rules.js';

/** What can be written. A member that is `undefined` is not there. */
type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value | undefined };

/** Words that a reader of YAML 1.1 takes for something else than text. */
const RESERVED = /^(true|false|null|yes|no|on|off|y|n)$/i;

/** Text that needs no quotes: words, and durations. */
const PLAIN = /^([A-Za-z_][\w-]*( [\w-]+)*|\d+(ms|[smhd]))$/;

/** What JSON leaves as it is, and readers of YAML refuse, or take for the end of a line. */
const UNREADABLE = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

/** Lines of printable characters, none of which ends in a space, and of which the first begins with none. */
const BLOCK = /^(?! )([ -~]*[!-~]\n)*[ -~]*[!-~]$/;

/**
 * A rule file as YAML, for Prometheus and for people.
 *
 * @example
 * ```ts
 * import { alertRules, toYaml } from 'recloser/grafana';
 *
 * const yaml = toYaml(alertRules({ matchers: { job: 'shop' } }));
 * console.log(yaml.includes('- alert: CircuitBreakerOpen')); // → true
 * ```
 */
export function toYaml(file: RuleFile): string {
  return `${write(file as unknown as Value, '').trimStart()}\n`;
}

/** What comes after `key:` or `-`, with the white space before it. */
function write(value: Value, indent: string): string {
  if (typeof value !== 'object') return ` ${scalar(String(value), typeof value === 'string', indent)}`;
  if (isList(value)) {
    return value.length === 0
      ? ' []'
      : value.map((item) => `\n${indent}- ${write(item, `${indent}  `).trimStart()}`).join('');
  }
  const members = Object.entries(value).filter(([, member]) => member !== undefined) as [string, Value][];
  if (members.length === 0) return ' {}';
  return members
    .map(([key, member]) => `\n${indent}${scalar(key, true, indent)}:${write(member, `${indent}  `)}`)
    .join('');
}

function scalar(value: string, isText: boolean, indent: string): string {
  if (!isText || (PLAIN.test(value) && !RESERVED.test(value))) return value;
  const quoted = JSON.stringify(value).replace(UNREADABLE, escaped);
  // What would be hard to read between quotes goes into a block.
  const isBlock = quoted.includes('\\') && BLOCK.test(value);
  return isBlock ? `|-\n${indent}${value.replaceAll('\n', `\n${indent}`)}` : quoted;
}

const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

const isList = (value: object): value is readonly Value[] => Array.isArray(value);
