/** The rows for those who have more than breakers: retries and limits around them, detectors in them, fleets over them. */
import { ALERTS } from './alerts.js';
import { chart, from, type PanelDraft, timeline } from './panels.js';
import type { By, Queries } from './queries.js';
import { legendOf, RANGE, SHARE, WHOLE } from './sections-shared.js';

/** Of the exporter's option `resilience`, and of `cost`. */
export function resilience(queries: Queries, by: By): PanelDraft[] {
  const size = { width: 8, height: 8 };
  const each = legendOf(by);
  return [
    chart(
      {
        ...size,
        title: 'Attempts for each call',
        description:
          'How many requests a call makes: 1 without retries. The line is where the alert begins: a dependency that is ' +
          'down should not get more load than usual.',
        unit: 'none',
        min: 1,
        decimals: 2,
        thresholds: from('green', [ALERTS.retries.defaults.above, 'yellow']),
      },
      [queries.attemptsPerCall(by, RANGE), each],
    ),
    chart(
      {
        ...size,
        title: 'Attempts by kind',
        description:
          'First attempts, retries and hedges, on top of each other: what the dependency gets of you.',
        unit: 'reqps',
        min: 0,
        style: 'stacked',
      },
      [queries.attempts(['kind'], RANGE), '{{kind}}'],
    ),
    chart(
      {
        ...size,
        title: 'Retry budget',
        description:
          'What is left of the budget in the instance where that is least. At 0 nothing is retried: too little succeeds ' +
          'for retries to be of use.',
        ...SHARE,
      },
      [queries.retryBudget(by), each],
    ),
    chart(
      {
        ...size,
        title: 'Calls that were given up',
        description:
          'Why there was no further attempt: `attempts` and `deadline` are used up, `open` and `budget` spare a ' +
          'dependency that is down, `not-retryable` is an answer.',
        unit: 'reqps',
        min: 0,
        style: 'stacked',
      },
      [queries.retriesStopped(['reason'], RANGE), '{{reason}}'],
    ),
    chart(
      {
        ...size,
        title: 'Saved by retries and hedges',
        description:
          'Calls that succeeded only because they were tried again, or because a second request was faster.',
        unit: 'reqps',
        min: 0,
      },
      [queries.recoveredCalls(by, RANGE), `${each} retried`],
      [queries.hedgesWon(by, RANGE), `${each} hedged`],
    ),
    chart(
      {
        ...size,
        title: 'No place left',
        description: 'Calls that a bulkhead or a rate limit refused: they never reached the dependency.',
        unit: 'reqps',
        min: 0,
        style: 'stacked',
      },
      [queries.limited(['by'], RANGE), '{{by}}'],
    ),
    chart(
      {
        ...size,
        title: 'Calls that wait',
        description: 'For a place, for their turn, or before the next attempt, over all instances.',
        ...WHOLE,
      },
      [queries.waiting(by), `${each} {{queue}}`],
    ),
    chart(
      {
        ...size,
        title: 'How full the queues are',
        description:
          'The share of the places to wait in that are taken. The line is where the alert begins; at 100 % calls are ' +
          'refused at once.',
        ...SHARE,
        thresholds: from('green', [ALERTS.queue.defaults.above, 'yellow']),
      },
      [queries.queueShare(by), `${each} {{queue}}`],
    ),
    chart(
      {
        ...size,
        title: 'Waits and pauses',
        description:
          'How long one call in a hundred waits, by queue, and for how long a rate limit is paused because the server ' +
          'said so.',
        unit: 's',
        min: 0,
      },
      [queries.waitTime(0.99, [], RANGE), 'p99 {{queue}}'],
      [queries.paused(by), `${each} paused`],
    ),
    chart(
      {
        title: 'Calls saved',
        description:
          'Calls that were not made because the circuit was open or the retry budget empty. Only where the exporter was ' +
          'told what a call costs.',
        width: 12,
        height: 8,
        ...WHOLE,
        style: 'bars',
        interval: '1m',
      },
      [queries.callsSaved(by, RANGE), each],
    ),
    chart(
      {
        title: 'Cost saved',
        description:
          'What those calls would have cost, by currency: the part of a bill that an outage did not run up.',
        width: 12,
        height: 8,
        unit: 'none',
        min: 0,
        decimals: 2,
        style: 'bars',
        interval: '1m',
      },
      [queries.costSaved([...by, 'currency'], RANGE), `${each} {{currency}}`],
    ),
  ];
}

