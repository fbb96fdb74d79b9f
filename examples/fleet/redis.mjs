/**
 * A redis-server of this machine on a free port, and the least client that a fleet needs: so that the example runs in a
 * clone, without a package of Redis. A service has a real one: node-redis, ioredis, GLIDE.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export async function startRedis() {
  const port = await freePort();
  const server = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '']);
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.stdout.on('data', (text) => String(text).includes('Ready to accept') && resolve(undefined));
  });
  /** @type {{ close(): void }[]} */
  const clients = [];
  return {
    port,
    async connect() {
      const [commands, hints] = [await connectTo(port), await connectTo(port)];
      clients.push(commands, hints);
      return {
        client: commands.send,
        subscribe: (/** @type {string} */ channel, /** @type {(message: unknown) => void} */ onMessage) => {
          hints.hear(onMessage);
          return hints.send(['SUBSCRIBE', channel]).then(() => () => {});
        },
      };
    },
    async stop() {
      for (const client of clients) client.close();
      server.kill();
      await once(server, 'exit');
    },
  };
}

/** @param {number} port */
export async function connectTo(port) {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return createClient(socket);
}

/** @param {import('node:net').Socket} socket */
function createClient(socket) {
  /** @type {{ resolve(value: unknown): void, reject(error: Error): void }[]} */
  const waiting = [];
  /** @type {(message: unknown) => void} */
  let onMessage = () => {};
  let buffer = Buffer.alloc(0);
  const isClosed = () => new Error('there is no connection to Redis');
  socket.on('error', () => {});
  socket.on('close', () => {
    for (const { reject } of waiting.splice(0)) reject(isClosed());
  });
  socket.on('data', (data) => {
    buffer = Buffer.concat([buffer, data]);
    for (let reply = read(buffer, 0); reply !== undefined; reply = read(buffer, 0)) {
      buffer = buffer.subarray(reply.end);
      const { value } = reply;
      if (Array.isArray(value) && value[0] === 'message') onMessage(value[2]);
      else if (value instanceof Error) waiting.shift()?.reject(value);
      else waiting.shift()?.resolve(value);
    }
  });
  return {
    /** @param {(message: unknown) => void} listener */
    hear(listener) {
      onMessage = listener;
    },
    close: () => socket.destroy(),
    /** @param {readonly string[]} command @returns {Promise<unknown>} */
    send: (command) =>
      new Promise((resolve, reject) => {
        if (socket.destroyed) return reject(isClosed());
        waiting.push({ resolve, reject });
        const parts = command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`);
        socket.write(`*${command.length}\r\n${parts.join('')}`);
      }),
  };
}

/**
 * One reply of Redis' protocol, and where it ends; `undefined` while it is not all there.
 *
 * @param {Buffer} buffer @param {number} at @returns {{ value: unknown, end: number } | undefined}
 */
function read(buffer, at) {
  const line = buffer.indexOf('\r\n', at);
  if (line === -1) return undefined;
  const [kind, text] = [String.fromCharCode(buffer[at] ?? 0), buffer.toString('utf8', at + 1, line)];
  const end = line + 2;
  if (kind === '+') return { value: text, end };
  if (kind === '-') return { value: new Error(text), end };
  if (kind === ':') return { value: Number(text), end };
  const length = Number(text);
  if (length === -1) return { value: null, end };
  if (kind === '$') {
    const last = end + length;
    return buffer.length < last + 2
      ? undefined
      : { value: buffer.toString('utf8', end, last), end: last + 2 };
  }
  /** @type {unknown[]} */
  const value = [];
  let next = end;
  for (let n = 0; n < length; n++) {
    const item = read(buffer, next);
    if (item === undefined) return undefined;
    value.push(item.value);
    next = item.end;
  }
  return { value, end: next };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  await once(server, 'close');
  return port;
}
