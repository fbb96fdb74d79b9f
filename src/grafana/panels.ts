/** How each type of panel looks. It knows no query and no place. */
import type { DataSource, FieldConfig, Override, Panel, Target, Thresholds, ValueMapping } from './model.js';

/** A panel that has no place yet. */
export type PanelDraft = Omit<Panel, 'id' | 'gridPos'> & {
  /** Columns, of 24. */
  readonly width: number;
  readonly height: number;
};

/** What all types of panels are told. */
interface PanelSettings {
  readonly title: string;
  /** What it means, and what to make of it, for somebody who sees it for the first time. */
  readonly description: string;
  readonly width: number;
  readonly height: number;
  /** One of Grafana's units, such as `percentunit`. */
  readonly unit: string;
  readonly thresholds?: Thresholds;
  readonly min?: number;
  readonly max?: number;
  readonly decimals?: number;
}

/** A query and the name of its series, in which `{{label}}` stands for a label's value. */
export type Query = readonly [expression: string, legend: string];

/** The variable that chooses the data source. */
export const DATA_SOURCE_VARIABLE = 'datasource';

/** The data source that it chooses. */
export const DATA_SOURCE: DataSource = { type: 'prometheus', uid: `$${DATA_SOURCE_VARIABLE}` };

const NO_THRESHOLDS = from('green');

/** Colours by value: `from('green', [0.25, 'yellow'])` is yellow from 0.25 on. */
export function from(
  base: string,
  ...steps: readonly (readonly [value: number, color: string])[]
): Thresholds {
  return {
    mode: 'absolute',
    steps: [{ color: base, value: null }, ...steps.map(([value, color]) => ({ color, value }))],
  };
}

/** The states of a circuit in words and colours. */
const STATES: ValueMapping = {
  type: 'value',
  options: {
    0: { text: 'closed', color: 'green', index: 0 },
    1: { text: 'open', color: 'red', index: 1 },
    2: { text: 'half-open', color: 'yellow', index: 2 },
  },
};

/** The modes of a breaker in words and colours. */
const MODES: ValueMapping = {
  type: 'value',
  options: {
    0: { text: 'active', color: 'green', index: 0 },
    1: { text: 'observe', color: 'blue', index: 1 },
    2: { text: 'forced open', color: 'purple', index: 2 },
    3: { text: 'forced closed', color: 'orange', index: 3 },
  },
};

/** What a fleet has decided, in words and colours. */
const DECISIONS: ValueMapping = {
  type: 'value',
  options: {
    ...STATES.options,
    3: { text: 'forced open', color: 'purple', index: 3 },
    4: { text: 'forced closed', color: 'orange', index: 4 },
  },
};

/** What the values of states, modes and decisions mean. */
const WORDS = { state: STATES, mode: MODES, fleet: DECISIONS };

/** A share of no calls is no number. */
const NO_CALLS: ValueMapping = { type: 'special', options: { match: 'nan', result: { text: '–' } } };

const LEGEND = { showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [] };

/** One large figure, over a line that shows where it comes from. */
export function stat(settings: PanelSettings, expression: string): PanelDraft {
  return {
    ...panel('stat', settings, [rangeQuery([expression, settings.title], 0)]),
    options: {
      graphMode: 'area',
      colorMode: 'value',
      justifyMode: 'auto',
      textMode: 'auto',
      wideLayout: true,
      showPercentChange: false,
      percentChangeColorMode: 'standard',
      orientation: 'auto',
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
    },
  };
}

interface ChartSettings extends PanelSettings {
  /** Lines that go up and down, lines on top of each other, or one bar for each step. @default 'lines' */
  readonly style?: 'lines' | 'stacked' | 'bars';
  readonly interval?: string;
  /** Colours by the names of the series. */
  readonly colors?: Readonly<Record<string, string>>;
}

/** Lines over time; thresholds above the first are dashed lines. */
export function chart(settings: ChartSettings, ...queries: readonly Query[]): PanelDraft {
  const { style = 'lines', colors = {}, interval, thresholds } = settings;
  const custom = {
    drawStyle: style === 'bars' ? 'bars' : 'line',
    lineWidth: 1,
    fillOpacity: style === 'lines' ? 0 : 60,
    showPoints: 'never',
    stacking: { mode: style === 'lines' ? 'none' : 'normal', group: 'A' },
    thresholdsStyle: { mode: thresholds === undefined ? 'off' : 'dashed' },
  };
  const draft = panel('timeseries', settings, queries.map(rangeQuery), {
    color: { mode: 'palette-classic-by-name' },
    custom,
  });
  return {
    ...draft,
    ...(interval === undefined ? {} : { interval }),
    fieldConfig: { ...draft.fieldConfig, overrides: Object.entries(colors).map(colored) },
    options: { legend: LEGEND, tooltip: { mode: 'multi', sort: 'desc' } },
  };
}

