/** The bench: `npm run bench` in the folder above, `--help` for its options. See docs/performance.md. */
import { execFileSync } from 'node:child_process';
import { verdictOf } from './figures.mjs';
import { readOptions, USAGE } from './options.mjs';
import { print } from './report.mjs';
import { runAll } from './run.mjs';

const options = readOptionsOrExit();
if (options.help) {
  console.log(USAGE);
  process.exit();
}

const start = performance.now();
const rows = await runAll(options, (what) => {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${what}`);
});
if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');

const version = `Node ${execFileSync(options.node, ['--version'], { encoding: 'utf8' }).trim().slice(1)}`;
const seconds = (performance.now() - start) / 1_000;
if (options.json) {
  const judged = rows.map((row) => ({ ...row, verdict: verdictOf(row) }));
  console.log(JSON.stringify({ version, seconds, rows: judged }, null, 2));
} else {
  await print(rows, { peers: options.peers, version, seconds });
  process.exit(); // a peer that was loaded for its configuration may have set a timer
}

function readOptionsOrExit() {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`Cannot run the bench: ${error.message}`);
    process.exit(1);
  }
}
