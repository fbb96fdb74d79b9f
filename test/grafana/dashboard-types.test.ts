import { dashboard } from 'recloser/grafana';
import { beforeAll, describe, expect, it } from 'vitest';
import { errorsIn } from '../support/typescript.js';

/** Grafana's own types, in which words and numbers may stand for the members of enums: JSON has no others. */
const TYPES = `
  import type * as common from '@grafana/grafana-foundation-sdk/common';
  import type { Dashboard, FieldConfig, Panel, RowPanel } from '@grafana/grafana-foundation-sdk/dashboard';
  import type { Dataquery } from '@grafana/grafana-foundation-sdk/prometheus';
  import type * as stat from '@grafana/grafana-foundation-sdk/stat';
  import type * as stateTimeline from '@grafana/grafana-foundation-sdk/statetimeline';
  import type * as table from '@grafana/grafana-foundation-sdk/table';
  import type * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';

  type Json<T> = 0 extends 1 & T ? any
    : T extends string ? \`\${T}\`
    : T extends readonly (infer Item)[] ? Json<Item>[]
    : T extends object ? { [Key in keyof T]: Json<T[Key]> }
    : T;

  type Query = Json<Omit<Dataquery, '_implementsDataqueryVariant'>>;

  type PanelOf<Type, Options, Custom> = Omit<Json<Panel>, 'type' | 'targets' | 'options' | 'fieldConfig'> & {
    type: Type;
    targets: Query[];
    options: Json<Options>;
    fieldConfig: {
      defaults: Omit<Json<FieldConfig>, 'custom'> & { custom?: Json<Custom> };
      overrides: Json<NonNullable<Panel['fieldConfig']>>['overrides'];
    };
  };

  type AnyPanel =
    | PanelOf<'stat', stat.Options, never>
    | PanelOf<'timeseries', timeseries.Options, timeseries.FieldConfig>
    | PanelOf<'state-timeline', stateTimeline.Options, stateTimeline.FieldConfig>
    | PanelOf<'table', table.Options, table.FieldConfig>;

  type AnyRow = Omit<Json<RowPanel>, 'panels'> & { panels: AnyPanel[] };

  type AnyDashboard = Omit<Json<Dashboard>, 'panels'> & { panels: (AnyPanel | AnyRow)[] };
`;

/** What the compiler says of dashboards that are written down as they are, one for each line. */
function complaintsAbout(...dashboards: readonly unknown[]): string[] {
  const declarations = dashboards.map(
    (json, index) => `export const d${index}: AnyDashboard = ${JSON.stringify(json)};`,
  );
  const errors = errorsIn([TYPES.replaceAll('\n', ' '), ...declarations].join('\n'), false);
  return dashboards.map((_, index) => errors.get(index + 2) ?? 'none');
}

describe("Grafana's own types", () => {
  const mine = dashboard({ matchers: { env: 'prod' }, datasource: 'main', refresh: false });
  const misspelt = JSON.parse(JSON.stringify(mine).replaceAll('"drawStyle"', '"drawstyle"'));
  let complaints: string[];

  beforeAll(() => {
    complaints = complaintsAbout(mine, misspelt);
  }, 60_000);

  it('fit the dashboard, with nothing that they do not know', () => {
    expect(complaints[0]).toBe('none');
  });

  it('would not fit it with a misspelt field', () => {
    expect(complaints[1]).toContain('drawstyle');
  });
});
