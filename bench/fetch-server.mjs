/** A server on loopback that answers 100 bytes of JSON. */
import { createServer } from 'node:http';

const body = JSON.stringify({ id: 7, name: 'Ada', text: 'x'.repeat(69) });
const headers = { 'content-type': 'application/json', 'content-length': body.length };
const server = createServer((_, response) => {
  response.writeHead(200, headers).end(body);
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send(server.address().port));
process.on('disconnect', () => process.exit());
