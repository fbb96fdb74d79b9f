/**
 * The dashboard of a shop with weather, with levers, on this machine:
 *
 *     npm run build && node examples/dashboard/main.mjs
 */
import { createServer } from 'node:http';
import { hostname } from 'node:os';
import { dashboard } from 'recloser/dashboard';
import { createShop } from './shop.mjs';

const PORT = Number(process.env.PORT ?? 8080);

const shop = createShop();
const panel = dashboard(shop.breakers, {
  title: 'shop',
  instance: hostname(),
  path: '/breakers',
  controls: true,
  // Whoever sits at this machine; yours asks who it is.
  hosts: ['localhost', '127.0.0.1'],
  authorize: ({ ip }) =>
    ['127.0.0.1', '::1', '::ffff:127.0.0.1'].includes(ip ?? '') ? { as: 'you' } : false,
  onAction: ({ as, action, breaker, reason }) => console.log(`${as}: ${action} ${breaker}, "${reason}"`),
});

const server = createServer((request, response) => {
  panel.node(request, response, () => response.writeHead(302, { location: '/breakers' }).end());
});

const timers = [
  setInterval(() => void shop.serve(), 100),
  setInterval(() => {
    const { name, weather } = shop.change();
    console.log(`${name}: ${weather}`);
  }, 7_000),
];

server.listen(PORT, '127.0.0.1', () => console.log(`http://localhost:${PORT}/breakers (ends with Ctrl+C)`));

process.once('SIGINT', () => {
  for (const timer of timers) clearInterval(timer);
  panel.close();
  server.close();
});
