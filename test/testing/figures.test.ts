/** What a simulation has come to, of calls and changes of state that are written down by hand. */
import { simulate } from 'recloser/testing';
import { describe, expect, it } from 'vitest';
import {
  type CallRecord,
  figuresOf,
  incidentsOf,
  type Notes,
  type SimulatedTransition,
  timelineOf,
} from '../../src/testing/simulation/figures.js';
import { textOf } from '../../src/testing/simulation/text.js';
import { errorOf } from '../support/breakers.js';

type State = SimulatedTransition['to'];

/** Changes of state of one instance, from CLOSED on. */
function changes(instance: number, ...stays: readonly (readonly [number, State])[]): SimulatedTransition[] {
  let from: State = 'CLOSED';
  return stays.map(([at, to]) => {
    const it = { at, instance, from, to, reason: 'tripped' } as const;
    from = to;
    return it;
  });
}

const call = (at: number, more: Partial<CallRecord> = {}): CallRecord => ({
  at,
  sent: 1,
  end: 'ok',
  waited: 10,
  isGood: true,
  ...more,
});

function notesOf(
  given: Partial<Omit<Notes, 'world'>> & { incidents?: Notes['world']['incidents'] } = {},
): Notes {
  const { incidents = [], ...others } = given;
  return {
    world: { start: 1_000, end: 11_000, incidents } as unknown as Notes['world'],
    calls: [],
    transitions: [],
    failingCallsSent: incidents.map(() => 0),
    states: ['CLOSED', 'CLOSED'],
    grace: 500,
    ...others,
  };
}

const all = (notes: Notes) => figuresOf(notes, incidentsOf(notes));

describe('calls', () => {
  it('are counted by their ends, their attempts, and what became of good ones', () => {
    const figures = all(
      notesOf({
        calls: [
          call(1_000),
          call(2_000, { sent: 2 }),
          call(3_000, { end: 'fallback', sent: 0 }),
          call(4_000, { end: 'rejected', sent: 0, isGood: false }),
          call(5_000, { end: 'rejected', sent: 0 }),
          call(6_000, { end: 'failed', isGood: false }),
          call(7_000, { end: 'pending', waited: 0 }),
          call(8_000),
        ],
      }),
    );

    expect(figures).toMatchObject({
      ...{ offered: 8, ok: 3, fallbacks: 1, rejected: 2, failed: 1, pending: 1, sent: 6, lost: 2 },
      ...{ goodput: 3 / 8, trips: 0, longestOpen: 0, timeToOpen: null, timeToClose: null },
    });
    expect(all(notesOf()).goodput).toBe(0);
  });

  it.each([
    [[], 0],
    [[30, 20, 10], 30],
    [Array.from({ length: 100 }, (_, index) => 100 - index), 99],
    [Array.from({ length: 200 }, (_, index) => index), 197],
  ])('wait by nearest rank, but for those that have not settled: %#', (waits, p99) => {
    const pending = Array.from({ length: 50 }, () => call(1_000, { end: 'pending', waited: 9_999 }));

    const { waitP99 } = all(
      notesOf({ calls: [...pending, ...waits.map((waited) => call(1_000, { waited }))] }),
    );

    expect(waitP99).toBe(p99);
  });
});

