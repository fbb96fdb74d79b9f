import type { InvalidOptionsError } from 'recloser';
import {
  type Dashboard,
  type DashboardOptions,
  dashboard,
  type GridPosition,
  type Panel,
  type Row,
} from 'recloser/grafana';
import { METRIC_NAMES, METRIC_NAMES_OF_FLEETS } from 'recloser/prometheus';
import { describe, expect, it } from 'vitest';

/** The rows and the panels, those inside collapsed rows among them. */
function allOf({ panels }: Dashboard): (Panel | Row)[] {
  return panels.flatMap((panel) => (panel.type === 'row' ? [panel, ...panel.panels] : [panel]));
}

function panelsOf(options?: DashboardOptions): Panel[] {
  return allOf(dashboard(options)).filter((panel) => panel.type !== 'row');
}

function queriesOf(options?: DashboardOptions): string[] {
  return panelsOf(options).flatMap(({ targets }) => targets.map(({ expr }) => expr));
}

const NAMES: readonly string[] = [...Object.values(METRIC_NAMES), ...Object.values(METRIC_NAMES_OF_FLEETS)];

/** The metrics that a query reads, each with what its labels must be. */
function selectorsIn(query: string): { metric: string; matchers: string }[] {
  return Array.from(query.matchAll(/([\w:]+)\{([^}]*)\}/g), ([, metric = '', matchers = '']) => ({
    metric,
    matchers,
  }));
}

describe('the dashboard', () => {
  it('is plain data', () => {
    const made = dashboard();

    expect(JSON.parse(JSON.stringify(made))).toEqual(made);
  });

  it('is made anew for each caller', () => {
    const changed = panelsOf()[0] as { datasource: { uid: string } };
    changed.datasource.uid = 'mine';

    expect(panelsOf()[0]?.datasource.uid).toBe('$datasource');
  });

  it('shares nothing between its parts', () => {
    const [first, second] = panelsOf() as { datasource: { uid: string } }[];
    first!.datasource.uid = 'mine';

    expect(second?.datasource.uid).toBe('$datasource');
  });

  it('numbers its panels and rows', () => {
    const ids = allOf(dashboard()).map(({ id }) => id);

    expect(ids).toEqual(ids.map((_, index) => index + 1));
  });

  it('shows no panel over another, and none beyond the grid', () => {
    const places = allOf(dashboard()).map(({ gridPos }) => gridPos);

    const cells = places.flatMap(cellsOf);

    expect(new Set(cells).size).toBe(cells.length);
    expect(places.filter(({ x, w }) => x < 0 || x + w > 24)).toEqual([]);
  });

  it('leaves no gap', () => {
    const places = allOf(dashboard()).map(({ gridPos }) => gridPos);

    const height = Math.max(...places.map(({ y, h }) => y + h));

    expect(places.flatMap(cellsOf).length).toBe(24 * height);
  });

  it.each([
    'Open circuits',
    'State of each breaker',
    'All breakers',
    'Requests by result',
    'Failure rate',
    'Response time percentiles',
    'Health',
    'Changes of state',
    'Answered by a fallback',
    'Rejected share',
    'Calls in flight',
    'Fleet: state for all',
  ])('has a panel: %s', (title) => {
    const titles = panelsOf().map((panel) => panel.title);

    expect(titles).toContain(title);
  });

  it.each(panelsOf().map((panel) => [panel.title, panel] as const))(
    'says of "%s" what it means, in which unit, and with which colours',
    (_, { description, fieldConfig: { defaults } }) => {
      expect(description).toMatch(/^[A-Z].{30,}\.$/);
      expect(defaults.unit).not.toBe('');
      expect(defaults.thresholds.steps[0]).toMatchObject({ value: null });
    },
  );

  it('names the series of each chart', () => {
    const charts = panelsOf().filter(({ type }) => type === 'timeseries' || type === 'state-timeline');

    const unnamed = charts
      .flatMap(({ targets }) => targets)
      .filter(({ legendFormat }) => legendFormat === '');

    expect(charts.length).toBeGreaterThan(0);
    expect(unnamed).toEqual([]);
  });

  it('names in a legend only labels that the query leaves', () => {
    const lost = panelsOf().flatMap(({ targets }) =>
      targets.flatMap(({ expr, legendFormat }) => {
        const labels = Array.from(legendFormat.matchAll(/\{\{(\w+)\}\}/g), ([, label = '']) => label);
        const left = / by \(([^)]*)\)/.exec(expr)?.[1]?.split(', ') ?? ['job', 'name', 'instance'];
        return labels.filter((label) => !left.includes(label)).map((label) => `${label}: ${expr}`);
      }),
    );

    expect(lost).toEqual([]);
  });

  it('gives each query of a panel a letter of its own', () => {
    const letters = panelsOf().map(({ targets }) => targets.map(({ refId }) => refId).join(''));

    expect(letters.filter((word) => !'ABCDEFGHIJKLMN'.startsWith(word))).toEqual([]);
  });

  it('makes a row of the table for each breaker, with a title for each column', () => {
    const table = panelsOf().find(({ type }) => type === 'table');

    expect(table?.transformations).toMatchObject([
      { id: 'merge' },
      {
        id: 'organize',
        options: { renameByName: { job: 'Job', name: 'Breaker', 'Value #A': 'State', 'Value #B': 'Health' } },
      },
    ]);
    expect(table?.targets.filter(({ instant, format }) => !instant || format !== 'table')).toEqual([]);
  });
});

