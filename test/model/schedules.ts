/** What may happen to a breaker, as commands of fast-check that print what they do. */
import fc from 'fast-check';
import type { Config, WindowConfig } from './model.js';
import type { SimulatedTime } from './simulated-time.js';
import { type Ending, type Listening, type Verdict, World } from './world.js';

export type Step = fc.AsyncCommand<World, World>;

/** How much time passes: an amount, or one that depends on what the breaker is waiting for. */
type Span =
  | number
  | 'a bucket'
  | 'almost the recovery'
  | 'the recovery'
  | 'a lease'
  | 'more than a lease'
  | 'almost a slow call'
  | 'a slow call'
  | 'a day';

const DAY = 86_400_000;

function step(
  label: string,
  run: (world: World) => unknown,
  check: (world: World) => boolean = () => true,
): Step {
  return {
    check,
    async run(_, world) {
      await run(world);
      await world.verify();
    },
    toString: () => label,
  };
}

function spanOf(span: Span, { breaker, model }: World): number {
  const { window, slowCallDuration, probeTimeout } = model.options;
  const slow = slowCallDuration || 0;
  const recovery = breaker.metrics.retryAfter ?? 0;
  switch (span) {
    case 'a bucket':
      return window.type === 'time' ? window.duration / window.buckets : 100;
    case 'almost the recovery':
      return Math.max(recovery - 1, 0);
    case 'the recovery':
      return recovery;
    case 'a lease':
      return probeTimeout;
    case 'more than a lease':
      return probeTimeout + 1;
    case 'almost a slow call':
      return Math.max(slow - 1, 0);
    case 'a slow call':
      return slow;
    case 'a day':
      return DAY;
    default:
      return span;
  }
}

const optional = <T>(...values: readonly [T, ...T[]]) =>
  fc.option(fc.constantFrom(...values), { nil: undefined, freq: 2 });

const timeWindow = (duration: number, buckets: number): WindowConfig => ({ type: 'time', duration, buckets });
const countWindow = (size: number): WindowConfig => ({ type: 'count', size });

/** Options that may change; those that are `undefined` are left out. */
const CHANGES = {
  failureThreshold: optional<number | false>(1, 2, 3, false),
  failureRateThreshold: optional<number | false>(0.5, 0, 0.25, 1, false),
  slowCallDuration: optional<number | false>(50, 1, 100, 0, false),
  slowCallRateThreshold: optional(0.5, 0, 1),
  minimumCalls: optional(2, 1, 3, 4),
  window: optional(
    countWindow(4),
    countWindow(2),
    countWindow(8),
    timeWindow(1_000, 4),
    timeWindow(600, 3),
    timeWindow(400, 1),
  ),
  recoveryTimeout: optional<number | 'linear' | 'doubling'>(100, 0, 1_000, 'linear', 'doubling'),
  halfOpenMaxCalls: optional(1, 2, 3),
  successThreshold: optional(1, 2, 3),
  probeTimeout: optional(50, 0, 500),
  callTimeout: optional<number | false>(false, 50, 200, 0),
  maxConcurrentCalls: optional(Number.POSITIVE_INFINITY, 1, 2, 5),
  mode: fc.constantFrom<'active' | 'observe' | undefined>('active', 'active', undefined, 'observe'),
};

const FIXED = {
  filters: optional(true),
  ownRule: fc.constantFrom(true, undefined),
  fallbackOn: optional<'rejection' | 'failure' | 'any'>('any', 'rejection', 'failure'),
};

/** A config without the members that are not given. */
const given = (config: object): Config => JSON.parse(JSON.stringify(config), reviveInfinity);
const reviveInfinity = (key: string, value: unknown) =>
  key === 'maxConcurrentCalls' && value === null ? Number.POSITIVE_INFINITY : value;

const isPossible = ({ window = countWindow(100), minimumCalls = 1 }: Config) =>
  window.type === 'time' || minimumCalls <= window.size;

/** A rate of slow calls is refused where nobody says which calls are slow. */
const sayWhatIsSlow = (config: Config): Config =>
  config.slowCallRateThreshold === undefined ? config : { slowCallDuration: 50, ...config };

