import { readFileSync } from 'node:fs';
import { ENVIRONMENT_NAMES, ENVIRONMENTS, PRESETS, type PresetName, preset } from 'recloser/presets';
import { describe, expect, it } from 'vitest';
import { SPELLINGS } from '../../src/config/environments.js';
import { WORD_LEVELS } from '../../src/config/words.js';
import { AI_PROVIDERS } from '../../src/presets/catalogue/ai-providers.js';
import { DATABASES } from '../../src/presets/catalogue/databases.js';
import { KINDS } from '../../src/presets/catalogue/kinds.js';
import { MCP_SERVERS } from '../../src/presets/catalogue/mcp-servers.js';
import { PLATFORMS } from '../../src/presets/catalogue/platforms.js';
import { fromRoot } from '../support/root.js';

const PAGE = 'docs/presets-reference.md';
const STRICT_FIRST = ['production', 'staging', 'development', 'testing'] as const;

const GROUPS = {
  'ai-providers': AI_PROVIDERS,
  'mcp-servers': MCP_SERVERS,
  platforms: PLATFORMS,
  databases: DATABASES,
  kinds: KINDS,
};

type Row = readonly (string | number)[];

const TABLES: Record<string, string> = {
  environments: table(
    ['environment', '`failureThreshold`', '`recoveryTimeout`', '`failureRateThreshold`', 'why', 'spellings'],
    ENVIRONMENT_NAMES.map((name) => {
      const { failureThreshold, recoveryTimeout, failureRateThreshold, reason } = ENVIRONMENTS[name];
      return [
        code(name),
        failureThreshold,
        seconds(recoveryTimeout),
        failureRateThreshold,
        reason,
        list(SPELLINGS[name]),
      ];
    }),
  ),
  words: table(
    ['level', 'words', 'preset'],
    WORD_LEVELS.flatMap((level, index) =>
      Object.entries(level).map(([name, words]): Row => [index + 1, list(words), code(name)]),
    ),
  ),
  ...Object.fromEntries(
    Object.entries(GROUPS).flatMap(([group, presets]) => {
      const names = Object.keys(presets) as PresetName[];
      return [
        [group, overview(names)],
        [`${group}-reasons`, reasons(names)],
      ];
    }),
  ),
};

describe(PAGE, () => {
  it('has the tables that the data makes; a change is taken over with --update', async () => {
    const page = readFileSync(fromRoot(PAGE), 'utf8');

    const rendered = page.replace(
      /(<!-- table: ([\w-]+) -->\n)[\s\S]*?(<!-- \/table -->)/g,
      (_, open: string, name: string, close: string) => `${open}${TABLES[name]}${close}`,
    );

    await expect(rendered, 'A table has changed').toMatchFileSnapshot(fromRoot(PAGE));
  });

  it('has every table', () => {
    const page = readFileSync(fromRoot(PAGE), 'utf8');

    const names = Array.from(page.matchAll(/<!-- table: ([\w-]+) -->/g), ([, name]) => name);

    expect(names.sort()).toEqual(Object.keys(TABLES).sort());
  });
});

/** What the presets of a group say, in the four environments where they differ. */
function overview(names: readonly PresetName[]): string {
  return table(
    ['preset', 'protects against', '`failureThreshold`', '`recoveryTimeout`', '`callTimeout`'],
    names.map((name) => [
      `${code(name)} ${PRESETS[name].title}`,
      PRESETS[name].protectsAgainst,
      inEnvironments(name, 'failureThreshold', String),
      inEnvironments(name, 'recoveryTimeout', seconds),
      inEnvironments(name, 'callTimeout', seconds),
    ]),
  );
}

/** One value if it is the same everywhere, else those of the environments. */
function inEnvironments(
  name: PresetName,
  option: 'failureThreshold' | 'recoveryTimeout' | 'callTimeout',
  print: (value: number) => string,
): string {
  const values = STRICT_FIRST.map((environment) => print(preset(name, { environment })[option] as number));
  return [...new Set(values)].length === 1 ? String(values[0]) : values.join(' · ');
}

/** Every figure with its reason. Presets that share both share the row. */
function reasons(names: readonly PresetName[]): string {
  const rows = new Map<string, { names: string[]; cells: Row }>();
  for (const name of names) {
    for (const [option, figure] of Object.entries(PRESETS[name].figures)) {
      const value = 'value' in figure ? print(option, figure.value) : `${figure.strict}–${figure.lenient}`;
      const cells = [code(option), value, figure.reason];
      const key = cells.join('\n');
      rows.set(key, { names: [...(rows.get(key)?.names ?? []), code(name)], cells });
    }
  }
  return table(
    ['preset', 'option', 'value', 'why'],
    Array.from(rows.values(), (row) => [row.names.join(', '), ...row.cells]),
  );
}

function print(option: string, value: unknown): string {
  if (typeof value === 'function') return code(value.name);
  if (option === 'window') return code(JSON.stringify(value).replaceAll('"', '').replace(/[:,]/g, '$& '));
  return option.endsWith('Timeout') ? seconds(value as number) : String(value);
}

function table(head: Row, rows: readonly Row[]): string {
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return `${lines.join('\n').replace('| --- ', '|---').replaceAll(' --- |', '---|')}\n`;
}

function seconds(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`;
}

function code(text: string): string {
  return `\`${text}\``;
}

function list(words: readonly string[]): string {
  return words.map(code).join(', ');
}
