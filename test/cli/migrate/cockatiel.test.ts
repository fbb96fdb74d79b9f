import { describe, expect, it } from 'vitest';
import { migrated, project } from './project.js';

const change = async (source: string, file?: string) => (await migrated('cockatiel', source, file)).text;

/** A file with one breaker. */
const withBreaker = (options: string, policy = 'handleAll', imports = '') =>
  `import { circuitBreaker, handleAll, ${imports || 'ConsecutiveBreaker'} } from 'cockatiel';
const b = circuitBreaker(${policy}, ${options});
`;

const FIVE = 'breaker: new ConsecutiveBreaker(5)';

/** The members of the breaker that is made, without those that are always the same. */
async function membersOf(options: string, policy?: string, imports?: string): Promise<string[]> {
  const text = await change(withBreaker(options, policy, imports));
  const [, body = text] = /new CircuitBreaker\(\{\n([\s\S]*)\n\}\);/.exec(text) ?? [];
  return body
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== "name: 'b',");
}

describe('the rules of a breaker', () => {
  it.each([
    ['new ConsecutiveBreaker(5)', ['failureThreshold: 5,', 'failureRateThreshold: false,']],
    [
      'new ConsecutiveBreaker(config.failures)',
      ['failureThreshold: config.failures,', 'failureRateThreshold: false,'],
    ],
    [
      'new CountBreaker({ threshold: 0.5, size: 100 })',
      [
        'failureThreshold: false,',
        'failureRateThreshold: 0.5,',
        "window: { type: 'count', size: 100 },",
        'minimumCalls: 100,',
      ],
    ],
    [
      'new CountBreaker({ size, threshold, minimumNumberOfCalls: size / 2 })',
      [
        'failureThreshold: false,',
        'failureRateThreshold: threshold,',
        "window: { type: 'count', size: size },",
        'minimumCalls: size / 2,',
      ],
    ],
    [
      'new SamplingBreaker({ threshold: 0.2, duration: 30 * 1000 })',
      [
        'failureThreshold: false,',
        'failureRateThreshold: 0.2,',
        "window: { type: 'time', duration: 30 * 1000, buckets: 30 },",
        'minimumCalls: 750,',
      ],
    ],
    [
      'new SamplingBreaker({ threshold: 0.3, duration: 2_500, minimumRps: 1.1 })',
      [
        'failureThreshold: false,',
        'failureRateThreshold: 0.3,',
        "window: { type: 'time', duration: 2_500, buckets: 5 },",
        'minimumCalls: 3,',
      ],
    ],
  ])('%s', async (rule, expected) => {
    const imports = 'ConsecutiveBreaker, CountBreaker, SamplingBreaker';

    const members = await membersOf(`{ halfOpenAfter: 1, breaker: ${rule} }`, 'handleAll', imports);

    expect(members).toEqual([
      ...expected,
      'recoveryTimeout: 1,',
      'halfOpenMaxCalls: 1,',
      'successThreshold: 1,',
    ]);
  });

  it.each([
    ['halfOpenAfter: n * 2', 'recoveryTimeout: n * 2,'],
    ['halfOpenAfter: new ConstantBackoff(n)', 'recoveryTimeout: n,'],
    [
      'halfOpenAfter: new ExponentialBackoff()',
      'recoveryTimeout: exponentialBackoff({ initial: 128, max: 30_000 }),',
    ],
    [
      'halfOpenAfter: new ExponentialBackoff({ maxDelay, exponent: 3 })',
      'recoveryTimeout: exponentialBackoff({ initial: 128, max: maxDelay, factor: 3 }),',
    ],
  ])('%s', async (option, expected) => {
    const imports = 'ConsecutiveBreaker, ConstantBackoff, ExponentialBackoff';

    expect(await membersOf(`{ ${option}, ${FIVE} }`, 'handleAll', imports)).toContain(expected);
  });

  it('takes as many probes as it was given', async () => {
    const members = await membersOf(
      `{ halfOpenAfter: 1, halfOpenSampling: { calls: 4, threshold: 0 }, ${FIVE} }`,
    );

    expect(members.slice(-2)).toEqual(['halfOpenMaxCalls: 4,', 'successThreshold: 4,']);
  });

  it.each([
    ['handleType(A)', '[A]'],
    ['handleType(A).orType(B.C)', '[A, B.C]'],
    ['handleType(A, e => e.status > 499)', '[(e) => e instanceof A && e.status > 499]'],
    ['handleType(A, (e: A) => e.x || e.y)', '[(e) => e instanceof A && (e.x || e.y)]'],
    ['handleType(A, (e) => (e.x ? 1 : 0))', '[(e) => e instanceof A && (e.x ? 1 : 0)]'],
    ['handleType(A, isDown)', '[(error) => error instanceof A && isDown(error)]'],
    ['handleType(A, ({ x }) => x)', '[(error) => error instanceof A && (({ x }) => x)(error)]'],
    [
      'handleType(A, (e) => { return e.x; })',
      '[(error) => error instanceof A && ((e) => { return e.x; })(error)]',
    ],
    ['handleWhen((e) => e.x).orType(A).orWhen(isDown)', '[(e) => e.x, A, isDown]'],
  ])('the errors of %s', async (policy, expected) => {
    const imports = 'ConsecutiveBreaker, handleType, handleWhen';
    const source = withBreaker(`{ halfOpenAfter: 1, ${FIVE} }`, policy, imports);

    const { text, report } = await migrated('cockatiel', source);

    expect(text).toContain(`  trackedErrors: ${expected},\n});`);
    expect(report).toEqual([
      [2, 'other-errors'],
      [2, 'rejected-not-held'],
    ]);
  });

  it('is laid out as the file is: tabs, CRLF, the indentation of the call', async () => {
    const source = [
      'import { circuitBreaker, ConsecutiveBreaker, handleAll } from "cockatiel"',
      'class A {',
      '\t#b = circuitBreaker(handleAll, { halfOpenAfter: 1, breaker: new ConsecutiveBreaker(5) })',
      '}',
    ].join('\r\n');

    expect(await change(source)).toBe(
      [
        'import { CircuitBreaker } from "recloser"',
        'class A {',
        '\t#b = new CircuitBreaker({',
        "\t\tname: 'b',",
        '\t\tfailureThreshold: 5,',
        '\t\tfailureRateThreshold: false,',
        '\t\trecoveryTimeout: 1,',
        '\t\thalfOpenMaxCalls: 1,',
        '\t\tsuccessThreshold: 1,',
        '\t})',
        '}',
      ].join('\r\n'),
    );
  });

  it('is laid out as its options were', async () => {
    const text = await change(`import { circuitBreaker, ConsecutiveBreaker, handleAll } from 'cockatiel';
function make() {
  if (x) {
    const b = circuitBreaker(handleAll, {
       halfOpenAfter: 1,
       breaker: new ConsecutiveBreaker(5),
    });
  }
}
`);

    expect(text).toContain(`new CircuitBreaker({
       name: 'b',
       failureThreshold: 5,
       failureRateThreshold: false,
       recoveryTimeout: 1,
       halfOpenMaxCalls: 1,
       successThreshold: 1,
    });`);
  });

  it('keeps comments beside what they are about', async () => {
    const text =
      await change(`import { circuitBreaker, /* all */ SamplingBreaker, handleAll } from 'cockatiel';
const b = circuitBreaker(
  handleAll, // every error
  {
    // half a minute
    halfOpenAfter: 30_000, // then one probe
    breaker: new SamplingBreaker({
      threshold: 0.2, // one in five
      /* the last minute */
      duration: 60_000,
    }),
    // nothing more
  },
);
`);

    expect(text).toBe(`/* all */
import { CircuitBreaker } from 'recloser';
const b = new CircuitBreaker({
  // every error
  name: 'b',
  failureThreshold: false,
  failureRateThreshold: 0.2, // one in five
  /* the last minute */
  window: { type: 'time', duration: 60_000, buckets: 60 },
  minimumCalls: 1500,
  // half a minute
  recoveryTimeout: 30_000, // then one probe
  halfOpenMaxCalls: 1,
  successThreshold: 1,
  // nothing more
});
`);
  });
});

