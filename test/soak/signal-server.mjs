/** A server on loopback that answers a few bytes, and tells who asks how many connections were opened. */
import { createServer } from 'node:http';

let connections = 0;
const server = createServer((_, response) => {
  response.writeHead(200, { 'content-length': 6 }).end('answer');
});
server.keepAliveTimeout = 60_000;
server.on('connection', () => {
  connections++;
});
server.listen(0, '127.0.0.1', () =>
  process.send?.(/** @type {import('node:net').AddressInfo} */ (server.address()).port),
);
process.on('message', () => process.send?.(connections));
process.on('disconnect', () => process.exit());
