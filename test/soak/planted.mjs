/**
 * That the soak and the endurance run would notice: runs each of them with every fault that can be planted, and fails
 * if one is not found, or if something is found where nothing is planted: `npm run soak:planted`.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { PLANTS } from './plants.mjs';

const LEAKS = ['nothing', 'results', 'listeners', 'timers'];

const RUNS = [
  ...Object.keys(PLANTS).map((plant) => ({
    script: 'main.mjs',
    args: ['--seconds', '5', '--seed', '1'],
    plant,
  })),
  ...LEAKS.map((plant) => ({ script: 'endurance.mjs', args: ['--calls', '2000000'], plant })),
];

let missed = 0;
for (const { script, args, plant } of RUNS) {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const { status, stdout } = spawnSync(
    process.execPath,
    [file, ...args, '--plant', plant, ...process.argv.slice(2)],
    { encoding: 'utf8' },
  );
  const found = stdout.split('\n').filter((line) => line.startsWith('✗'));
  const isRight = plant === 'nothing' ? status === 0 : status === 1 && found.length > 0;
  if (!isRight) missed++;
  console.log(`${isRight ? '✓' : '✗'} ${script} with ${plant}`);
  for (const line of found) console.log(`    ${line.slice(2)}`);
}
console.log(`${RUNS.length - missed} runs as they must be, ${missed} not`);
if (missed > 0) process.exitCode = 1;
