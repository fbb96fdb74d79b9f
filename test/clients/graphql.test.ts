import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { type AnyVariables, Client, fetchExchange } from '@urql/core';
import { GraphQLClient } from 'graphql-request';
import { isHttpFailure } from 'recloser/presets';
import { beforeEach, describe, expect, it } from 'vitest';
import { countedAs } from './counted.js';
import { answers, freePort, hangs, resets, useLoopback } from './servers/loopback.js';

const server = useLoopback();

const urql = (url: string) =>
  new Client({ url, preferGetMethod: false, exchanges: [fetchExchange] })
    .query<unknown, AnyVariables>('{ me }', {})
    .toPromise();

const apollo = (url: string, errorPolicy: 'none' | 'all') =>
  new ApolloClient({ cache: new InMemoryCache(), link: new HttpLink({ uri: url }) }).query({
    query: gql`
      {
        me
      }
    `,
    errorPolicy,
  });

const CLIENTS: Record<string, (url: string) => Promise<unknown>> = {
  'graphql-request': (url) => new GraphQLClient(url).request('{ me }'),
  'Apollo Client': (url) => apollo(url, 'none'),
  'Apollo Client, whose errors are in the result': (url) => apollo(url, 'all'),
  urql,
  'urql, whose error is thrown': async (url) => {
    const { error } = await urql(url);
    if (error !== undefined) throw error;
  },
};

const errorOf = (code: string) => ({ data: null, errors: [{ message: 'boom', extensions: { code } }] });

describe.each(Object.entries(CLIENTS))('%s', (_, query) => {
  beforeEach(() => {
    server.behave = answers(200, { data: { me: 'Ada' } });
  });

  it('counts an answer as a success', async () => {
    expect(await countedAs(isHttpFailure, () => query(server.url))).toMatchObject({ as: 'success' });
  });

  it.each([
    [200, 'BAD_USER_INPUT'],
    [200, 'UNAUTHENTICATED'],
    [200, 'FORBIDDEN'],
    [400, 'GRAPHQL_VALIDATION_FAILED'],
  ])("counts the user's mistake as an answer: %i %s", async (status, code) => {
    server.behave = answers(status, errorOf(code));

    expect(await countedAs(isHttpFailure, () => query(server.url))).toMatchObject({
      as: 'success',
      state: 'CLOSED',
    });
  });

  it.each([
    [200, 'INTERNAL_SERVER_ERROR'],
    [200, 'THROTTLED'],
    [503, 'SERVICE_UNAVAILABLE'],
  ])("counts the server's trouble as a failure: %i %s", async (status, code) => {
    server.behave = answers(status, errorOf(code));

    expect(await countedAs(isHttpFailure, () => query(server.url))).toMatchObject({
      as: 'failure',
      state: 'OPEN',
    });
  });

  it('counts a page of a proxy as a failure', async () => {
    server.behave = answers(502, '<html>', { 'content-type': 'text/html' });

    expect(await countedAs(isHttpFailure, () => query(server.url))).toMatchObject({ as: 'failure' });
  });

  it('counts a reset connection as a failure', async () => {
    server.behave = resets;

    expect(await countedAs(isHttpFailure, () => query(server.url))).toMatchObject({ as: 'failure' });
  });

  it('counts a refused connection as a failure', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;

    expect(await countedAs(isHttpFailure, () => query(url))).toMatchObject({ as: 'failure' });
  });
});

describe('graphql-request', () => {
  it("ignores the caller's abort", async () => {
    const controller = new AbortController();
    server.behave = (request, response) => {
      controller.abort();
      hangs(request, response);
    };
    const { signal } = controller;

    const counted = await countedAs(isHttpFailure, () =>
      new GraphQLClient(server.url, { signal }).request('{ me }'),
    );

    expect(counted.as).toBe('ignored');
  });
});
