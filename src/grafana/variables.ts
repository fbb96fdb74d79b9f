/** The drop-down lists above the panels: the data source, and one for each label that makes a breaker. */
import { METRIC_NAMES } from '../prometheus/index.js';
import type { Variable } from './model.js';
import { DATA_SOURCE, DATA_SOURCE_VARIABLE } from './panels.js';
import { matcher, select } from './promql.js';
import type { By, Source } from './queries.js';

/** The name of a label's variable. */
function variableOf(label: string): string {
  if (label === 'name') return 'breaker';
  return label === 'breaker' || label === DATA_SOURCE_VARIABLE ? `${label}_label` : label;
}

/** A label as a heading. */
export function titleOf(label: string): string {
  const word = label === 'name' ? 'breaker' : label;
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** What the variables choose, in PromQL. */
export function variableMatchers(by: By): string[] {
  return by.map((label) => matcher(label, '=~', `$${variableOf(label)}`));
}

/** Each list offers what fits the choices in those before it. */
export function createVariables({ prefix, matchers }: Source, by: By, datasource?: string): Variable[] {
  const state = prefix + METRIC_NAMES.state;
  const labels = by.map((label, index): Variable => {
    const series = select(state, [...matchers, ...variableMatchers(by.slice(0, index))]);
    const query = `label_values(${series}, ${label})`;
    return {
      type: 'query',
      name: variableOf(label),
      label: titleOf(label),
      datasource: DATA_SOURCE,
      query,
      definition: query,
      multi: true,
      includeAll: true,
      allValue: '.*',
      current: { text: ['All'], value: ['$__all'] },
      refresh: 2,
      sort: 5,
    };
  });
  const source: Variable = {
    type: 'datasource',
    name: DATA_SOURCE_VARIABLE,
    label: 'Data source',
    query: 'prometheus',
    ...(datasource === undefined ? {} : { current: { text: datasource, value: datasource } }),
  };
  return [source, ...labels];
}
