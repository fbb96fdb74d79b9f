import { createClient } from '@clickhouse/client';
import { isDatabaseFailure } from 'recloser/presets';
import { describe, expect, it, onTestFinished } from 'vitest';
import { answer, countedAs, failure, ignored } from './counted.js';
import { answers, freePort, hangs, hangsUp, resets, useLoopback } from './servers/loopback.js';

const server = useLoopback();

/** ClickHouse answers a query by HTTP; its errors are a text of this form. */
const exception = (code: number, type: string) =>
  answers(500, `Code: ${code}. DB::Exception: It went wrong. (${type}) (version 25.8.1.1 (official build))`);

async function counted(url = server.url, signal?: AbortSignal) {
  const client = createClient({
    url,
    request_timeout: 100,
    keep_alive: { enabled: false },
    log: { level: 127 },
  });
  onTestFinished(() => client.close());
  return countedAs(isDatabaseFailure, () =>
    client.query({ query: 'SELECT 1', ...(signal && { abort_signal: signal }) }),
  );
}

describe('@clickhouse/client', () => {
  it.each([
    [62, 'SYNTAX_ERROR'],
    [60, 'UNKNOWN_TABLE'],
    [47, 'UNKNOWN_IDENTIFIER'],
    [497, 'ACCESS_DENIED'],
    [516, 'AUTHENTICATION_FAILED'],
    [396, 'TOO_MANY_ROWS_OR_BYTES'],
  ])('counts %i %s as an answer', async (code, type) => {
    server.behave = exception(code, type);

    expect(await counted()).toMatchObject(answer({ code: String(code), type }));
  });

  it.each([
    [159, 'TIMEOUT_EXCEEDED'],
    [202, 'TOO_MANY_SIMULTANEOUS_QUERIES'],
    [210, 'NETWORK_ERROR'],
    [241, 'MEMORY_LIMIT_EXCEEDED'],
    [242, 'TABLE_IS_READ_ONLY'],
    [252, 'TOO_MANY_PARTS'],
    [999, 'KEEPER_EXCEPTION'],
  ])('counts %i %s as a failure', async (code, type) => {
    server.behave = exception(code, type);

    expect(await counted()).toMatchObject(failure({ code: String(code), type }));
  });

  it('counts the page of a gateway as a failure', async () => {
    server.behave = answers(502, '<html>Bad gateway</html>');

    expect(await counted()).toMatchObject(failure({ message: expect.stringContaining('Bad gateway') }));
  });

  it('counts a refused connection as a failure', async () => {
    expect(await counted(`http://127.0.0.1:${await freePort()}`)).toMatchObject(
      failure({ code: 'ECONNREFUSED' }),
    );
  });

  it('counts a reset connection as a failure', async () => {
    server.behave = resets;

    expect(await counted()).toMatchObject(failure({ code: 'ECONNRESET' }));
  });

  it('counts a connection closed without a response as a failure', async () => {
    server.behave = hangsUp;

    expect(await counted()).toMatchObject(failure({ code: 'ECONNRESET' }));
  });

  it('counts its own timeout as a failure', async () => {
    server.behave = hangs;

    expect(await counted()).toMatchObject(failure({ message: 'Timeout error.' }));
  });

  it("ignores the caller's abort", async () => {
    const controller = new AbortController();
    server.behave = () => controller.abort();

    expect(await counted(server.url, controller.signal)).toMatchObject(
      ignored({ message: 'The user aborted a request.' }),
    );
  });
});
