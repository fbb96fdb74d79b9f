/**
 * `node examples/fleet/main.mjs`: five instances, one Redis, and a dependency with weather. It starts the `redis-server` of
 * this machine, and prints second by second what each instance believes.
 */
import { spawnSync } from 'node:child_process';
import { row, runFleet, WEATHER } from './fleet.mjs';
import { startRedis } from './redis.mjs';

if (spawnSync('redis-server', ['--version']).error) {
  console.log(
    'There is no redis-server on this machine: `apt-get install redis-server`, or `brew install redis`.',
  );
  process.exit(1);
}

console.log(
  'Five instances call one dependency. C closed · O open · H half-open; small letters: its own decision.\n',
);
console.log('   s  weather        instances   failed  rejected  fleet');
const redis = await startRedis();
try {
  await runFleet({ connect: redis.connect, tell: (second) => console.log(row(second)) });
} finally {
  await redis.stop();
}
console.log(`\nWhat happened: ${WEATHER.map(({ name, from }) => `${name} from second ${from}`).join(', ')}.`);