describe('incidents', () => {
  const incident = { from: 3_000, to: 5_000, instances: [0, 1] };
  const met = (...transitions: SimulatedTransition[][]) =>
    incidentsOf(notesOf({ incidents: [incident], transitions: transitions.flat() }))[0];

  it('are met when the last of those that are hit is open, and over when the last is closed', () => {
    const one = changes(0, [3_100, 'OPEN'], [5_000, 'HALF_OPEN'], [5_200, 'CLOSED']);
    const other = changes(1, [3_400, 'OPEN'], [5_300, 'HALF_OPEN'], [5_600.0004, 'CLOSED']);

    expect(met(one, other)).toEqual({ ...incident, failingCallsSent: 0, timeToOpen: 400, timeToClose: 600 });
    expect(met(one)).toMatchObject({ timeToOpen: null, timeToClose: 200 });
    expect(met(other)).toMatchObject({ timeToOpen: null, timeToClose: 600 });
  });

  it('are met by who was open before, and over for who was closed before', () => {
    const open = (instance: number) =>
      changes(instance, [2_000, 'OPEN'], [4_000, 'HALF_OPEN'], [4_500, 'CLOSED']);

    expect(met(open(0), open(1))).toMatchObject({ timeToOpen: 0, timeToClose: 0 });
  });

  it.each<[string, [number, State][], number | null]>([
    [
      'that ends as it begins',
      [
        [3_000, 'OPEN'],
        [3_000, 'HALF_OPEN'],
      ],
      0,
    ],
    [
      'that was over by then',
      [
        [2_000, 'OPEN'],
        [3_000, 'HALF_OPEN'],
      ],
      null,
    ],
    [
      'that lasts a moment longer',
      [
        [2_000, 'OPEN'],
        [3_001, 'HALF_OPEN'],
      ],
      0,
    ],
    ['at the end of the grace', [[5_500, 'OPEN']], 2_500],
    ['after it', [[5_501, 'OPEN']], null],
  ])('are met by a stay %s, or not', (_, stays, timeToOpen) => {
    expect(met(changes(0, ...stays), changes(1, [3_000, 'OPEN']))?.timeToOpen).toBe(timeToOpen);
  });

  it('are over before the next one, or not', () => {
    const two = [incident, { from: 7_000, to: 8_000, instances: [0] }];
    const times = (at: number) =>
      incidentsOf(
        notesOf({
          incidents: two,
          failingCallsSent: [3, 4],
          transitions: [
            ...changes(0, [3_000, 'OPEN'], [at, 'CLOSED']),
            ...changes(1, [3_000, 'OPEN'], [5_000, 'CLOSED']),
          ],
        }),
      ).map(({ timeToClose, failingCallsSent }) => [timeToClose, failingCallsSent]);

    expect([times(7_000), times(7_001)]).toEqual([
      [
        [2_000, 3],
        [0, 4],
      ],
      [
        [null, 3],
        [0, 4],
      ],
    ]);
  });

  it('are told of by the worst, and none by nothing', () => {
    const notes = notesOf({
      incidents: [incident, { from: 7_000, to: 8_000, instances: [0] }],
      failingCallsSent: [3, 4],
      transitions: [
        ...changes(0, [3_100, 'OPEN'], [5_200, 'CLOSED'], [7_300, 'OPEN'], [8_100, 'CLOSED']),
        ...changes(1, [3_000, 'OPEN'], [5_000, 'CLOSED']),
      ],
    });

    expect(all(notes)).toMatchObject({ failingCallsSent: 7, timeToOpen: 300, timeToClose: 200 });
    expect(all({ ...notes, transitions: changes(0, [3_100, 'OPEN']) })).toMatchObject({ timeToOpen: null });
  });
});

describe('trips', () => {
  const incidents = [{ from: 3_000, to: 5_000, instances: [0] }];

  it.each([
    [0, 2_999, 1],
    [0, 3_000, 0],
    [0, 5_500, 0],
    [0, 5_501, 1],
    [1, 4_000, 1],
  ])('of instance %i at %i are false or not: %i', (instance, at, falseTrips) => {
    const transitions = changes(instance, [at, 'OPEN']);

    expect(all(notesOf({ incidents, transitions }))).toMatchObject({ trips: 1, falseTrips });
  });

  it('are changes from CLOSED to OPEN alone', () => {
    const transitions = changes(
      0,
      [2_000, 'OPEN'],
      [3_000, 'HALF_OPEN'],
      [3_100, 'OPEN'],
      [4_000, 'HALF_OPEN'],
      [4_100, 'CLOSED'],
      [5_000, 'HALF_OPEN'],
    );

    expect(all(notesOf({ transitions })).trips).toBe(1);
  });
});

