/** What the dashboard shows, in which order, and what it says about it. */
import { ALERT_CONDITIONS } from '../monitor/index.js';
import type { Section } from './layout.js';
import { chart, from, type PanelDraft, stat, table, timeline } from './panels.js';
import { type By, createQueries, type Queries, type Source } from './queries.js';
import { detectors, fleets, resilience } from './sections-around.js';
import { circuits, details } from './sections-circuits.js';
import { HEALTH, legendOf, RANGE, SHARE, WHOLE } from './sections-shared.js';
import { titleOf } from './variables.js';

/** Yellow is where the alerts begin, red where a circuit opens unless its options say otherwise. */
const FAILURES = from('green', [ALERT_CONDITIONS.failureRate.above, 'yellow'], [0.5, 'red']);
const FALLBACKS = from('green', [ALERT_CONDITIONS.fallbacks.above, 'yellow']);
const REJECTIONS = from('green', [0.001, 'red']);

export function createSections(source: Source, by: By): Section[] {
  const queries = createQueries(source);
  return [
    { panels: [...overview(queries, by), states(queries, by), breakers(queries, by)] },
    { title: 'Calls', panels: calls(queries, by) },
    { title: 'Response times and load', panels: load(queries, by) },
    { title: 'Circuits', panels: circuits(queries, by) },
    { title: 'Retries and limits', collapsed: true, panels: resilience(queries, by) },
    { title: 'Detectors', collapsed: true, panels: detectors(queries, by) },
    { title: 'Fleets', collapsed: true, panels: fleets(queries, by) },
    { title: 'Details', collapsed: true, panels: details(queries, by) },
  ];
}

function overview(queries: Queries, by: By): PanelDraft[] {
  const size = { width: 4, height: 4 };
  return [
    stat(
      {
        ...size,
        title: 'Open circuits',
        description:
          'Breakers that are open in at least one instance: they reject calls, unless their mode is observe. ' +
          'The timeline below says which, and since when.',
        ...WHOLE,
        thresholds: from('green', [1, 'red']),
      },
      queries.openBreakers(by),
    ),
    stat(
      {
        ...size,
        title: 'Lowest health',
        description:
          'Of all breakers and instances. 1 is a closed circuit without a failure, 0 an open one; ' +
          'below 0.5, more than half of what a circuit tolerates is used up.',
        unit: 'none',
        min: 0,
        max: 1,
        decimals: 2,
        thresholds: HEALTH,
      },
      queries.health([]),
    ),
    stat(
      {
        ...size,
        title: 'Requests',
        description: 'Calls through the chosen breakers, rejected ones among them.',
        unit: 'reqps',
        min: 0,
      },
      queries.requests([], RANGE),
    ),
    stat(
      {
        ...size,
        title: 'Failure rate',
        description:
          'Failures and timeouts among the calls that were made and counted. Rejected calls were never made.',
        ...SHARE,
        thresholds: FAILURES,
      },
      queries.failureRate([], RANGE),
    ),
    stat(
      {
        ...size,
        title: 'Rejected',
        description: 'The share of all calls that the breakers rejected: what the outage costs your callers.',
        ...SHARE,
        thresholds: REJECTIONS,
      },
      queries.rejectedShare([], RANGE),
    ),
    stat(
      {
        ...size,
        title: 'Response time, p99',
        description: 'One call in a hundred takes longer. Rejected calls take none and are left out.',
        unit: 's',
        min: 0,
      },
      queries.responseTime(0.99, [], RANGE),
    ),
  ];
}

function states(queries: Queries, by: By): PanelDraft {
  return timeline(
    {
      title: 'State of each breaker',
      description:
        'Red where it is open in at least one instance, yellow where it lets single calls probe whether the ' +
        'dependency is well again, green where all is normal. Red that comes back after each yellow: the dependency ' +
        'is still down. Red and green in turns: it recovers, and breaks under the full load.',
      width: 24,
      height: 8,
    },
    'state',
    [queries.worstState(by), legendOf(by)],
  );
}

