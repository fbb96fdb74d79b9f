/** Opossum's API row by row: which scenarios prove that a row is the same, and which that it differs. */
export interface SurfaceRow {
  readonly row: string;
  /** Names of scenarios that end alike with opossum 8, 9 and 10. */
  readonly same?: readonly string[];
  /** Names of scenarios that end otherwise there. */
  readonly better?: readonly string[];
}

export const SURFACE: readonly SurfaceRow[] = [
  {
    row: 'new CircuitBreaker(action, options)',
    same: ['refuses to be made without an action', 'gives a value that stands in place of an action'],
    better: ['never writes to the options that it is given'],
  },
  {
    row: 'fire(), call()',
    same: [
      'tells a success, with its arguments',
      'gives `call` a this',
      'takes a synchronous action, and one that throws',
    ],
    better: [
      'takes an action that gives nothing for a success',
      'hands a throw of a disabled action on as a rejection',
    ],
  },
  {
    row: 'fallback()',
    same: [
      'answers by a fallback, which gets the arguments and the error',
      'falls back to another breaker',
      'answers a timeout by its fallback',
      'answers a full semaphore by its fallback',
      'takes a filtered error for a success, without the fallback',
      'is rejected as its fallback is, and as it throws',
      'is rejected as a fallback that is a breaker is',
      'hands a fallback itself as `this`, the arguments, and the error last',
    ],
  },
  {
    row: 'healthCheck()',
    same: ['opens when a health check fails', 'checks the health at once, and each interval'],
    better: [
      'survives a health check that throws',
      'takes a plain value of a health check for a passed one',
      'ends its health checks at a shutdown',
    ],
  },
  {
    row: 'open(), close()',
    same: ['opens and closes by hand, and tells it once'],
    better: ['is not revived after a shutdown'],
  },
  {
    row: 'enable(), disable()',
    same: ['runs the action alone while it is disabled', 'keeps its state while it is disabled'],
  },
  {
    row: 'shutdown()',
    same: ['rejects after a shutdown', 'lets calls in flight settle after a shutdown, and tells nobody'],
    better: ['is not revived after a shutdown', 'ends its health checks at a shutdown'],
  },
  { row: 'clearCache()', same: ['keeps a result'] },
  { row: 'toJSON()', same: ['tells its state and its numbers as JSON'], better: ['tells when it opened'] },
  {
    row: 'getSignal(), getAbortController()',
    same: ['aborts its controller at a timeout', 'renews its controller at half-open'],
    better: ['gives each call a signal that is not aborted, where controllers are renewed'],
  },
  {
    row: 'name group enabled closed opened … action semaphore',
    same: [
      'has the members that people read',
      'lets one probe through',
      'tells half-open by itself, and closes at a success',
      'heeds a timeout that is set later',
      'heeds a percentage and a reset timeout that are set later',
    ],
  },
  { row: 'core', better: ['says in the cause what the core knows', 'gives up a probe that never settles'] },
  {
    row: 'isOurError()',
    same: ['knows each of its errors, and nobody else’s'],
    better: ['takes anything for no error of its own'],
  },
  { row: 'newStatus()', same: ['begins with the numbers that are handed over'] },
  {
    row: 'status.stats, .window, snapshot',
    same: [
      'tells snapshots of its numbers',
      'tells percentiles, or -1 where it takes none',
      'marks the buckets in which it opened',
      'counts in buckets',
      'counts what a fallback answered, and what was rejected',
    ],
    better: ['keeps a thousand latencies of a bucket, however many calls there are'],
  },
  { row: 'status.increment()', better: ['is not steered by what is written into `status`'] },
  {
    row: 'errors',
    same: ['knows each of its errors, and nobody else’s', 'ends a call at its timeout'],
    better: ['says in the cause what the core knows'],
  },
  {
    row: 'timeout, resetTimeout',
    same: [
      'has the defaults in its options',
      'keeps zeros',
      'has no timeout at 0, nor where it is false',
      'takes no `undefined` for a value: defaults stand',
    ],
    better: ['refuses a timeout that is no number'],
  },
  {
    row: 'errorThresholdPercentage',
    same: ['opens at a failure, and rejects from then on', 'opens at no failures at all above 100'],
    better: [
      'opens at 100 when all calls have failed',
      'opens above the percentage to the digit: 7 of 25 are not above 28',
      'takes its rate of calls that have settled',
    ],
  },
  {
    row: 'volumeThreshold',
    same: [
      'waits for the volume',
      'asks no volume of a probe',
      'opens with the call that reaches the volume, not before',
    ],
    better: ['takes a volume in a string for a number', 'asks its volume of calls that have settled'],
  },
  {
    row: 'rollingCountTimeout, rollingCountBuckets, rollingPercentilesEnabled, enableSnapshots',
    same: [
      'counts in buckets',
      'tells percentiles, or -1 where it takes none',
      'tells no snapshot where they are not wanted',
    ],
    better: ['forgets the failures from before a close, where `status` shows them still'],
  },
  {
    row: 'rotateBucketController',
    same: ['hangs on a controller of buckets, lets it go when disabled, and takes it up again'],
    better: ['opens by the time, whoever moves the buckets of `status`'],
  },
  {
    row: 'capacity',
    same: ['counts places of the semaphore, and rejects without one'],
    better: ['opens nothing when the semaphore is full'],
  },
  {
    row: 'errorFilter',
    same: [
      'closes at a probe whose error is filtered',
      'asks the filter with the arguments, of a timeout and a full semaphore too',
    ],
    better: ['gives the caller the action’s error where the filter throws, and steers nothing by it'],
  },
  {
    row: 'allowWarmUp',
    same: ['lets nothing open while it warms up'],
    better: ['opens again at a probe that fails while it warms up'],
  },
  {
    row: 'cache, cacheTTL, cacheSize, cacheGetKey, cacheTransport',
    same: [
      'has a value fall out of the cache, by its time and by the size of the cache',
      'asks for the key, and a transport',
      'asks the cache before the state',
      'shares no cache with another breaker',
      'refuses helpers that lack what they need',
    ],
    better: ['asks a transport that answers promises', 'loses no call to a cache that throws'],
  },
  {
    row: 'coalesce, coalesceTTL, coalesceSize, coalesceResetOn',
    same: [
      'makes one call of those in flight with one key',
      'gives a failing call to all that wait for it',
      'coalesces until the time is over, where nothing resets it',
      'tells of calls that are made one',
    ],
    better: ['keeps no error that is thrown at once for the next, where errors reset'],
  },
  {
    row: 'abortController, autoRenewAbortController',
    same: ['aborts its controller at a timeout', 'renews its controller at half-open'],
  },
  {
    row: 'state, status',
    same: [
      'begins in a state that is handed over',
      'begins half-open where the reset timeout has passed meanwhile, and shut down',
      'begins with the numbers that are handed over',
    ],
    better: ['waits for the rest of a reset timeout that is handed over, not for all of it'],
  },
  {
    row: 'enabled, name, group, maxFailures, any other key',
    same: [
      'runs the action alone while it is disabled',
      'has the members that people read',
      'says that `maxFailures` is of the past, and heeds no option that it does not know',
    ],
  },
  {
    row: 'events and what they hand over',
    same: [
      'lists the events that exporters subscribe to',
      'hands listeners what they expect',
      'hands listeners of what seldom happens what they expect',
      'tells a fallback before what it promised is there',
      'tells half-open by itself, and closes at a success',
      'rejects in the opening itself: the listener of `open` meets an open circuit',
      'tells what it tells by its own `emit`, as spies expect',
    ],
    better: ['lets a listener that throws hinder nobody'],
  },
  {
    row: 'late results, stuck probes',
    same: ['is not closed by a success that comes while it is open'],
    better: ['lets a late success of an older time close nothing', 'gives up a probe that never settles'],
  },
];
