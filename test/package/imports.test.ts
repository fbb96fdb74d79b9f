import { readdirSync } from 'node:fs';
import { basename, posix } from 'node:path';
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
    clock: [],
    callee: ['is-class', 'quote', 'thenable', 'validate'],
    callback: ['quote', 'thenable', 'validate'],
    errors: ['in-words', 'quote'],
    'in-words': [],
    imitate: ['process-wide'],
    'is-class': [],
    'key-of': ['thenable', 'validate'],
    following: [],
    heap: [],
    'linked-list': [],
    metrics: [],
    'method-kind': ['is-class', 'thenable'],
    'method-paths': ['method-kind'],
    outcome: ['errors', 'is-class', 'thenable', 'validate'],
    permit: [],
    'process-wide': [],
    promised: [],
    promises: [],
    report: [],
    quote: [],
    thenable: [],
    'root-context': [],
    timers: ['clock', 'report', 'validate'],
    validate: ['errors', 'is-class', 'quote'],
    warn: [],
    seam: [],
    'describe-error': ['validate'],
    'call-context': ['following'],
  },
  {
    'count-window': [],
    deadlines: ['heap', 'linked-list', 'root-context', 'timers'],
    events: ['report', 'validate'],
    'failure-type': ['errors'],
    snapshot: ['circuit-state', 'metrics', 'validate', 'window'],
    cost: ['validate'],
    'foreign-names': [],
    'detector-figures': [],
    'resilience-source': ['source', 'validate'],
    source: ['validate'],
    'time-window': [],
    window: ['count-window', 'time-window'],
    phase: ['circuit-state'],
  },
  {
    detector: [],
    'window-options': ['validate', 'window'],
    'call-options': ['validate'],
    'option-layers': [],
    options: ['backoff', 'call-options', 'clock', 'foreign-names', 'validate', 'window-options'],
    stays: ['backoff', 'circuit-state', 'phase', 'report', 'window'],
    tally: ['metrics'],
    reading: ['clock', 'describe-error', 'validate', 'warn'],
  },
  {
    probing: ['circuit-state', 'phase', 'report', 'stays'],
  },
  {
    'shared-stays': ['circuit-state', 'phase', 'probing'],
  },
  {
    'state-machine': ['circuit-state', 'phase', 'probing', 'report', 'shared-stays', 'window'],
  },
  {
    'machine-snapshot': ['circuit-state', 'phase', 'snapshot', 'window'],
    health: ['circuit-state'],
  },
  {
    conflict: ['is-class', 'outcome', 'quote', 'validate', 'warn'],
    fallback: ['report', 'thenable'],
    'guarded-call': ['call-context', 'deadlines', 'errors', 'following', 'promises', 'signal-timeouts'],
    'signal-timeouts': ['quote', 'warn'],
    audience: ['events'],
  },
  {
    'watched-circuit': [
      'audience',
      'circuit-state',
      'health',
      'options',
      'reading',
      'report',
      'snapshot',
      'state-machine',
      'tally',
    ],
  },
  {
    'steered-circuit': [
      'errors',
      'machine-snapshot',
      'options',
      'reading',
      'report',
      'snapshot',
      'validate',
      'watched-circuit',
    ],
  },
  {
    circuit: [
      'audience',
      'circuit-state',
      'errors',
      'outcome',
      'phase',
      'report',
      'snapshot',
      'steered-circuit',
      'watched-circuit',
    ],
  },
  { 'lending-circuit': ['circuit', 'permit'] },
  {
    'sync-calling-circuit': [
      'call-context',
      'call-options',
      'callee',
      'fallback',
      'lending-circuit',
      'permit',
      'thenable',
    ],
  },
  {
    'calling-circuit': [
      'call-context',
      'call-options',
      'deadlines',
      'following',
      'guarded-call',
      'lending-circuit',
      'promises',
      'sync-calling-circuit',
    ],
  },
  {
    'circuit-breaker': [
      'call-options',
      'callback',
      'callee',
      'calling-circuit',
      'errors',
      'imitate',
      'options',
      'seam',
    ],
  },
  {
    'client-face': ['callback', 'imitate', 'is-class', 'method-kind', 'method-paths', 'thenable'],
    guard: ['callback', 'callee', 'imitate', 'key-of', 'quote', 'validate'],
    summary: ['metrics', 'report', 'snapshot'],
    'registry-entries': ['circuit-state', 'heap', 'linked-list', 'watched-circuit'],
    'registry-options': ['foreign-names', 'options', 'validate'],
    registry: [
      'audience',
      'circuit-breaker',
      'circuit-state',
      'clock',
      'conflict',
      'events',
      'option-layers',
      'process-wide',
      'registry-entries',
      'registry-options',
      'snapshot',
      'summary',
      'thenable',
      'validate',
      'watched-circuit',
    ],
  },
  {
    'with-circuit-breaker': [
      'call-options',
      'circuit-breaker',
      'conflict',
      'guard',
      'options',
      'registry',
      'validate',
    ],
    protect: [
      'callee',
      'circuit-state',
      'client-face',
      'key-of',
      'method-paths',
      'process-wide',
      'quote',
      'registry',
      'validate',
      'warn',
    ],
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

/** Files of the core that others may import: one way to refuse bad input, to report errors, and to name a failure. */
const SHARED = [
  'cost',
  'deadlines',
  'describe-error',
  'detector-figures',
  'errors',
  'events',
  'failure-type',
  'guard',
  'in-words',
  'outcome',
  'quote',
  'reading',
  'report',
  'resilience-source',
  'seam',
  'source',
  'timers',
  'validate',
  'warn',
].map((file) => `core/${file}`);

/**
 * Folders of src beside the core, with what each may import besides its own files, the package's entry and the shared
 * files of the core. `x/index` is the public entry of x, `x/*` any file of it. A new edge is a line here.
 */
const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  adaptive: [],
  cli: [
    'adaptive/index',
    'config/*',
    'grafana/alerts',
    'grafana/index',
    'grafana/promql',
    'presets/index',
    'resilience/index',
    'testing/index',
    // The command reads files, and `migrate` writes some. No other subpath knows a platform.
    'npm:node:fs',
    'npm:node:module',
    'npm:node:path',
    'npm:node:process',
    'npm:node:url',
  ],
  config: [],
  dashboard: ['monitor/index', 'presets/index'],
  grafana: ['monitor/index', 'prometheus/index'],
  // `layerOptions` and the rules of a breaker: what is for a key is a breaker's.
  http: [
    'core/following',
    'core/option-layers',
    'core/options',
    'core/permit',
    'core/promises',
    'resilience/index',
  ],
  monitor: [],
  opentelemetry: [],
  // Its class is an EventEmitter, as opossum's is: it alone knows a module of Node.
  opossum: ['core/callee', 'core/promises', 'core/thenable', 'npm:node:events'],
  presets: ['config/*'],
  prometheus: [],
  // `processWide`: a breaker has at most one fleet, of whatever copy of the package.
  redis: ['core/options', 'core/process-wide'],
  resilience: [
    'config/*',
    'core/conflict',
    'core/errors',
    'core/events',
    'core/fallback',
    'core/following',
    'core/guard',
    'core/options',
    'core/outcome',
    'core/permit',
    'core/process-wide',
    'core/promised',
    'core/promises',
    'core/thenable',
  ],
  stream: ['core/fallback', 'core/following', 'core/imitate', 'core/is-class', 'core/permit'],
  // `processWide`: what chaos has made is known to all copies of the package.
  testing: ['core/process-wide', 'core/seam', 'core/warn'],
};

