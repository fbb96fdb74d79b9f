/** Errors of options, whole: what says them, of which breaker, of which option, and why. */
import { CircuitBreakerRegistry, InvalidOptionsError } from 'recloser';
import { axiosAdapter, createFetch } from 'recloser/http';
import { createManualClock } from 'recloser/testing';
import { describe, expect, it } from 'vitest';

const URL_A = 'https://api.example.com/users';

interface Said {
  readonly message: string;
  readonly option: string;
  readonly breaker: string;
}

async function errorOf(make: () => unknown): Promise<InvalidOptionsError> {
  try {
    await make();
  } catch (error) {
    return error as InvalidOptionsError;
  }
  throw new Error('It is no error');
}

const said = ({ message, option, breaker }: InvalidOptionsError): Said => ({ message, option, breaker });

const BELONGS = 'belongs to one breaker, and there is one for each origin: use `key` or `registry`';
const BAD_ATTEMPTS = '`retry.maxAttempts` must be an integer from 1 to 100, received 0';
const unread = (): never =>
  new Proxy({} as never, {
    ownKeys: () => {
      throw new RangeError('no keys');
    },
  });

describe('an error of options', () => {
  it.each<[string, () => unknown, string, string, string]>([
    [
      'of a fetch',
      () => createFetch({ retry: { maxAttempts: 0 } }),
      `Cannot create a fetch: ${BAD_ATTEMPTS}`,
      'retry.maxAttempts',
      '',
    ],
    [
      'of a fetch, of one breaker',
      () => createFetch({ snapshot: {} } as never),
      `Cannot create a fetch: \`snapshot\` ${BELONGS}`,
      'snapshot',
      '',
    ],
    [
      'of a fetch that are a breaker',
      () => createFetch({ breaker: {} } as never),
      `Cannot create a fetch: \`breaker\` ${BELONGS}`,
      'breaker',
      '',
    ],
    [
      'of a fetch that are a function',
      () => createFetch((() => {}) as never),
      'Cannot create a fetch: `options` must be an object, received a function: give it as `fetch`',
      'options',
      '',
    ],
    [
      'of a fetch, unreadable',
      () => createFetch(unread()),
      'Cannot create a fetch: options cannot be read',
      '',
      '',
    ],
    [
      'of a fetch, with a list that is none',
      () => createFetch({ retryMethods: [7 as never] }),
      'Cannot create a fetch: `retryMethods` must be an array of methods, received an array',
      'retryMethods',
      '',
    ],
    [
      'of an adapter',
      () => axiosAdapter(async () => 1, { retry: { maxAttempts: 0 } }),
      `Cannot create an adapter of axios: ${BAD_ATTEMPTS}`,
      'retry.maxAttempts',
      '',
    ],
    [
      'of `with`',
      () => createFetch().with({ retry: { maxAttempts: 0 } }),
      `Cannot use a fetch with these options: ${BAD_ATTEMPTS}`,
      'retry.maxAttempts',
      '',
    ],
    [
      'of `with`, unreadable',
      () => createFetch().with(unread()),
      'Cannot use a fetch with these options: options cannot be read',
      '',
      '',
    ],
    [
      'of `configure`',
      () => createFetch({ configure: () => ({ pause: 'yes' }) as never })(URL_A),
      'Cannot use what `configure` answers for "https://api.example.com": `pause` must be true or false, received "yes"',
      'pause',
      'https://api.example.com',
    ],
    [
      'of `configure`, unreadable',
      () => createFetch({ configure: unread })(URL_A),
      'Cannot use what `configure` answers for "https://api.example.com": it cannot be read',
      '',
      'https://api.example.com',
    ],
    [
      'of a registry',
      () => createFetch({ registry: {} as never }),
      'Cannot create a fetch: `registry` must be a ResilienceRegistry, received an object',
      'registry',
      '',
    ],
    [
      'of a registry of breakers',
      () => createFetch({ registry: new CircuitBreakerRegistry() as never }),
      'Cannot create a fetch: `registry` must be a ResilienceRegistry, as `new ResilienceRegistry({ breakers })` makes of yours, received an object',
      'registry',
      '',
    ],
  ])('%s says all of it', async (_, make, message, option, breaker) => {
    const error = await errorOf(make);

    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect(said(error)).toEqual({ message, option, breaker });
  });

  it('has the cause that a part of them has', async () => {
    const error = await errorOf(() => createFetch({ retry: unread() }));

    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect((error.cause as Error | undefined)?.message).toBe('no keys');
  });
});

describe('a part that is made of options', () => {
  it('may throw an error of its own, which is the cause', async () => {
    const own = new RangeError('no detector today');
    const detector = {
      create: () => {
        throw own;
      },
    };

    const error = await errorOf(() => createFetch({ detector: detector as never }));

    expect(said(error)).toEqual({
      message: 'Cannot create a fetch: options cannot be read',
      option: '',
      breaker: '',
    });
    expect(error.cause).toBe(own);
  });
});

describe('how long a circuit stays open that a date ends', () => {
  const openFor = async (clock: object, epoch: number) => {
    const headers = { 'retry-after': new Date(epoch + 120_000).toUTCString() };
    const api = createFetch({
      clock: clock as never,
      failureThreshold: 1,
      retry: false,
      pause: false,
      fetch: async () => new Response('', { status: 503, headers }),
    });
    await api(URL_A);
    return api.breakerFor(URL_A).metrics.retryAfter as number;
  };

  it('goes by the wall clock of the clock, or of the platform', async () => {
    const clock = createManualClock();

    const times = [await openFor(clock, clock.epoch()), await openFor({ now: () => 0 }, Date.now())];

    for (const time of times) {
      expect(time).toBeGreaterThan(110_000);
      expect(time).toBeLessThanOrEqual(120_000);
    }
  });
});