describe('the longest time that an instance was not closed', () => {
  it.each<[string, SimulatedTransition[][], number]>([
    ['none', [], 0],
    [
      'probes included',
      [
        changes(
          0,
          [2_000, 'OPEN'],
          [3_000, 'HALF_OPEN'],
          [3_500, 'CLOSED'],
          [4_000, 'OPEN'],
          [5_000, 'CLOSED'],
        ),
      ],
      1_500,
    ],
    [
      'the last of them',
      [changes(0, [2_000, 'OPEN'], [3_000, 'CLOSED'], [4_000, 'OPEN'], [6_000, 'CLOSED'])],
      2_000,
    ],
    [
      'of any instance',
      [changes(0, [2_000, 'OPEN'], [3_000, 'CLOSED']), changes(1, [2_000, 'OPEN'], [3_300, 'CLOSED'])],
      1_300,
    ],
    ['to the end', [changes(0, [9_000, 'OPEN'])], 2_000],
    ['no longer than to the end', [changes(0, [9_000, 'OPEN'], [20_000, 'CLOSED'])], 2_000],
  ])('%s', (_, transitions, longestOpen) => {
    expect(all(notesOf({ transitions: transitions.flat() })).longestOpen).toBe(longestOpen);
  });
});

describe('the timeline', () => {
  const notes = notesOf({
    calls: [call(1_000), call(3_999), call(4_000), call(10_999), call(11_000)],
    transitions: [
      ...changes(0, [3_999, 'OPEN'], [7_000, 'HALF_OPEN'], [9_999, 'CLOSED']),
      ...changes(1, [4_000, 'OPEN']),
    ],
  });

  it('has calls by their arrival, and states at the end of each row', () => {
    const rows = timelineOf(notes, 3_000).map(({ from, offered, open, halfOpen }) => [
      from,
      offered,
      open,
      halfOpen,
    ]);

    expect(rows).toEqual([
      [1_000, 2, 1, 0],
      [4_000, 1, 2, 0],
      [7_000, 0, 1, 0],
      [10_000, 2, 1, 0],
    ]);
  });

  it('tells who probes', () => {
    expect(timelineOf(notes, 1_000)[7]).toMatchObject({ from: 8_000, open: 1, halfOpen: 1 });
  });

  it('is one row of what takes no time', () => {
    const world = { start: 5, end: 5, incidents: [] } as unknown as Notes['world'];

    expect(timelineOf({ ...notesOf(), world, calls: [call(5)] }, 1_000)).toMatchObject([
      { from: 5, offered: 1 },
    ]);
  });
});

describe('the text of a simulation', () => {
  it('is this', () => {
    const notes = notesOf({
      states: ['CLOSED'],
      incidents: [{ from: 3_000, to: 5_000, instances: [0] }],
      failingCallsSent: [2],
      calls: [
        call(1_000),
        call(3_500, { end: 'failed', isGood: false }),
        call(4_500, { end: 'rejected', sent: 0 }),
      ],
      transitions: changes(0, [3_500, 'OPEN'], [9_000, 'HALF_OPEN']),
    });
    const incidents = incidentsOf(notes);
    const data = { seed: 7, duration: 10_000, figures: figuresOf(notes, incidents), incidents };

    const text = textOf({ ...data, transitions: notes.transitions, timeline: timelineOf(notes, 2_500) });

    expect(`\n${text}`).toBe(TEXT);
    const [row] = timelineOf(notes, 10_000);
    expect(
      textOf({
        ...data,
        transitions: [],
        timeline: [{ ...(row as NonNullable<typeof row>), open: 2, halfOpen: 1 }],
      }),
    ).toContain('OPEN 2 HALF_OPEN 1\n');
    expect(textOf({ ...data, incidents: [], transitions: [], timeline: [] })).toContain('seed 7, 10 s\n');
  });
});

const TEXT = [
  '',
  'seed 7, 10 s',
  '',
  '        s   offered        ok fallbacks  rejected    failed   pending      sent     state',
  '        0         1         1         ·         ·         ·         ·         1',
  '      2.5         2         ·         ·         1         1         ·         1  OPEN 1',
  '        5         ·         ·         ·         ·         ·         ·         ·  OPEN 1',
  '      7.5         ·         ·         ·         ·         ·         ·         ·  HALF_OPEN 1',
  '',
  'incident 2 s to 4 s: open after 500 ms, closed never after its end, 2 failing calls sent',
  '2.5 s #0 CLOSED → OPEN tripped',
  '8 s #0 OPEN → HALF_OPEN tripped',
  '',
  'offered           3',
  'ok                1',
  'fallbacks         0',
  'rejected          1',
  'failed            1',
  'pending           0',
  'sent              2',
  'failingCallsSent  2',
  'lost              1',
  'goodput           33.3 %',
  'trips             1',
  'falseTrips        0',
  'timeToOpen        500 ms',
  'timeToClose       never',
  'longestOpen       7500 ms',
  'waitP99           10 ms',
  '',
].join('\n');