/** A row for each series, coloured by state or by mode. */
export function timeline(
  settings: Omit<PanelSettings, 'unit'>,
  words: keyof typeof WORDS,
  query: Query,
): PanelDraft {
  return {
    ...panel('state-timeline', { ...settings, unit: 'none' }, [rangeQuery(query, 0)], {
      mappings: [WORDS[words]],
      custom: { lineWidth: 0, fillOpacity: 70 },
    }),
    options: {
      mergeValues: true,
      showValue: 'never',
      alignValue: 'left',
      rowHeight: 0.9,
      legend: LEGEND,
      tooltip: { mode: 'single', sort: 'none' },
    },
  };
}

/** A column of a table: a query and how its values are shown. */
export interface Column {
  readonly title: string;
  readonly expression: string;
  readonly unit: string;
  readonly decimals?: number;
  /** Colours for the text; none for plain text. */
  readonly thresholds?: Thresholds;
  /** Whether the values are states or modes. */
  readonly words?: keyof typeof WORDS;
}

interface TableSettings extends Omit<PanelSettings, 'unit' | 'thresholds'> {
  /** The labels that make a row, and the titles of their columns. */
  readonly keys: Readonly<Record<string, string>>;
  /** The title of the column that rows are sorted by, smallest first. */
  readonly sortBy: string;
}

/** A row for each breaker: the queries' results are joined by the labels that they have in common. */
export function table(settings: TableSettings, columns: readonly Column[]): PanelDraft {
  const { keys, sortBy, ...rest } = settings;
  const targets = columns.map(({ expression }, index) => instantQuery(expression, index));
  const titles = columns.map(({ title }, index) => [`Value #${refId(index)}`, title]);
  const draft = panel('table', { ...rest, unit: 'none' }, targets, {
    custom: { align: 'auto', inspect: false, filterable: true },
  });
  return {
    ...draft,
    fieldConfig: { ...draft.fieldConfig, overrides: columns.map(columnOverride) },
    transformations: [
      { id: 'merge', options: {} },
      {
        id: 'organize',
        options: {
          excludeByName: { Time: true },
          indexByName: {},
          renameByName: { ...keys, ...Object.fromEntries(titles) },
        },
      },
    ],
    options: {
      frameIndex: 0,
      showHeader: true,
      cellHeight: 'sm',
      sortBy: [{ displayName: sortBy, desc: false }],
    },
  };
}

function panel(
  type: Panel['type'],
  { title, description, width, height, unit, thresholds = NO_THRESHOLDS, min, max, decimals }: PanelSettings,
  targets: readonly Target[],
  more: Partial<FieldConfig> = {},
): Omit<PanelDraft, 'options'> {
  const defaults: FieldConfig = {
    unit,
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(decimals === undefined ? {} : { decimals }),
    color: { mode: 'thresholds' },
    thresholds,
    ...more,
  };
  return {
    type,
    title,
    description,
    width,
    height,
    datasource: DATA_SOURCE,
    targets,
    fieldConfig: { defaults, overrides: [] },
  };
}

const refId = (index: number) => String.fromCharCode('A'.charCodeAt(0) + index);

function rangeQuery([expr, legendFormat]: Query, index: number): Target {
  return {
    refId: refId(index),
    datasource: DATA_SOURCE,
    expr,
    legendFormat,
    format: 'time_series',
    instant: false,
    range: true,
    editorMode: 'code',
  };
}

function instantQuery(expr: string, index: number): Target {
  return { ...rangeQuery([expr, ''], index), format: 'table', instant: true, range: false };
}

function colored([series, color]: readonly [string, string]): Override {
  return {
    matcher: { id: 'byName', options: series },
    properties: [{ id: 'color', value: { mode: 'fixed', fixedColor: color } }],
  };
}

function columnOverride({ title, unit, decimals, thresholds, words }: Column): Override {
  const cell = words !== undefined ? { type: 'color-background', mode: 'basic' } : { type: 'color-text' };
  const isColored = words !== undefined || thresholds !== undefined;
  return {
    matcher: { id: 'byName', options: title },
    properties: [
      { id: 'unit', value: unit },
      ...(decimals === undefined ? [] : [{ id: 'decimals', value: decimals }]),
      { id: 'mappings', value: [words === undefined ? NO_CALLS : WORDS[words]] },
      ...(thresholds === undefined ? [] : [{ id: 'thresholds', value: thresholds }]),
      ...(isColored ? [{ id: 'custom.cellOptions', value: cell }] : []),
    ],
  };
}
