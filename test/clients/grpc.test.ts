import {
  credentials,
  makeGenericClientConstructor,
  Server,
  ServerCredentials,
  type ServiceError,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { isConnectionFailure, isGrpcFailure, isHttpFailure } from 'recloser/presets';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countedAs } from './counted.js';
import { freePort } from './servers/loopback.js';

const bytes = (value: Buffer) => value;
const ECHO = {
  Echo: {
    path: '/shop.Orders/Echo',
    requestStream: false,
    responseStream: false,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  },
} as const;

const Orders = makeGenericClientConstructor(ECHO, 'Orders');
const server = new Server();
let answer: ((reply: sendUnaryData<Buffer>) => void) | undefined;
let port: number;

/** One call, which `cancel` ends once it is under way. */
function call(to: number, options: { deadline?: number; cancel?: boolean } = {}): Promise<unknown> {
  const client = new Orders(`127.0.0.1:${to}`, credentials.createInsecure());
  return new Promise((resolve, reject) => {
    const deadline = Date.now() + (options.deadline ?? 10_000);
    const under = client.Echo?.(
      Buffer.from('x'),
      { deadline },
      (error: ServiceError | null, value: unknown) => (error === null ? resolve(value) : reject(error)),
    );
    if (options.cancel) setImmediate(() => under.cancel());
  }).finally(() => client.close());
}

beforeAll(async () => {
  server.addService(ECHO, { Echo: (_: unknown, reply: sendUnaryData<Buffer>) => answer?.(reply) });
  port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
});

afterAll(() => server.forceShutdown());

const FAILURES = [
  'UNKNOWN',
  'DEADLINE_EXCEEDED',
  'RESOURCE_EXHAUSTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
];
const STATUSES = Object.keys(status).filter((name) => Number.isNaN(Number(name)) && name !== 'OK');

describe.each([
  ['isGrpcFailure', isGrpcFailure],
  ['isHttpFailure', isHttpFailure],
  ['isConnectionFailure', isConnectionFailure],
])('@grpc/grpc-js, by %s', (_, isFailure) => {
  it.each(STATUSES)('counts %s as what it means', async (name) => {
    answer = (reply) => reply({ code: status[name as keyof typeof status], details: 'boom' });

    const { as } = await countedAs(isFailure, () => call(port));

    expect(as).toBe(name === 'CANCELLED' ? 'ignored' : FAILURES.includes(name) ? 'failure' : 'success');
  });

  it('counts an answer as a success', async () => {
    answer = (reply) => reply(null, Buffer.from('y'));

    expect((await countedAs(isFailure, () => call(port))).as).toBe('success');
  });

  it('counts what a handler throws as a failure', async () => {
    answer = (reply) => reply(new Error('boom'));

    expect((await countedAs(isFailure, () => call(port))).as).toBe('failure');
  });

  it('counts a deadline that is over as a failure', async () => {
    answer = undefined;

    expect((await countedAs(isFailure, () => call(port, { deadline: 50 }))).as).toBe('failure');
  });

  it("ignores the caller's cancellation", async () => {
    answer = undefined;

    expect((await countedAs(isFailure, () => call(port, { cancel: true }))).as).toBe('ignored');
  });

  it('counts a refused connection as a failure', async () => {
    expect((await countedAs(isFailure, async () => call(await freePort()))).as).toBe('failure');
  });
});