describe('comments in a definition on one line', () => {
  it.each([
    ['halfOpenAfter: 1 /* ms */, breaker: new ConsecutiveBreaker(5)', '  recoveryTimeout: 1, /* ms */'],
    [
      'halfOpenAfter: 1, /* in a row */ breaker: new ConsecutiveBreaker(5)',
      '  /* in a row */\n  failureThreshold: 5,',
    ],
  ])('stay on their side of the comma: %s', async (options, expected) => {
    const text = await change(`import { circuitBreaker, ConsecutiveBreaker, handleAll } from 'cockatiel';
const b = circuitBreaker(handleAll, { ${options} });
`);

    expect(text).toContain(`${expected}\n`);
  });
});

describe('the uses of a breaker', () => {
  const HEAD = withBreaker(
    `{ halfOpenAfter: 1, ${FIVE} }`,
    'handleAll',
    'ConsecutiveBreaker, CircuitState, BrokenCircuitError, isBrokenCircuitError',
  );

  it.each([
    ['b.execute(f);', 'b.call(f);'],
    ['b.execute(() => f(1), signal);', 'b.call(() => f(1), { signal });'],
    ['b.execute(f, (req.signal));', 'b.call(f, { signal: (req.signal) });'],
    ['b.execute(() => b.execute(f, s), signal);', 'b.call(() => b.call(f, { signal: s }), { signal });'],
    ['b?.execute(f);', 'b?.call(f);'],
    ['b.onBreak(() => x());', "b.on('open', () => x());"],
    [
      'b.onReset( async () => x() );',
      "b.on('close',  async () => x() );".replace("'close',  a", "'close', a").replace('on(', 'on( '),
    ],
    ['b.onHalfOpen(function () { x(); });', "b.on('halfOpen', function () { x(); });"],
    ['function opened() {}\nb.onBreak(opened);', "function opened() {}\nb.on('open', opened);"],
    ['if (b.state === CircuitState.HalfOpen) x();', 'if (b.state === CircuitState.HALF_OPEN) x();'],
    ['if (!(e instanceof BrokenCircuitError)) throw e;', 'if (!(isCircuitBreakerOpenError(e))) throw e;'],
    ['x = (e as Error) instanceof BrokenCircuitError;', 'x = isCircuitBreakerOpenError((e as Error));'],
    ['if (isBrokenCircuitError(e)) x();', 'if (isCircuitBreakerOpenError(e)) x();'],
    ['errors.filter(isBrokenCircuitError);', 'errors.filter(isCircuitBreakerOpenError);'],
    ['if (!b) x();', 'if (!b) x();'],
  ])('%s', async (source, expected) => {
    const text = await change(HEAD + source);

    expect(text.slice(text.indexOf('});\n') + 4)).toBe(expected);
  });

  it('changes the types, and imports what is used as it was imported', async () => {
    const text = await change(`import type { CircuitBreakerPolicy } from 'cockatiel';
export class Client {
  constructor(private readonly breaker: CircuitBreakerPolicy) {}
  get(id: string) {
    return this.breaker.execute(() => load(id));
  }
}
export const search = (breaker: CircuitBreakerPolicy | undefined) => breaker?.execute(find);
`);

    expect(text).toBe(`import type { CircuitBreaker } from 'recloser';
export class Client {
  constructor(private readonly breaker: CircuitBreaker) {}
  get(id: string) {
    return this.breaker.call(() => load(id));
  }
}
export const search = (breaker: CircuitBreaker | undefined) => breaker?.call(find);
`);
  });

  it('makes one import of two, with a name of its own kept', async () => {
    const text = await change(`import type { CircuitBreakerPolicy } from 'cockatiel';
import { CircuitState as S } from 'cockatiel';
export const isUp = (b: CircuitBreakerPolicy) => b.state !== S.Open;
`);

    expect(text).toBe(`import { type CircuitBreaker, CircuitState as S } from 'recloser';
export const isUp = (b: CircuitBreaker) => b.state !== S.OPEN;
`);
  });

  it('changes a destructured require', async () => {
    const text = await change(
      `const { circuitBreaker: make, handleAll, ConsecutiveBreaker, CircuitState } = require("cockatiel")
let b
function get() {
    if (!b) b = make(handleAll, { ${FIVE}, halfOpenAfter: 1 })
    return b.execute(f)
}
const isOpen = () => b.state === CircuitState.Open
`,
      'a.js',
    );

    expect(text).toBe(`const { CircuitBreaker, CircuitState } = require("recloser")
let b
function get() {
    if (!b) b = new CircuitBreaker({
        name: 'b',
        failureThreshold: 5,
        failureRateThreshold: false,
        recoveryTimeout: 1,
        halfOpenMaxCalls: 1,
        successThreshold: 1,
    })
    return b.call(f)
}
const isOpen = () => b.state === CircuitState.OPEN
`);
  });
});

