import sendgrid from '@sendgrid/mail';
import { createTRPCClient, httpLink } from '@trpc/client';
import { TRPCError } from '@trpc/server';
import got from 'got';
import ky from 'ky';
import { createTransport } from 'nodemailer';
import { isHttpFailure } from 'recloser/presets';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { countedAs } from './counted.js';
import { answers, freePort, hangs, resets, startTcp, useLoopback } from './servers/loopback.js';

const server = useLoopback();
const counted = async (task: () => unknown) => (await countedAs(isHttpFailure, task)).as;

/** A signal that aborts once the request has arrived. */
function abortOnArrival(): AbortSignal {
  const controller = new AbortController();
  server.behave = (request, response) => {
    controller.abort();
    hangs(request, response);
  };
  return controller.signal;
}

describe('tRPC', () => {
  const client = () =>
    createTRPCClient<never>({ links: [httpLink({ url: server.url } as never)] }) as never as Trpc;
  const error = (code: string, httpStatus: number) => ({
    error: { message: 'boom', code: -32_000, data: { code, httpStatus } },
  });

  interface Trpc {
    readonly me: { query(input?: undefined, options?: { signal: AbortSignal }): Promise<unknown> };
  }

  it.each([
    ['NOT_FOUND', 404, 'success'],
    ['UNAUTHORIZED', 401, 'success'],
    ['TOO_MANY_REQUESTS', 429, 'failure'],
    ['INTERNAL_SERVER_ERROR', 500, 'failure'],
    ['CLIENT_CLOSED_REQUEST', 499, 'ignored'],
  ])('counts %s as what it means', async (code, status, as) => {
    server.behave = answers(status, error(code, status));

    expect(await counted(() => client().me.query())).toBe(as);
  });

  it('counts a reset connection as a failure, and ignores an abort', async () => {
    server.behave = resets;
    expect(await counted(() => client().me.query())).toBe('failure');

    const signal = abortOnArrival();
    expect(await counted(() => client().me.query(undefined, { signal }))).toBe('ignored');
  });

  it('counts an error of a caller on the server as what it means', async () => {
    const thrown = (code: TRPCError['code']) =>
      counted(() => {
        throw new TRPCError({ code });
      });

    expect(await thrown('NOT_FOUND')).toBe('success');
    expect(await thrown('TIMEOUT')).toBe('failure');
  });
});

describe('SendGrid', () => {
  const send = () => sendgrid.send({ to: 'a@b.example', from: 'a@b.example', subject: 's', text: 't' });

  beforeAll(() => {
    sendgrid.setApiKey('SG.key');
    (
      sendgrid as unknown as { client: { setDefaultRequest(key: string, value: string): void } }
    ).client.setDefaultRequest('baseUrl', `${server.url}/`);
  });

  it.each([
    [400, 'success'],
    [401, 'success'],
    [413, 'success'],
    [429, 'failure'],
    [503, 'failure'],
  ])('counts %i as what it means', async (status, as) => {
    server.behave = answers(status, { errors: [{ message: 'boom' }] });

    expect(await counted(send)).toBe(as);
  });
});

describe('nodemailer', () => {
  /** A server that answers each command with 250, but for those that are given. */
  async function sendTo(
    replies: Record<string, string>,
    mail: object = {},
    auth?: { user: string; pass: string },
  ) {
    const smtp = await startTcp((socket) => {
      socket.write(`${replies.greeting ?? '220 hello'}\r\n`);
      socket.on('data', (data) => {
        const verb = /^[A-Z]+/.exec(data.toString())?.[0] ?? '';
        socket.write(
          verb === 'EHLO' ? '250-hello\r\n250 AUTH PLAIN\r\n' : `${replies[verb] ?? '250 ok'}\r\n`,
        );
      });
    });
    onTestFinished(smtp.close);
    const transport = createTransport({
      host: '127.0.0.1',
      port: smtp.port,
      ignoreTLS: true,
      ...(auth && { auth }),
    });
    return counted(() => transport.sendMail({ to: 'a@b.example', from: 'a@b.example', text: 't', ...mail }));
  }

  it('counts replies of 5xx as answers, and those of 4xx as failures but for 450', async () => {
    expect(await sendTo({ RCPT: '550 no such user' })).toBe('success');
    expect(await sendTo({ AUTH: '535 no' }, {}, { user: 'a', pass: 'b' })).toBe('success');
    expect(await sendTo({ RCPT: '450 try again' })).toBe('success');
    expect(await sendTo({ RCPT: '451 local error' })).toBe('failure');
    expect(await sendTo({ greeting: '421 too busy' })).toBe('failure');
  });

  it('ignores a mail without recipients', async () => {
    expect(await sendTo({}, { to: '' })).toBe('ignored');
  });

  it('counts a refused connection as a failure', async () => {
    const transport = createTransport({ host: '127.0.0.1', port: await freePort() });

    expect(
      await counted(() => transport.sendMail({ to: 'a@b.example', from: 'a@b.example', text: 't' })),
    ).toBe('failure');
  });
});

describe.each([
  ['got', (options: object = {}) => got(server.url, { retry: { limit: 0 }, ...options })],
  ['ky', (options: object = {}) => ky(server.url, { retry: 0, ...options })],
])('%s', (name, get) => {
  it.each([
    [404, 'success'],
    [429, 'failure'],
    [503, 'failure'],
  ])('counts %i as what it means', async (status, as) => {
    server.behave = answers(status);

    expect(await counted(() => get())).toBe(as);
  });

  it("counts its own timeout, and one of the caller's signal, as failures", async () => {
    server.behave = hangs;

    expect(await counted(() => get({ timeout: name === 'got' ? { request: 50 } : 50 }))).toBe('failure');
    expect(await counted(() => get({ signal: AbortSignal.timeout(50) }))).toBe('failure');
  });

  it("ignores the caller's abort", async () => {
    expect(await counted(() => get({ signal: abortOnArrival() }))).toBe('ignored');
  });

  it('counts a reset connection as a failure', async () => {
    server.behave = resets;

    expect(await counted(() => get())).toBe('failure');
  });
});
