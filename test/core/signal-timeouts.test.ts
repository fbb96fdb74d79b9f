/** Deadlines that are given as signals count as nothing; where there are many, the process is told. */
import { beforeEach, expect, test, vi } from 'vitest';

const warnings: { message: string; code?: string }[] = [];

beforeEach(() => {
  vi.resetModules();
  warnings.length = 0;
  const spy = vi.spyOn(process, 'emitWarning').mockImplementation((message, options) => {
    warnings.push({ message: String(message), ...(options as object) });
  });
  return () => {
    spy.mockRestore();
    vi.resetModules();
  };
});

/** The number is per process: each test has a package of its own. */
async function createBreaker(options: object = {}) {
  const { CircuitBreaker } = await import('../../src/index.js');
  return new CircuitBreaker({ name: 'search', ...options });
}

type Breaker = Awaited<ReturnType<typeof createBreaker>>;

async function endBySignal(breaker: Breaker, times: number, reason: unknown): Promise<void> {
  for (let call = 0; call < times; call++) {
    const caller = new AbortController();
    const result = breaker.tryCall(() => new Promise(() => {}), { signal: caller.signal });
    caller.abort(reason);
    await result;
  }
}

const timeout = new DOMException('The operation was aborted due to timeout', 'TimeoutError');

test('twenty of them warn once, and name the way out', async () => {
  const breaker = await createBreaker();

  await endBySignal(breaker, 19, timeout);
  expect(warnings).toEqual([]);
  await endBySignal(breaker, 40, timeout);

  expect(warnings).toEqual([
    expect.objectContaining({
      code: 'RECLOSER_CONFIG',
      message: expect.stringMatching(/20 calls, .*"search".* Give `callTimeout`/),
    }),
  ]);
  expect(breaker.metrics.totals).toMatchObject({ ignored: 59, failures: 0 });
});

test('callers who give up for another reason warn nobody', async () => {
  await endBySignal(await createBreaker(), 25, new DOMException('gone', 'AbortError'));
  await endBySignal(await createBreaker(), 25, undefined);
  await endBySignal(await createBreaker(), 25, null);

  expect(warnings).toEqual([]);
});

test('nor do they where there is a `callTimeout` already', async () => {
  await endBySignal(await createBreaker({ callTimeout: 60_000 }), 25, timeout);

  expect(warnings).toEqual([]);
});