function breakers(queries: Queries, by: By): PanelDraft {
  return table(
    {
      title: 'All breakers',
      description:
        'How each breaker is now, the least healthy first. Its calls are added up over all instances; its state ' +
        'and health are those of the worst.',
      width: 24,
      height: 9,
      keys: Object.fromEntries(by.map((label) => [label, titleOf(label)])),
      sortBy: 'Health',
    },
    [
      { title: 'State', expression: queries.worstState(by), unit: 'none', words: 'state' },
      { title: 'Health', expression: queries.health(by), unit: 'none', decimals: 2, thresholds: HEALTH },
      { title: 'Open instances', expression: queries.openInstances(by), unit: 'none' },
      { title: 'Instances', expression: queries.instances(by), unit: 'none' },
      { title: 'Requests', expression: queries.requests(by, RANGE), unit: 'reqps' },
      {
        title: 'Failure rate',
        expression: queries.failureRate(by, RANGE),
        unit: 'percentunit',
        thresholds: FAILURES,
      },
      {
        title: 'Rejected',
        expression: queries.rejectedShare(by, RANGE),
        unit: 'percentunit',
        thresholds: REJECTIONS,
      },
      { title: 'p99', expression: queries.responseTime(0.99, by, RANGE), unit: 's' },
      { title: 'In flight', expression: queries.inFlight(by), unit: 'none' },
      { title: 'Mode', expression: queries.mode(by), unit: 'none', words: 'mode' },
    ],
  );
}

function calls(queries: Queries, by: By): PanelDraft[] {
  return [
    chart(
      {
        title: 'Requests by result',
        description:
          'How calls ended, on top of each other. `rejected` never reached the dependency; `ignored` counted as ' +
          'neither good nor bad, such as a call that its caller gave up.',
        width: 12,
        height: 8,
        unit: 'reqps',
        min: 0,
        style: 'stacked',
        colors: { success: 'green', failure: 'red', timeout: 'orange', ignored: 'text', rejected: 'purple' },
      },
      [queries.requests(['result'], RANGE), '{{result}}'],
    ),
    chart(
      {
        title: 'Failure rate',
        description:
          'Failures and timeouts among the calls that were made and counted. The lower line is where the alert ' +
          'begins, the upper one where a circuit opens unless its options say otherwise. No line, no such calls.',
        width: 12,
        height: 8,
        ...SHARE,
        thresholds: FAILURES,
      },
      [queries.failureRate(by, RANGE), legendOf(by)],
    ),
    chart(
      {
        title: 'Failures by type',
        description:
          'Why calls fail, by the code or the name of the error. ECONNREFUSED and the like: nobody answers. ' +
          'Timeouts: it answers too slowly.',
        width: 8,
        height: 8,
        unit: 'reqps',
        min: 0,
        style: 'stacked',
      },
      [queries.failures(['type'], RANGE), '{{type}}'],
    ),
    chart(
      {
        title: 'Rejected share',
        description:
          'The share of calls that the breaker rejected. 100 % for an open circuit; less while it probes.',
        width: 8,
        height: 8,
        ...SHARE,
      },
      [queries.rejectedShare(by, RANGE), legendOf(by)],
    ),
    chart(
      {
        title: 'Answered by a fallback',
        description:
          'The share of calls for which a fallback was run: degraded, but served, unless the fallback failed too. ' +
          'The line is where the alert begins.',
        width: 8,
        height: 8,
        ...SHARE,
        thresholds: FALLBACKS,
      },
      [queries.fallbackShare(by, RANGE), legendOf(by)],
    ),
  ];
}

function load(queries: Queries, by: By): PanelDraft[] {
  return [
    chart(
      {
        title: 'Response time percentiles',
        description:
          'Of all chosen breakers together; choose one above to see it alone. A p99 that climbs while p50 stays is a ' +
          'dependency that begins to struggle.',
        width: 12,
        height: 8,
        unit: 's',
        min: 0,
      },
      [queries.responseTime(0.5, [], RANGE), 'p50'],
      [queries.responseTime(0.9, [], RANGE), 'p90'],
      [queries.responseTime(0.99, [], RANGE), 'p99'],
    ),
    chart(
      {
        title: 'Calls in flight',
        description:
          'Calls that have begun and not ended, over all instances. A line that climbs and does not come down: the ' +
          'dependency hangs, and calls have no timeout or a long one.',
        width: 12,
        height: 8,
        ...WHOLE,
      },
      [queries.inFlight(by), legendOf(by)],
    ),
  ];
}
