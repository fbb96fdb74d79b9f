import { File } from 'node:buffer';
import { axiosAdapter, createFetch, retryAfterOf } from 'recloser/http';
import { createManualClock } from 'recloser/testing';
import { describe, expect, it } from 'vitest';

const URL_A = 'https://api.example.com/users';
const QUICK = { backoff: 1 } as const;

const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: unknown) => error,
  );

/** A fetch that gives one answer after the other; the last goes on. */
function inTurn(...answers: (() => Response)[]) {
  const sent: unknown[] = [];
  return {
    sent,
    fetch: async () => {
      const answer = answers[Math.min(sent.length, answers.length - 1)] as () => Response;
      sent.push(answer);
      return answer();
    },
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

const failing = (error: unknown) => () => {
  throw error;
};

const fetchFailed = (cause: unknown) => Object.assign(new TypeError('fetch failed'), { cause });
const listed = (lists: number, end: unknown): unknown =>
  lists === 0 ? end : { errors: [listed(lists - 1, end)] };
const linked = (links: number, end: unknown): unknown =>
  links === 0 ? end : { cause: linked(links - 1, end) };

describe('a request that may not be repeated is sent again where it surely has not left', () => {
  const timesSent = async (error: unknown) => {
    const { sent, fetch } = inTurn(failing(error));
    await caught(createFetch({ fetch, retry: QUICK })(URL_A, { method: 'POST', body: 'x' }));
    return sent.length > 1;
  };

  it.each([
    ['ECONNREFUSED'],
    ['ENOTFOUND'],
    ['EAI_AGAIN'],
    ['EHOSTUNREACH'],
    ['ENETUNREACH'],
    ['UND_ERR_CONNECT_TIMEOUT'],
    ['ConnectionRefused'],
    ['FailedToOpenSocket'],
  ])('%s', async (code) => {
    expect(await timesSent(fetchFailed({ code }))).toBe(true);
  });

  it.each([
    ['all addresses refused', { errors: [{ code: 'ECONNREFUSED' }, { code: 'ENETUNREACH' }] }, true],
    ['one address reached', { errors: [{ code: 'ECONNREFUSED' }, { code: 'ECONNRESET' }] }, false],
    ['no address told', { errors: [] }, false],
    ['a list without end', linked(3, { errors: [{ code: 'ECONNREFUSED' }] }), true],
    ['a list within eight lists', listed(8, { code: 'ECONNREFUSED' }), true],
    ['a list within nine lists', listed(9, { code: 'ECONNREFUSED' }), false],
    ['a list that is none', { errors: { code: 'ECONNREFUSED' } }, false],
    ['eight causes', linked(8, { code: 'ECONNREFUSED' }), true],
    ['nine causes', linked(9, { code: 'ECONNREFUSED' }), false],
    ['a connection that was cut', fetchFailed({ code: 'ECONNRESET' }), false],
    [
      'members that throw',
      Object.defineProperty({}, 'cause', {
        get: () => {
          throw new Error('no such luck');
        },
      }),
      false,
    ],
    ['no object', 'ECONNREFUSED', false],
    ['nothing', undefined, false],
  ])('after %s', async (_, error, isSent) => {
    expect(await timesSent(error)).toBe(isSent);
  });

  it('of errors whose causes go in a circle it has not been told', async () => {
    const error: { cause?: unknown } = {};
    error.cause = error;

    expect(await timesSent(error)).toBe(false);
  });

  it('nor of lists that hold themselves', async () => {
    const errors: unknown[] = [];
    const error = { errors };
    errors.push(error, error);

    expect(await timesSent(error)).toBe(false);
  });
});

describe('a body', () => {
  const form = () => Object.assign(new FormData(), { pipe() {} });

  it.each([
    ['a text', () => 'x', 2],
    ['bytes', () => new Uint8Array([1]), 2],
    ['a view of bytes', () => new DataView(new ArrayBuffer(1)), 2],
    ['an ArrayBuffer', () => new ArrayBuffer(1), 2],
    ['a Blob', () => new Blob(['x']), 2],
    ['a File', () => new File(['x'], 'x'), 2],
    ['URLSearchParams', () => new URLSearchParams('a=b'), 2],
    ['FormData', () => new FormData(), 2],
    ['FormData that is a stream', form, 1],
    ['a ReadableStream', () => new Blob(['x']).stream(), 1],
    ['an iterable', () => (function* () {})(), 1],
    ['an object of a class', () => new Date(), 1],
    ['a function', () => () => 'x', 1],
  ])('that is %s is sent as often as it can be read', async (_, body, times) => {
    const { sent, fetch } = inTurn(() => new Response('busy', { status: 503 }));
    const api = createFetch({ fetch, retry: { ...QUICK, maxAttempts: 2 } });

    await api(URL_A, { method: 'PUT', body: body() as never });

    expect(sent).toHaveLength(times);
  });
});

describe('what an adapter of axios answers', () => {
  const outcomeOf = async (adapter: (config: unknown) => Promise<unknown>) => {
    const api = axiosAdapter(adapter, { retry: false });
    const answer = await api({ url: URL_A }).catch((error: unknown) => error);
    const { successes, failures } = api.breakers.get('https://api.example.com')?.metrics.totals ?? {};
    return { answer, successes, failures };
  };

  it('without a status is a success', async () => {
    expect(await outcomeOf(async () => 'text')).toEqual({ answer: 'text', successes: 1, failures: 0 });
  });

  it.each([
    ['null', null],
    [
      'an error whose members throw',
      Object.defineProperties(new Error('odd'), {
        code: { get: failing(new Error('no code')) },
        response: { get: failing(new Error('no response')) },
      }),
    ],
  ])('by rejecting with %s is a failure, and comes through', async (_, error) => {
    const { answer, ...counts } = await outcomeOf(() => Promise.reject(error));

    expect(answer === error).toBe(true);
    expect(counts).toEqual({ successes: 0, failures: 1 });
  });
});

describe('headers of a foreign response', () => {
  it.each([
    [{ status: 503, headers: { 'retry-after': ' 3 ' } }, 3_000],
    [{ status: 503, headers: { 'retry-after': null } }, undefined],
    [{ status: 503, headers: { 'retry-after': undefined } }, undefined],
    [{ status: 503, headers: 'retry-after: 3' }, undefined],
    [{ status: 503, headers: {} }, undefined],
    [{ status: '429', headers: { 'ratelimit-reset': '7' } }, undefined],
    [{ status: 429, headers: { 'ratelimit-reset': '7' } }, 7_000],
    [{ statusCode: 429, headers: { 'ratelimit-reset': '7' } }, 7_000],
  ])('are read as far as they make sense: %o', (response, ms) => {
    expect(retryAfterOf(response)).toBe(ms);
  });
});

describe('how long a circuit stays open', () => {
  const openFor = async (options: object, headers: Record<string, string>) => {
    const clock = createManualClock({ start: 5_000 });
    const api = createFetch({
      fetch: async () => new Response('busy', { status: 503, headers }),
      retry: false,
      pause: false,
      failureThreshold: 1,
      clock,
      ...options,
    });
    await api(URL_A);
    return api.breakerFor(URL_A).metrics.retryAfter;
  };

  it.each([
    ['what the server asks for', {}, { 'retry-after': '7' }, 7_000],
    ['no longer than ten minutes', {}, { 'retry-after': '7000' }, 600_000],
    ['the usual time where it asks for none', {}, { 'retry-after': '0' }, 30_000],
    ['the usual time where it says nothing', {}, {}, 30_000],
    ['the time that was asked for by option', { recoveryTimeout: 9_000 }, {}, 9_000],
    ['the time that a function answers', { recoveryTimeout: () => 8_000 }, {}, 8_000],
  ])('is %s', async (_, options, headers, ms) => {
    expect(await openFor(options, headers as Record<string, string>)).toBe(ms);
  });
});

describe('the response that stands for a rejection', () => {
  it('is a problem, 503 for an open circuit', async () => {
    const api = createFetch({ fetch: async () => new Response('x'), rejectWith: 'response' });
    api.breakerFor(URL_A).trip();

    const response = await api(URL_A);
    const body = await response.json();

    expect([response.status, response.statusText]).toEqual([503, 'Service Unavailable']);
    expect(response.headers.get('retry-after')).toBe('30');
    expect(body).toMatchObject({
      type: 'about:blank',
      title: 'Service Unavailable',
      status: 503,
      code: 'ERR_CIRCUIT_OPEN',
      breaker: 'https://api.example.com',
    });
  });

  it('tells no time where there is none', async () => {
    const api = createFetch({ fetch: async () => new Response('x'), rejectWith: 'response' });
    api.breakerFor(URL_A).forceOpen();

    expect((await api(URL_A)).headers.has('retry-after')).toBe(false);
  });

  it('is 429 where a rate limit has no turn', async () => {
    const rateLimit = { limit: 1, per: 60_000 };
    const api = createFetch({
      fetch: async () => new Response('x'),
      rejectWith: 'response',
      rateLimit,
    } as never);
    await api(URL_A);

    const response = await api(URL_A);

    expect([response.status, response.statusText]).toEqual([429, 'Too Many Requests']);
    expect(await response.json()).toMatchObject({ title: 'Too Many Requests', status: 429 });
  });
});

describe('the body of an answer that is tried again', () => {
  /** A body that tells what is read of it, and whether it is cancelled. */
  function body(chunk: number, chunks: number) {
    const told = { pulls: 0, isCancelled: false, isEnded: false };
    const stream = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          if (told.pulls === chunks) {
            told.isEnded = true;
            controller.close();
          } else {
            told.pulls++;
            controller.enqueue(new Uint8Array(chunk));
          }
        },
        cancel: () => {
          told.isCancelled = true;
        },
      },
      { highWaterMark: 0 },
    );
    return { stream, told };
  }

  const discarded = async (
    stream: ReadableStream | null,
    headers: Record<string, string> = {},
    options = {},
  ) => {
    const { fetch } = inTurn(
      () => new Response(stream, { status: 503, headers }),
      () => new Response('well'),
    );
    const answer = createFetch({ fetch, retry: QUICK, ...options })(URL_A);
    return answer;
  };

  it('is read to its end where it is small, so that its connection can be used again', async () => {
    const { stream, told } = body(1_000, 3);

    const response = await discarded(stream);
    await turn();

    expect([response.status, told]).toEqual([200, { pulls: 3, isCancelled: false, isEnded: true }]);
  });

  it.each([
    ['65536', { pulls: 1, isCancelled: false, isEnded: true }],
    ['65537', { pulls: 0, isCancelled: true, isEnded: false }],
  ])('is cancelled unread where it says that it is large: %s bytes', async (length, expected) => {
    const { stream, told } = body(10, 1);

    await discarded(stream, { 'content-length': length });
    await turn();

    expect(told).toEqual(expected);
  });

  it('is cancelled where it turns out to be large', async () => {
    const { stream, told } = body(32_768, 1_000);

    await discarded(stream);
    await turn();

    expect(told).toEqual({ pulls: 3, isCancelled: true, isEnded: false });
  });

  it('is cancelled where it does not come within a second', async () => {
    const clock = createManualClock({ start: 5_000 });
    let isCancelled = false;
    const stream = new ReadableStream({
      pull: () => new Promise(() => {}),
      cancel: () => {
        isCancelled = true;
      },
    });
    const answer = discarded(stream, {}, { clock });
    await turn();
    await clock.advance(900);
    const before = isCancelled;

    await clock.advance(200);

    expect([(await answer).status, before, isCancelled]).toEqual([200, false, true]);
  });

  it('leaves no timer when it has been read', async () => {
    const clock = createManualClock({ start: 5_000 });
    const { stream } = body(10, 1);
    const answer = discarded(
      stream,
      {},
      { clock, totalTimeout: false, callTimeout: false, bodyTimeout: false },
    );
    await turn();
    await clock.advance(10);
    await answer;
    await turn();

    expect(clock.timers).toBe(0);
  });

  it('may be none', async () => {
    expect((await discarded(null)).status).toBe(200);
  });
});

describe('a body that stands still', () => {
  it('says so, by name', async () => {
    const clock = createManualClock({ start: 5_000 });
    const stream = new ReadableStream({ pull: () => new Promise(() => {}) });
    const api = createFetch({ fetch: async () => new Response(stream), bodyTimeout: 50, clock });
    const reading = caught((await api(URL_A)).text());

    await clock.advance(50);

    expect(await reading).toMatchObject({
      name: 'BodyTimeoutError',
      message: 'A body of "https://api.example.com" stood still for 50 ms',
      timeout: 50,
    });
  });
});
