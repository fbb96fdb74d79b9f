import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importsOf, type ModuleImport } from '../support/module-imports.js';
import { fromRoot } from '../support/root.js';

/**
 * Who may import whom inside src/core: each file with the files that it imports at run time. Types it may
 * take from its own row and from the rows above. A new edge is a line here that somebody reads.
 */
const ROWS: readonly Record<string, readonly string[]>[] = [
  {
    'circuit-state': [],
    backoff: ['report', 'validate'],
    'call-context': [],
    clock: [],
    errors: ['quote'],
    imitate: [],
    'is-class': [],
    'key-of': ['validate'],
    'linked-list': [],
    metrics: [],
    outcome: ['errors', 'is-class'],
    permit: [],
    promises: [],
    report: [],
    quote: [],
    validate: ['errors', 'quote'],
  },
  {
    'count-window': [],
    deadlines: ['linked-list'],
    events: ['report', 'validate'],
    'failure-type': ['errors'],
    snapshot: ['circuit-state', 'metrics', 'validate', 'window'],
    target: ['validate'],
    'time-window': [],
    window: ['count-window', 'time-window'],
  },
  {
    'state-machine': ['backoff', 'circuit-state', 'window'],
    tally: ['metrics'],
  },
  {
    health: ['circuit-state'],
    options: ['backoff', 'clock', 'validate', 'window'],
  },
  {
    fallback: ['report'],
    'guarded-call': ['call-context', 'errors', 'promises'],
  },
  {
    'circuit-breaker': [
      'call-context',
      'circuit-state',
      'deadlines',
      'errors',
      'events',
      'fallback',
      'guarded-call',
      'health',
      'imitate',
      'options',
      'outcome',
      'permit',
      'promises',
      'quote',
      'report',
      'snapshot',
      'state-machine',
      'tally',
      'validate',
    ],
  },
  {
    summary: ['metrics', 'snapshot'],
    registry: [
      'circuit-breaker',
      'circuit-state',
      'clock',
      'events',
      'linked-list',
      'options',
      'quote',
      'snapshot',
      'summary',
      'validate',
    ],
  },
  {
    'with-circuit-breaker': [
      'circuit-breaker',
      'imitate',
      'is-class',
      'key-of',
      'options',
      'quote',
      'registry',
      'validate',
    ],
    protect: ['imitate', 'is-class', 'key-of', 'quote', 'registry', 'validate'],
  },
];

/** Edges that no row may allow, not even for types. */
const NEVER: Record<string, readonly string[]> = {
  'state-machine': ['clock', 'events'],
};

function sourcesIn(folder: string): string[] {
  return readdirSync(fromRoot(folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => `${folder}/${path}`)
    .sort();
}

/** `./errors.js` as the table says it; anything that is no file of the same folder stays as it is. */
function fileOf({ specifier }: ModuleImport): string {
  return /^\.\/([\w-]+)\.js$/.exec(specifier)?.[1] ?? specifier;
}

describe.each(sourcesIn('src/core'))('%s', (path) => {
  const file = basename(path, '.ts');
  const row = ROWS.findIndex((files) => Object.hasOwn(files, file));
  const imports = importsOf(fromRoot(path));

  it('imports at run time what the table says', () => {
    const files = new Set(imports.filter(({ typeOnly }) => !typeOnly).map(fileOf));

    expect([...files].sort()).toEqual(ROWS[row]?.[file] ?? 'a file that the table names');
  });

  it('takes types only from its own row and the rows above', () => {
    const within = ROWS.slice(0, row + 1).flatMap((files) => Object.keys(files));

    const files = imports.filter(({ typeOnly }) => typeOnly).map(fileOf);

    expect(files.filter((type) => !within.includes(type) || NEVER[file]?.includes(type))).toEqual([]);
  });
});

describe('the table', () => {
  it('lets a file import at run time only from its own row and the rows above', () => {
    const downward = ROWS.flatMap((files, row) => {
      const within = ROWS.slice(0, row + 1).flatMap((above) => Object.keys(above));
      return Object.entries(files).flatMap(([file, targets]) =>
        targets.filter((target) => !within.includes(target) || NEVER[file]?.includes(target)),
      );
    });

    expect(downward).toEqual([]);
  });
});

describe('src/index.ts', () => {
  it('re-exports from the core and from nowhere else', () => {
    const specifiers = importsOf(fromRoot('src/index.ts')).map(({ specifier }) => specifier);

    const foreign = specifiers.filter((specifier) => !/^\.\/core\/[\w-]+\.js$/.test(specifier));

    expect(foreign).toEqual([]);
  });
});

describe('the subpaths', () => {
  const sources = sourcesIn('src').filter((path) => !path.startsWith('src/core/') && path !== 'src/index.ts');

  it('take from the package only what a user can import', () => {
    const forbidden = sources.flatMap((path) =>
      importsOf(fromRoot(path))
        .filter(({ specifier, typeOnly }) => !isAllowedInSubpath(specifier, typeOnly))
        .map(({ specifier }) => `${path} imports ${specifier}`),
    );

    expect(forbidden).toEqual([]);
  });
});

/** Files of the core that subpaths share: one way to refuse bad input, to report errors, and to name a failure. */
const SHARED = ['failure-type', 'quote', 'report', 'target', 'validate'].map((file) => `../core/${file}.js`);

/** The package's entries, files of the same folder, and the types of foreign libraries. */
function isAllowedInSubpath(specifier: string, typeOnly: boolean): boolean {
  if (SHARED.includes(specifier)) return true;
  if (/^\.\.\/([\w-]+\/)?index\.js$/.test(specifier)) return true;
  return /^\.\/[\w-]+\.js$/.test(specifier) || (typeOnly && !specifier.startsWith('.'));
}
