import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach } from 'vitest';

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Behaviour = (response: ServerResponse, seen: Seen, number: number) => void;

/** A server on loopback, which does what a test says and tells what it has seen. */
export interface TestServer {
  readonly url: string;
  readonly seen: Seen[];
  /** Connections that were opened since the test began. */
  connections: number;
  behave: Behaviour;
}

export const answers =
  (status: number, body = 'answer', headers: Record<string, string> = {}): Behaviour =>
  (response) => {
    response.writeHead(status, headers).end(body);
  };

/** One behaviour for each request; the last goes on. */
export const inTurn =
  (...behaviours: Behaviour[]): Behaviour =>
  (response, seen, number) =>
    (behaviours[Math.min(number, behaviours.length) - 1] as Behaviour)(response, seen, number);

/** Takes a request and answers nothing. */
export const hangs: Behaviour = () => {};

/** Cuts the connection before it answers. */
export const cuts: Behaviour = (response) => {
  response.socket?.destroy();
};

/** Sends headers and some of the body, and nothing more. */
export const stalls: Behaviour = (response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.write('{"half":');
};

/** Sends headers and some of the body, and cuts the connection. */
export const breaksOff: Behaviour = (response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
  response.write('{"half":', () => setImmediate(() => response.socket?.destroy()));
};

export function useServer(): TestServer {
  const sockets = new Set<Socket>();
  let server: Server;
  const state = { url: '', seen: [] as Seen[], connections: 0, behave: answers(200) };

  beforeAll(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('error', () => {});
      response.on('error', () => {});
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        const seen = { method, url, headers, body: Buffer.concat(chunks).toString() };
        state.seen.push(seen);
        state.behave(response, seen, state.seen.length);
      });
    });
    server.on('connection', (socket) => {
      state.connections++;
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  beforeEach(() => {
    state.seen.length = 0;
    state.connections = 0;
    state.behave = answers(200);
  });

  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });

  return state;
}

/** A port of loopback on which nobody listens. */
export async function refusingUrl(): Promise<string> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}`;
}
