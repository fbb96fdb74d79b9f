/** A server on loopback that answers `503` to the given share of requests, evenly spread, and `200` to the others. */
import { createServer } from 'node:http';

const share = Number(process.argv[2]);
let due = 0;
const server = createServer((_, response) => {
  due += share;
  const fails = due >= 1;
  if (fails) due -= 1;
  response.writeHead(fails ? 503 : 200, { 'content-type': 'text/plain', 'content-length': 2 });
  response.end('ok');
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send(server.address().port));
process.on('disconnect', () => process.exit());