/** What a breaker begins with: often such that few calls decide. */
const BEGINNING = {
  ...CHANGES,
  ...FIXED,
  slowCallDuration: fc.constantFrom<(number | false)[]>(false, 50, 50, 100, 0),
  slowCallRateThreshold: fc.constantFrom(undefined, 0, 0.5, 0.5, 1),
  minimumCalls: fc.constantFrom(undefined, 1, 2, 2, 3),
};

/** What times no call, and answers for none, takes the shortest way through the breaker. */
const plain = ({
  slowCallDuration,
  slowCallRateThreshold,
  callTimeout,
  fallbackOn,
  ...rest
}: Config): Config => rest;

export const configs: fc.Arbitrary<Config> = fc
  .tuple(fc.record(BEGINNING).map(given).map(sayWhatIsSlow), fc.integer({ min: 1, max: 3 }))
  .map(([config, die]) => (die === 3 ? plain(config) : config))
  .filter(isPossible);

export const listenings = fc.constantFrom<Listening[]>('everything', 'transitions', 'nothing');

const endings = fc.constantFrom<Ending[]>(
  ...(['success', 'success', 'failure', 'failure', 'failure'] as const),
  ...(['excluded', 'untracked', 'bad', 'skip', 'ignore', 'dispose', 'own', 'wrapped'] as const),
);

const spans = fc.constantFrom<Span[]>(
  ...([
    'the recovery',
    'the recovery',
    'almost the recovery',
    'a bucket',
    'a lease',
    'more than a lease',
  ] as const),
  ...(['almost a slow call', 'a slow call', 'a day', 0, 1, 30] as const),
);

const picks = fc.nat({ max: 4 });
const pick = <T>(from: readonly T[], index: number): T => from[index % from.length] as T;

const starts = fc
  .tuple(
    fc.constantFrom('call' as const, 'tryCall' as const),
    optional<number | false>(50, 0, false),
    fc.boolean(),
  )
  .map(([how, callTimeout, hasSignal]) =>
    step(
      `${how}(${callTimeout === undefined ? '' : `callTimeout: ${callTimeout}`}${hasSignal ? ' with a signal' : ''})`,
      (world) => world.start(how, callTimeout, hasSignal),
    ),
  );

/** A call that starts and ends within the step, however long it is said to take. */
const wholeCalls = fc
  .tuple(fc.constantFrom('call' as const, 'tryCall' as const), endings)
  .map(([how, ending]) =>
    step(`${how} that ends at once: ${ending}`, (world) => world.callAtOnce(how, ending)),
  );

/** Enough calls to fill a window, and to turn it over. */
const series = fc
  .array(fc.constantFrom<Ending[]>('success', 'success', 'success', 'failure', 'excluded'), {
    minLength: 2,
    maxLength: 9,
  })
  .map((all) =>
    step(`calls one after the other: ${all.join(', ')}`, async (world) => {
      for (const [i, ending] of all.entries()) {
        if (i > 0) await world.verify();
        world.callSync(ending, 0);
      }
    }),
  );

const burst = fc.integer({ min: 2, max: 5 }).map((calls) =>
  step(`${calls} tryCalls in a row`, async (world) => {
    for (let i = 0; i < calls; i++) {
      if (i > 0) await world.verify();
      await world.start('tryCall', undefined, false);
    }
  }),
);

const slowCalls = fc
  .tuple(
    fc.integer({ min: 1, max: 3 }),
    fc.constantFrom<Ending[]>('success', 'success', 'success', 'failure', 'excluded'),
  )
  .map(([calls, ending]) =>
    step(`${calls} slow calls one after the other: ${ending}`, async (world) => {
      for (let i = 0; i < calls; i++) {
        if (i > 0) await world.verify();
        const before = world.begun.length;
        await world.start('call', false, false);
        await world.verify();
        await world.pass(spanOf('a slow call', world), false);
        const begun = world.begun[before];
        if (begun !== undefined) world.settle(begun, ending);
      }
    }),
  );

/** Random steps alone come here too seldom to see much of what happens there. */
const halfOpen = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.boolean()).map(([probes, arePermits]) =>
  step(
    `trip, recover and start ${probes} probes${arePermits ? ' by permit' : ''}`,
    async (world) => {
      world.control('trip');
      await world.verify();
      await world.pass(spanOf('the recovery', world), false);
      for (let i = 0; i < probes; i++) {
        await world.verify();
        if (arePermits) world.startPermit('tryAcquire');
        else await world.start('tryCall', undefined, false);
      }
    },
    ({ model }) => !model.forced,
  ),
);

