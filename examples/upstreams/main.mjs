/**
 * An HTTP service with three upstreams, a circuit breaker before each, and a health route that tells how they are. All
 * of it is real. After `npm run build`:
 *
 *     node examples/upstreams/main.mjs           walks through an outage, and ends
 *     node examples/upstreams/main.mjs --serve   serves until you stop it
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startSystem } from './system.mjs';
import { walkThrough } from './walk.mjs';

/** @param {string} line */
const print = (line) => console.log(line);

async function main() {
  const system = await startSystem();
  print(`The service is at ${system.url}, with /products/7 and /health`);

  if (process.argv.includes('--serve')) {
    for (const [name, { url }] of Object.entries(system.upstreams)) {
      print(`  ${name.padEnd(9)} is at ${url}: ask for /break or /heal`);
    }
    return;
  }

  try {
    await walkThrough({ system, wait: sleep, print });
  } finally {
    system.close();
  }
}

main().catch((error) => {
  console.error(`The example failed: ${error.message}`);
  process.exitCode = 1;
});