describe('the queries', () => {
  it('read metrics that the exporter has, and no others', () => {
    const read = queriesOf()
      .flatMap(selectorsIn)
      .map(({ metric }) => metric.replace(/_bucket$/, ''));

    expect([...new Set(read)].sort()).toEqual([...NAMES].sort());
  });

  it('read them by the prefix of the exporter', () => {
    const read = queriesOf({ prefix: 'shop_' }).flatMap(selectorsIn);

    expect(read.filter(({ metric }) => !metric.startsWith('shop_circuit_breaker_'))).toEqual([]);
  });

  it('read only what the variables choose', () => {
    const read = queriesOf().flatMap(selectorsIn);

    expect(read.filter(({ matchers }) => !matchers.startsWith('job=~"$job", name=~"$breaker"'))).toEqual([]);
  });

  it('read only what matches', () => {
    const read = queriesOf({ matchers: { env: 'prod', team: 'a' } }).flatMap(selectorsIn);

    expect(read.filter(({ matchers }) => !matchers.startsWith('env="prod", team="a", '))).toEqual([]);
  });

  it('take quotes, backslashes and line breaks in a value for what they are', () => {
    const [query] = queriesOf({ matchers: { path: 'C:\\"x"\n' } });

    expect(query).toContain('path="C:\\\\\\"x\\"\\n"');
  });

  it('tell breakers apart by the labels that make one', () => {
    const queries = queriesOf({ by: ['cluster', 'name'] });

    expect(queries.filter((query) => /\bjob\b/.test(query))).toEqual([]);
    expect(queries.filter((query) => query.includes('by (cluster, name)')).length).toBeGreaterThan(10);
  });
});

describe('the variables', () => {
  const variablesOf = (options?: DashboardOptions) => dashboard(options).templating.list;

  it('are the data source, and one for each label that makes a breaker', () => {
    expect(variablesOf().map(({ name }) => name)).toEqual(['datasource', 'job', 'breaker']);
    expect(variablesOf({ by: ['name'] }).map(({ name }) => name)).toEqual(['datasource', 'breaker']);
  });

  it('have different names, whatever the labels are called', () => {
    const names = variablesOf({ by: ['datasource', 'breaker', 'name'] }).map(({ name }) => name);

    expect(new Set(names).size).toBe(4);
  });

  it('offer what fits the choices before them', () => {
    const queries = variablesOf({ prefix: 'p_', matchers: { env: 'prod' } }).map(({ query }) => query);

    expect(queries).toEqual([
      'prometheus',
      'label_values(p_circuit_breaker_state{env="prod"}, job)',
      'label_values(p_circuit_breaker_state{env="prod", job=~"$job"}, name)',
    ]);
  });

  it('begin with everything', () => {
    const [, ...labels] = variablesOf();

    expect(labels.map(({ current, allValue }) => [current?.value, allValue])).toEqual([
      [['$__all'], '.*'],
      [['$__all'], '.*'],
    ]);
  });

  it('begin with the data source that is given', () => {
    const [source] = variablesOf({ datasource: 'main' });

    expect(source?.current).toEqual({ text: 'main', value: 'main' });
  });
});