/** Two probes of different age, of which the older ends. */
const staggered = step(
  'start a probe, pass 30, start another, and end the first',
  async (world) => {
    const before = world.begun.length;
    await world.start('call', false, false);
    await world.verify();
    await world.pass(30, false);
    await world.verify();
    await world.start('call', false, false);
    await world.verify();
    const begun = world.begun[before];
    if (begun !== undefined) world.settle(begun, 'excluded');
  },
  ({ model }) => model.state === 'HALF_OPEN',
);

const expiry = step(
  'outlive the lease of a probe and ask',
  async (world) => {
    await world.pass(spanOf('more than a lease', world), false);
    await world.verify();
    await world.start('call', undefined, false);
  },
  ({ model }) => model.probes.length > 0,
);

/** Calls that make calls through the same breaker while it probes: who is rejected ends those around it. */
const nested = fc
  .tuple(
    fc.integer({ min: 2, max: 3 }),
    fc.integer({ min: 1, max: 3 }),
    fc.constantFrom<(Ending | 'none')[]>('success', 'success', 'failure', 'none'),
    fc.boolean(),
  )
  .map(([depth, rounds, ending, fromOpen]) =>
    step(
      `${rounds} calls, ${depth} deep: ${ending}${fromOpen ? ', when it has tripped and may probe' : ''}`,
      async (world) => {
        if (fromOpen && !world.model.forced) {
          world.control('trip');
          await world.verify();
          await world.pass(spanOf('the recovery', world), false);
          await world.verify();
        }
        for (let round = 0; round < rounds; round++) {
          const before = world.begun.length;
          for (let level = 0; level < depth; level++) {
            await world.start('call', undefined, false);
            await world.verify();
            if (world.begun.length <= before + level) break;
          }
          const all = world.begun.slice(before);
          const isRejected = all.length < depth;
          if (!isRejected && ending === 'none') continue; // they hang
          for (const begun of all.reverse()) {
            world.settle(begun, isRejected || ending === 'none' ? 'wrapped' : ending);
            await world.verify();
          }
        }
      },
    ),
  );

/** What a partner does, often all of it: random steps alone seldom come to a probe that it has given leave for. */
const shared = fc
  .tuple(fc.constantFrom(0, 100, 1_000), fc.constantFrom(1, 4), fc.boolean(), fc.integer({ min: 1, max: 3 }))
  .map(([wait, attempt, isGranting, probes]) =>
    step(
      `the partner opens for ${wait}, attempt ${attempt}, ${isGranting ? 'grants' : 'gives'} leave for ${probes}`,
      async (world) => {
        world.grantLeave(isGranting);
        world.seatOpen(wait, attempt);
        await world.verify();
        await world.pass(spanOf('the recovery', world), false);
        await world.verify();
        for (let probe = 0; probe < probes; probe++) {
          if (!isGranting) world.giveLeave();
          await world.start('tryCall', undefined, false);
          await world.verify();
        }
      },
    ),
  );

const partner = fc.constantFrom(
  step('seat.open(0)', (world) => world.seatOpen(0, 2)),
  step('seat.open(100)', (world) => world.seatOpen(100, 1)),
  step('seat.close()', (world) => world.seatClose()),
  step('seat.release()', (world) => world.seatRelease()),
  step('seat.release(30)', (world) => world.seatRelease(30)),
  step('seat.defer(50)', (world) => world.seatDefer(50)),
  step('leave is at hand', (world) => world.giveLeave()),
  step('leave is given to who asks', (world) => world.grantLeave(true)),
  step('leave is given to nobody', (world) => world.grantLeave(false)),
);

const detectors = fc
  .constantFrom<Verdict[]>('off', 'admit', 'admit', 'refuse', 'trip', 'trip on failure')
  .map((verdict) => step(`detector: ${verdict}`, (world) => world.detect(verdict)));

const arrivals = fc
  .tuple(picks, endings, fc.constantFrom<Span[]>(30, 'a lease', 'a slow call', 'a day'))
  .map(([index, ending, span]) =>
    step(
      `freeze for ${span}, and find the answer of pending call ${index}: ${ending}`,
      (world) => world.freezeUntilAnswered(spanOf(span, world), pick(world.pending, index), ending),
      (world) => world.pending.length > 0,
    ),
  );

