/** The panels of the dashboard that show what circuits did, and what each instance makes of it. */
import { chart, type PanelDraft, timeline } from './panels.js';
import type { By, Queries } from './queries.js';
import { HEALTH, legendOf, RANGE, WHOLE } from './sections-shared.js';

export function circuits(queries: Queries, by: By): PanelDraft[] {
  return [
    chart(
      {
        title: 'Health',
        description:
          'Of the worst instance: 1 is a closed circuit without a failure, 0 an open one. One that is on its way ' +
          'down will open soon.',
        width: 12,
        height: 8,
        unit: 'none',
        min: 0,
        max: 1,
        thresholds: HEALTH,
      },
      [queries.health(by), legendOf(by)],
    ),
    chart(
      {
        title: 'Changes of state',
        description:
          'Into which state circuits changed, over all instances. Now and then is a breaker at work; all the time is ' +
          'one that flaps.',
        width: 12,
        height: 8,
        ...WHOLE,
        style: 'bars',
        interval: '1m',
      },
      [queries.transitions([...by, 'to'], RANGE), `${legendOf(by)} → {{to}}`],
    ),
    timeline(
      {
        title: 'Mode of each breaker',
        description:
          'What somebody has decided by hand: purple is forced open and rejects every call, orange is forced closed and ' +
          'opens for no failure, both until reset(); blue only observes. Green is as usual.',
        width: 12,
        height: 8,
      },
      'mode',
      [queries.mode(by), legendOf(by)],
    ),
    chart(
      {
        title: 'Rejections by reason',
        description:
          'Why calls are rejected: `open` and `half-open` of a circuit that recovers, `forced-open` by hand, ' +
          '`concurrency` because too many were in flight, `ramp` because the load comes back slowly.',
        width: 12,
        height: 8,
        unit: 'reqps',
        min: 0,
        style: 'stacked',
      },
      [queries.rejections(['reason'], RANGE), '{{reason}}'],
    ),
  ];
}

export function details(queries: Queries, by: By): PanelDraft[] {
  return [
    timeline(
      {
        title: 'State in each instance',
        description:
          'Each instance judges by its own calls. One that is red while the others are green has a problem of its ' +
          'own, such as its network.',
        width: 24,
        height: 10,
      },
      'state',
      [queries.stateOfInstances(), `${legendOf(by)} {{instance}}`],
    ),
    chart(
      {
        title: 'Would be rejected',
        description:
          'Calls that were let through only because the breaker is in the mode `observe`: what it would reject if ' +
          'you switched it on.',
        width: 12,
        height: 8,
        unit: 'reqps',
        min: 0,
      },
      [queries.wouldBeRejected(by, RANGE), legendOf(by)],
    ),
    chart(
      {
        title: 'Breakers that are missing here',
        description:
          'Breakers that are not exported, because there are too many series or two of one name. Shown only ' +
          'while all breakers are chosen.',
        width: 12,
        height: 8,
        ...WHOLE,
      },
      [queries.notExported(['reason']), '{{reason}}'],
    ),
  ];
}