/** Of breakers that have a detector. */
export function detectors(queries: Queries, by: By): PanelDraft[] {
  const size = { width: 12, height: 8 };
  const each = legendOf(by);
  return [
    chart(
      {
        ...size,
        title: 'Evidence',
        description:
          'How much of the evidence that opens the circuit is there, in the worst instance. It sinks with each success; ' +
          'at 100 % the circuit opens.',
        ...SHARE,
      },
      [queries.evidence(by), each],
    ),
    chart(
      {
        ...size,
        title: 'Admitted after a recovery',
        description:
          'The share of the calls that the ramp lets pass. It climbs to 100 % after the circuit has closed, and falls ' +
          'where the dependency does not bear the load.',
        ...SHARE,
      },
      [queries.admitted(by), each],
    ),
    chart(
      {
        ...size,
        title: 'More failures than usual, and overdue calls',
        description:
          'Is 1 while more calls fail than usual: a warning before the circuit opens. Overdue calls hang: they count as ' +
          'failed before anybody has answered.',
        unit: 'none',
        min: 0,
      },
      [queries.degraded(by), `${each} degraded`],
      [queries.overdue(by, RANGE), `${each} overdue per second`],
    ),
    chart(
      {
        ...size,
        title: 'Evidence that it takes',
        description:
          'What the detector has learned: the more failures are usual, the more of them it takes to open.',
        unit: 'none',
        min: 0,
      },
      [queries.thresholds(by), `${each} {{line}}`],
    ),
  ];
}

/** Of breakers that instances share, where `instrumentFleet` tells of them. */
export function fleets(queries: Queries, by: By): PanelDraft[] {
  const size = { width: 8, height: 8 };
  const fleet = legendOf([...by.filter((label) => label !== 'name'), 'namespace']);
  const each = legendOf([...by, 'namespace']);
  return [
    timeline(
      {
        title: 'Fleet: state for all',
        description:
          'What the instances have decided together, the most unusual that one of them believes. Only what is not plainly ' +
          'closed has a line.',
        width: 16,
        height: 8,
      },
      'fleet',
      [queries.fleetState(by), each],
    ),
    chart(
      {
        ...size,
        title: 'Fleet: votes',
        description:
          'Instances whose own circuit is open by what they have seen themselves: when there are enough, it opens for all.',
        ...WHOLE,
      },
      [queries.votes(by), each],
    ),
    chart(
      {
        ...size,
        title: 'Fleet: answered by Redis',
        description:
          'Is 1 while Redis answers every instance, and 0 while one of them decides alone. Beside it the seconds since the ' +
          'last poll that was answered, where that is longest.',
        unit: 'none',
        min: 0,
      },
      [queries.fleetUp(by), `${fleet} answered`],
      [queries.staleness(by), `${fleet} seconds`],
    ),
    chart(
      {
        ...size,
        title: 'Fleet: instances',
        description:
          'How many instances are alive, as the best and the worst informed of them have heard. Lines that part: half of ' +
          'the fleet is cut off.',
        ...WHOLE,
      },
      [queries.fleetInstances(by, 'max'), `${fleet} at most`],
      [queries.fleetInstances(by, 'min'), `${fleet} at least`],
    ),
    chart(
      {
        ...size,
        title: 'Fleet: commands',
        description:
          'Commands to Redis by kind and result: a poll for each instance and interval while all is well. Failed and ' +
          'skipped ones reach no caller.',
        unit: 'ops',
        min: 0,
        style: 'stacked',
      },
      [queries.fleetCommands(['command', 'result'], RANGE), '{{command}} {{result}}'],
    ),
  ];
}