describe('settings that cannot be are refused in whole sentences', () => {
  const SOME = { traffic: { rate: 1 }, dependency: [{ for: 1 }] };

  it.each<[string, object]>([
    ['`breaker.clock` is given by the simulation', { ...SOME, breaker: { clock: { now: () => 0 } } }],
    [
      '`traffic` and `trace` exclude each other',
      { traffic: SOME.traffic, trace: [{ t: 0, ok: true, ms: 1 }] },
    ],
    [
      '`dependency` and `trace` exclude each other',
      { dependency: SOME.dependency, trace: [{ t: 0, ok: true, ms: 1 }] },
    ],
    ['`incidents` belong to a `trace`; a phase has `incident`', { ...SOME, incidents: [] }],
    ['`dependency` must be an array of at least one phase, received an array', { ...SOME, dependency: [] }],
    [
      '`dependency[0].hang` must be at most 1 together with `failures` (0.7), received 0.5',
      { ...SOME, dependency: [{ for: 1, hang: 0.5, failures: 0.7 }] },
    ],
    ...[1, -1, 0.5, '0'].map((only): [string, object] => [
      `\`dependency[0].only[1]\` must be the number of an instance, from 0 to 0, received ${JSON.stringify(only)}`,
      { ...SOME, dependency: [{ for: 1, only: [0, only] }] },
    ]),
    ...[0, -1, Number.POSITIVE_INFINITY].map((capacity): [string, object] => [
      `\`dependency[0].capacity\` must be a finite number above 0, received ${capacity}`,
      { ...SOME, dependency: [{ for: 1, capacity }] },
    ]),
    ['`trace` must be an array of at least one call, received an array', { trace: [] }],
    [
      '`trace[0].t` must be a finite number of milliseconds, received NaN',
      { trace: [{ t: Number.NaN, ok: true, ms: 1 }] },
    ],
    ['`trace[0].t` must be a finite number of milliseconds, received undefined', { trace: [null] }],
    [
      '`incidents[0].to` must be at least its `from` (2), received 1',
      { trace: [{ t: 0, ok: true, ms: 1 }], incidents: [{ from: 2, to: 1 }] },
    ],
    [
      '`traffic.rate` must answer a finite number of at least 0, received -1',
      { ...SOME, traffic: { rate: () => -1 } },
    ],
    [
      '`breaker` must be options, or a function that answers what has `call` or a `breaker`, received undefined',
      { ...SOME, breaker: () => undefined },
    ],
    [
      'settings cannot be read',
      Object.defineProperty({}, 'seed', {
        enumerable: true,
        get: () => {
          throw new Error('no');
        },
      }),
    ],
  ])('%s', async (message, settings) => {
    expect(((await errorOf(simulate(settings as never))) as Error).message).toBe(
      `Cannot simulate: ${message}`,
    );
  });

  it.each<[string, object]>([
    ['fractions that make a whole', { ...SOME, dependency: [{ for: 1, hang: 0.7, failures: 0.3 }] }],
    [
      'parts that are all',
      { ...SOME, dependency: [{ for: 1, failures: 1, hang: 0, only: [0], capacity: 0.5 }] },
    ],
    ['arrivals by chance', { ...SOME, traffic: { rate: 1, arrivals: 'poisson' } }],
    ['an incident of no time', { trace: [{ t: 0, ok: true, ms: 1 }], incidents: [{ from: 2, to: 2 }] }],
  ])('but not %s', async (_, settings) => {
    expect(await simulate(settings as never)).toMatchObject({ seed: 1 });
  });
});