describe('an obstacle', () => {
  const HEAD = withBreaker(
    `{ halfOpenAfter: 1, ${FIVE} }`,
    'handleAll',
    'ConsecutiveBreaker, CircuitState, BrokenCircuitError, retry, wrap, timeout, bulkhead, fallback, usePolicy',
  );

  it.each([
    'wrap(retry(handleAll, { maxAttempts: 3 }), b);',
    'const t = timeout(100);',
    'const l = bulkhead(2);',
    'const f = fallback(handleAll, 1);',
    'b.isolate();',
    'b.onStateChange(() => x());',
    'b.onSuccess(() => x());',
    'b.onBreak((reason) => x(reason));',
    'b.onBreak(function () { x(arguments); });',
    'b.onBreak(listener);',
    'const listening = b.onBreak(() => x());',
    'b.toJSON();',
    'use(b);',
    'export { b };',
    'const run = b.execute.bind(b);',
    'b.execute(...args);',
    'b["execute"](f);',
    'if (b.state === 1) x();',
    'switch (b.state) { case 0: x(); }',
    'x(CircuitState.Isolated);',
    'x(CircuitState[b.state]);',
    'class Mine extends BrokenCircuitError {}',
    'const CircuitBreaker = 1;',
    "import { CircuitBreaker } from 'somewhere';",
    'const c = circuitBreaker(handleAll, options);',
    'const c = circuitBreaker(handleAll, { ...options });',
    `const c = circuitBreaker(handleAll, { halfOpenAfter: 1, initialState, ${FIVE} });`,
    'const c = circuitBreaker(handleAll, { halfOpenAfter: 1, breaker });',
    `const c = circuitBreaker(other, { halfOpenAfter: 1, ${FIVE} });`,
    `export const c = circuitBreaker(handleAll, { halfOpenAfter: 1, ${FIVE} });`,
    `const all = { c: circuitBreaker(handleAll, { halfOpenAfter: 1, ${FIVE} }) };`,
    `circuitBreaker(handleAll, { halfOpenAfter: 1, ${FIVE} }).execute(f);`,
    "jest.mock('cockatiel');",
    "export * from 'cockatiel';",
    "import * as all from 'cockatiel';",
    "const all = await import('cockatiel');",
    "import 'cockatiel';",
    "type P = import('cockatiel').IPolicy;",
  ])('leaves the whole file to a person: %s', async (source) => {
    const { text, report } = await migrated('cockatiel', HEAD + source);

    expect(text).toBe(HEAD + source);
    expect(report).toEqual(expect.arrayContaining([[3, 'by-hand']]));
    expect(report.filter(([, rule]) => rule !== 'by-hand')).toEqual([]);
  });

  it.each([
    ['new SamplingBreaker({ threshold: t, duration: 1000 })', 'SamplingBreaker'],
    ['new CountBreaker({ ...all })', 'CountBreaker'],
    ['new MyBreaker()', 'ConsecutiveBreaker'],
  ])('is a rule that cannot be read: %s', async (rule, imports) => {
    const source = withBreaker(`{ halfOpenAfter: 1, breaker: ${rule} }`, 'handleAll', imports);

    expect((await migrated('cockatiel', source)).report).toEqual([[2, 'by-hand']]);
  });

  it.each([
    'new ExponentialBackoff({ generator: noJitterGenerator })',
    'new IterableBackoff([1, 2])',
    'new DelegateBackoff(f)',
  ])('is a backoff without counterpart: %s', async (backoff) => {
    const source = withBreaker(
      `{ halfOpenAfter: ${backoff}, ${FIVE} }`,
      'handleAll',
      'ConsecutiveBreaker, ExponentialBackoff, IterableBackoff, DelegateBackoff, noJitterGenerator',
    );

    const { report } = await migrated('cockatiel', source);

    expect(report).toEqual(expect.arrayContaining([[2, 'by-hand']]));
  });

  it.each(['handleWhenResult(f)', 'handleAll.orWhenResult(f)', 'handleResultType(A)'])(
    'is a result that counts as a failure: %s',
    async (policy) => {
      const source = withBreaker(
        `{ halfOpenAfter: 1, ${FIVE} }`,
        policy,
        'ConsecutiveBreaker, handleWhenResult, handleResultType',
      );

      expect((await migrated('cockatiel', source)).report).toEqual([[2, 'by-hand']]);
    },
  );

  it('leaves the other files to be changed', async () => {
    const other = withBreaker(`{ halfOpenAfter: 1, ${FIVE} }`);
    const { json } = project({ 'a.ts': `${other}use(b);`, 'b.ts': other });

    const { files, status } = await json('cockatiel .');

    expect(files.map(({ file, changed }) => [file, changed])).toEqual([
      ['a.ts', false],
      ['b.ts', true],
    ]);
    expect(status).toBe(0);
  });
});
