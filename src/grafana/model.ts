/** The part of Grafana's dashboard model, schema version 42, that the dashboard is made of. */

/** A Grafana dashboard, as `POST /api/dashboards/db` and provisioning take it. */
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly schemaVersion: number;
  readonly editable: boolean;
  /** 1 for a crosshair that all panels share. */
  readonly graphTooltip: 0 | 1 | 2;
  /** How often it reads anew, such as `30s`; empty for never. */
  readonly refresh: string;
  readonly time: { readonly from: string; readonly to: string };
  readonly templating: { readonly list: readonly Variable[] };
  readonly annotations: { readonly list: readonly [] };
  readonly panels: readonly (Panel | Row)[];
}

/** A drop-down list above the panels. */
export interface Variable {
  readonly type: 'datasource' | 'query';
  readonly name: string;
  readonly label: string;
  readonly query: string;
  readonly definition?: string;
  readonly datasource?: DataSource;
  readonly current?: {
    readonly text: string | readonly string[];
    readonly value: string | readonly string[];
  };
  readonly multi?: boolean;
  readonly includeAll?: boolean;
  readonly allValue?: string;
  /** 2 for whenever the time range changes. */
  readonly refresh?: 0 | 1 | 2;
  /** 5 for alphabetical, whatever the case. */
  readonly sort?: number;
}

export interface DataSource {
  readonly type: 'prometheus';
  readonly uid: string;
}

/** Where a panel is, on a grid that is 24 wide. */
export interface GridPosition {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** A heading; the panels of a collapsed one are inside it. */
export interface Row {
  readonly type: 'row';
  readonly id: number;
  readonly title: string;
  readonly collapsed: boolean;
  readonly gridPos: GridPosition;
  readonly panels: readonly Panel[];
}

export interface Panel {
  readonly type: 'stat' | 'timeseries' | 'state-timeline' | 'table';
  readonly id: number;
  readonly title: string;
  readonly description: string;
  readonly gridPos: GridPosition;
  readonly datasource: DataSource;
  /** The shortest step of its queries, such as `1m`. */
  readonly interval?: string;
  readonly targets: readonly Target[];
  readonly fieldConfig: { readonly defaults: FieldConfig; readonly overrides: readonly Override[] };
  /** What only this type of panel knows. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly transformations?: readonly { readonly id: string; readonly options: unknown }[];
}

/** A query. */
export interface Target {
  readonly refId: string;
  readonly datasource: DataSource;
  readonly expr: string;
  readonly legendFormat: string;
  readonly format: 'time_series' | 'table';
  readonly instant: boolean;
  readonly range: boolean;
  readonly editorMode: 'code';
}

/** How values are shown. */
export interface FieldConfig {
  readonly unit: string;
  readonly min?: number;
  readonly max?: number;
  readonly decimals?: number;
  readonly color: { readonly mode: 'thresholds' | 'palette-classic-by-name' };
  readonly thresholds: Thresholds;
  readonly mappings?: readonly ValueMapping[];
  readonly custom?: Readonly<Record<string, unknown>>;
}

/** From which value on which colour holds; the first step has no value. */
export interface Thresholds {
  readonly mode: 'absolute';
  readonly steps: readonly { readonly color: string; readonly value: number | null }[];
}

/** Words for values, or for what is no number. */
export type ValueMapping =
  | { readonly type: 'value'; readonly options: Readonly<Record<string, ValueWord>> }
  | {
      readonly type: 'special';
      readonly options: { readonly match: 'nan'; readonly result: { readonly text: string } };
    };

/** A word for a value, its colour, and its place in the legend. */
export interface ValueWord {
  readonly text: string;
  readonly color: string;
  readonly index: number;
}

/** What differs for some of a panel's fields. */
export interface Override {
  readonly matcher: { readonly id: string; readonly options: string };
  readonly properties: readonly { readonly id: string; readonly value: unknown }[];
}