describe('the options', () => {
  it('say how it is called, how far it looks back and how often it reads', () => {
    const made = dashboard({ title: 'Shop', uid: 'shop-1', range: 10_800_000, refresh: 10_000 });

    expect(made).toMatchObject({
      title: 'Shop',
      uid: 'shop-1',
      time: { from: 'now-3h', to: 'now' },
      refresh: '10s',
    });
  });

  it('may say that it does not read anew', () => {
    expect(dashboard({ refresh: false }).refresh).toBe('');
  });

  it('are not given where they are undefined', () => {
    expect(dashboard({ title: undefined, by: undefined })).toEqual(dashboard());
  });

  const refused: readonly [options: unknown, message: string][] = [
    [null, '`options` must be an object, received null'],
    [[], '`options` must be an object, received an array'],
    [{ titel: 'x' }, 'unknown option "titel", did you mean "title"?'],
    [{ title: ' ' }, '`title` must be a well-formed string that is not empty, received " "'],
    [{ uid: 'a b' }, '`uid` must be 1 to 40 letters, digits, _ and -, received "a b"'],
    [
      { uid: 'x'.repeat(41) },
      `\`uid\` must be 1 to 40 letters, digits, _ and -, received "${'x'.repeat(40)}…"`,
    ],
    [{ datasource: 7 }, '`datasource` must be a well-formed string that is not empty, received 7'],
    [
      { refresh: true },
      '`refresh` must be whole seconds in milliseconds, from 1000 to 31536000000, or false, received true',
    ],
    [
      { range: 1_500 },
      '`range` must be whole seconds in milliseconds, from 1000 to 31536000000, received 1500',
    ],
    [
      { range: Number.NaN },
      '`range` must be whole seconds in milliseconds, from 1000 to 31536000000, received NaN',
    ],
    [
      { prefix: '1x' },
      '`prefix` must be a string of letters, digits, _ and : that does not begin with a digit, received "1x"',
    ],
    [
      { prefix: 'a{' },
      '`prefix` must be a string of letters, digits, _ and : that does not begin with a digit, received "a{"',
    ],
    [{ title: '\ud800' }, '`title` must be a well-formed string that is not empty, received "\\ud800"'],
    [
      { matchers: { job: '\udfff' } },
      '`matchers` must be an object of well-formed strings, named by letters, digits and _ that begin with neither a digit nor __, received an object',
    ],
    [
      { matchers: { 'a-b': 'c' } },
      '`matchers` must be an object of well-formed strings, named by letters, digits and _ that begin with neither a digit nor __, received an object',
    ],
    [
      { matchers: { job: 1 } },
      '`matchers` must be an object of well-formed strings, named by letters, digits and _ that begin with neither a digit nor __, received an object',
    ],
    [
      { by: ['job'] },
      '`by` must be an array of different labels, "name" among them, of letters, digits and _ that begin with neither a digit nor __, received an array',
    ],
    [
      { by: ['name', 'name'] },
      '`by` must be an array of different labels, "name" among them, of letters, digits and _ that begin with neither a digit nor __, received an array',
    ],
    ...['inf', 'NaN', 'without'].map((word): [unknown, string] => [
      { by: ['name', word] },
      '`by` must be an array of different labels, none of them inf, nan or without, which mean something else in PromQL, received an array',
    ]),
  ];

  it('refuse an object that cannot be read', () => {
    const hostile = {
      get title(): string {
        throw new RangeError('no');
      },
    };
    const hidden = new Proxy({}, { ownKeys: () => [][0]! });

    expect(() => dashboard(hostile)).toThrow('Cannot create dashboard: options cannot be read');
    expect(() => dashboard({ matchers: hidden })).toThrow('Cannot create dashboard: options cannot be read');
  });

  it.each(refused)('refuse %j with one sentence', (options, message) => {
    expect(() => dashboard(options as DashboardOptions)).toThrow(
      expect.objectContaining<Partial<InvalidOptionsError>>({
        code: 'ERR_INVALID_OPTIONS',
        message: `Cannot create dashboard: ${message}`,
      }),
    );
  });
});

function cellsOf({ x, y, w, h }: GridPosition): string[] {
  return Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`);
}