/** The file of src that an import names: `presets/failures/http`; a foreign module keeps its name. */
function fileIn(path: string, { specifier }: ModuleImport): string {
  if (!specifier.startsWith('.')) return `npm:${specifier}`;
  return posix.join(posix.dirname(path.slice('src/'.length)), specifier).replace(/\.js$/, '');
}

describe('the folders beside the core', () => {
  const sources = sourcesIn('src').filter((path) => !path.startsWith('src/core/') && path !== 'src/index.ts');

  it('have a line in the table', () => {
    const folders = new Set(sources.map((path) => path.split('/')[1]));

    expect([...folders].sort()).toEqual(Object.keys(FOLDERS));
  });

  it('have one level of folders inside at most', () => {
    const deeper = sources.filter((path) => path.split('/').length > 4);

    expect(deeper).toEqual([]);
  });

  it('import what the table says', () => {
    const forbidden = sources.flatMap((path) => {
      const folder = path.split('/')[1] as string;
      const allowed = ['index', ...SHARED, `${folder}/*`, ...(FOLDERS[folder] ?? [])];
      return importsOf(fromRoot(path))
        .filter((it) => !(it.typeOnly && !it.specifier.startsWith('.')))
        .map((it) => fileIn(path, it))
        .filter((file) => !allowed.includes(file) && !allowed.includes(`${file.split('/')[0]}/*`))
        .map((file) => `${path} imports ${file}`);
    });

    expect(forbidden).toEqual([]);
  }, 30_000);

  it.each(Object.keys(FOLDERS))('have no circles, of types neither: %s', (folder) => {
    const edges = new Map(
      sourcesIn(`src/${folder}`).map((path) => [
        path.replace(/^src\/|\.ts$/g, ''),
        importsOf(fromRoot(path)).map((it) => fileIn(path, it)),
      ]),
    );

    // What imports nothing that is left, or is imported by nothing that is, goes until nothing is left but circles.
    const left = new Map(edges);
    let before: number;
    do {
      before = left.size;
      const targets = new Set([...left.values()].flat());
      for (const [file, files] of left) {
        if (!targets.has(file) || !files.some((it) => left.has(it))) left.delete(file);
      }
    } while (left.size < before);

    expect([...left.keys()]).toEqual([]);
  });
});