const settlements = fc.tuple(picks, endings).map(([index, ending]) =>
  step(
    `settle pending call ${index}: ${ending}`,
    (world) => world.settle(pick(world.pending, index), ending),
    (world) => world.pending.length > 0,
  ),
);

const updates = fc
  .tuple(fc.constantFrom(...(Object.keys(CHANGES) as (keyof typeof CHANGES)[])), fc.record(CHANGES))
  .map(([key, all]) => sayWhatIsSlow(given({ [key]: all[key] })))
  .map((change) => {
    return step(`update(${JSON.stringify(change)})`, (world) => world.update(change));
  });

export const steps: fc.Arbitrary<Step>[] = [
  starts,
  starts,
  wholeCalls,
  wholeCalls,
  wholeCalls,
  burst,
  series,
  series,
  fc.constant(staggered),
  slowCalls,
  halfOpen,
  fc.constant(expiry),
  nested,
  shared,
  partner,
  partner,
  detectors,
  arrivals,
  settlements,
  settlements,
  settlements,
  fc
    .constantFrom('acquire' as const, 'tryAcquire' as const)
    .map((how) => step(`${how}()`, (world) => world.startPermit(how))),
  fc
    .tuple(endings, fc.constantFrom<Span[]>(0, 0, 'a slow call', 'almost a slow call'))
    .map(([ending, took]) =>
      step(`callSync: ${ending}, taking ${took}`, (world) => world.callSync(ending, spanOf(took, world))),
    ),
  fc
    .tuple(spans, fc.boolean())
    .map(([span, isFrozen]) =>
      step(`${isFrozen ? 'freeze for' : 'pass'} ${span}`, (world) =>
        world.pass(spanOf(span, world), isFrozen),
      ),
    ),
  spans.map((span) => step(`pass ${span}`, (world) => world.pass(spanOf(span, world), false))),
  picks.map((index) =>
    step(
      `abort call ${index}`,
      (world) => world.abort(pick(world.abortable, index)),
      (world) => world.abortable.length > 0,
    ),
  ),
  picks.map((index) =>
    step(
      `settle a settled permit again: ${index}`,
      (world) => world.settleAgain(pick(settledPermits(world), index)),
      (world) => settledPermits(world).length > 0,
    ),
  ),
  fc
    .constantFrom('call' as const, 'tryCall' as const)
    .map((how) => step(`${how}(already aborted)`, (world) => world.startAborted(how))),
  fc
    .constantFrom(
      'trip' as const,
      'trip' as const,
      'forceOpen' as const,
      'forceClosed' as const,
      'reset' as const,
    )
    .map((how) => step(`${how}()`, (world) => world.control(how))),
  updates,
  fc.constantFrom(0, 1_000_003, -77_777).map((origin) =>
    step(`go on in another process, clock from ${origin}`, (world) => {
      world.save();
      world.restoreElsewhere(origin);
    }),
  ),
  fc.constant(step('take a snapshot', (world) => world.save())),
  fc.constantFrom(0, 1_000_003, -77_777).map((origin) =>
    step(
      `restore into a new breaker, clock from ${origin}`,
      (world) => world.restoreElsewhere(origin),
      (world) => world.saved !== undefined,
    ),
  ),
  fc.constant(
    step(
      'restore into the running breaker',
      (world) => world.restoreHere(),
      (world) => world.saved !== undefined,
    ),
  ),
  fc
    .constantFrom(-DAY, -150, 150, DAY)
    .map((ms) => step(`wall clock jumps ${ms}`, (world) => world.jumpWall(ms))),
  listenings.map((listening) => step(`listen to ${listening}`, (world) => world.listen(listening))),
];

const settledPermits = ({ begun }: World) =>
  begun.filter(({ permit, isTaskOver }) => permit !== undefined && isTaskOver);

/** Runs a schedule, and then sees that a healthy dependency leads back to CLOSED. */
export async function runSchedule(
  time: SimulatedTime,
  config: Config,
  listening: Listening,
  schedule: Iterable<Step>,
  healBy: 'call' | 'callSync',
): Promise<World> {
  const restore = time.install();
  try {
    const world = new World(time, config, listening);
    await world.verify();
    await fc.asyncModelRun(() => ({ model: world, real: world }), schedule);
    await world.heal(healBy);
    return world;
  } finally {
    restore();
  }
}
