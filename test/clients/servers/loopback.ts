import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { afterAll, beforeAll } from 'vitest';

/** A HTTP server on loopback that does with each request what it is told to do. */
export interface Loopback {
  url: string;
  behave: RequestListener;
}

/** One for the tests of a file. */
export function useLoopback(): Loopback {
  const loopback: Loopback = { url: '', behave: answers(200) };
  const server = createServer((request, response) => loopback.behave(request, response));

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    loopback.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  return loopback;
}

export const answers =
  (status: number, body: unknown = {}, headers: Record<string, string> = {}): RequestListener =>
  (_, response) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
  };

/** RST. */
export const resets: RequestListener = (request) => {
  request.socket.resetAndDestroy();
};

/** FIN, with no response. */
export const hangsUp: RequestListener = (request) => {
  request.socket.destroy();
};

export const hangs: RequestListener = () => {};

/** A good status and the beginning of a body. */
export const breaksOff: RequestListener = (request, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 });
  response.write('{"half":', () => request.socket.destroy());
};

/** A server of bytes, for the protocols that are not HTTP. */
export async function startTcp(onConnection: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** A port on which nobody listens. */
export async function freePort(): Promise<number> {
  const { port, close } = await startTcp(() => {});
  await close();
  return port;
}
