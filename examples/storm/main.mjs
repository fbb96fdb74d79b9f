/** `node examples/storm/main.mjs`: a retry storm, with and without what prevents it. The same in each run. */
import { CLIENTS, storm } from './storm.mjs';

console.log('Requests per call to a server that falls from 200 to 60 requests a second for two seconds:\n');
console.log(
  `${''.padEnd(24)}${'while down'.padStart(12)}${'after'.padStart(8)}${'good at the end'.padStart(18)}`,
);
for (const { title, options } of CLIENTS) {
  const { down, after, good } = await storm(options);
  const share = `${Math.round(good * 100)} %`;
  console.log(
    `${title.padEnd(24)}${down.toFixed(2).padStart(12)}${after.toFixed(2).padStart(8)}${share.padStart(18)}`,
  );
}
