/**
 * What an item costs that passes `recloser/stream`, beside the bare iteration: `npm run bench:stream`. CPU of this process
 * for each item. Rounds come in an order that is drawn anew each time, since each collects what the one before has left; the
 * figures are 20th percentiles, which is what a busy machine leaves of an idle one.
 */
import { loadavg } from 'node:os';
import { Readable } from 'node:stream';
import { quantile } from './figures.mjs';
import { shuffled } from './shuffled.mjs';

const ROUNDS = Number(process.argv[2] ?? 60);
const ITEMS = 10_000;
const TYPICAL = 0.2;

const load = (subpath) => import(new URL(`../dist/${subpath}.js`, import.meta.url));
const { CircuitBreaker } = await load('index');
const { guardStream } = await load('stream');

const breaker = new CircuitBreaker({ name: 'model' });

async function* generated() {
  for (let number = 0; number < ITEMS; number++) yield number;
}

const web = () => {
  let number = 0;
  return new ReadableStream(
    {
      pull(controller) {
        if (number === ITEMS) controller.close();
        else controller.enqueue(number++);
      },
    },
    { highWaterMark: 0 },
  );
};

/** A stream that does nothing but pass on what another one gives, a chunk when one is wanted. */
const passing = (source) => {
  const reader = source.getReader();
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
    },
    { highWaterMark: 0 },
  );
};

const chunk = Buffer.alloc(100);
const node = () => {
  let number = 0;
  return new Readable({
    read() {
      this.push(number++ === ITEMS ? null : chunk);
    },
  });
};

/** Each of these reads a stream to its end and tells how many items came. */
async function iterate(stream) {
  let items = 0;
  for await (const _ of stream) items++;
  return items;
}

async function readAll(stream) {
  const reader = stream.getReader();
  for (let items = 0; ; items++) if ((await reader.read()).done) return items;
}

const flow = (stream) =>
  new Promise((resolve, reject) => {
    let items = 0;
    stream.on('data', () => items++);
    stream.on('end', () => resolve(items));
    stream.on('error', reject);
  });

/** @type {{ name: string, beside: string, goal?: number, read: () => Promise<number> }[]} */
const SUBJECTS = [
  { name: 'async generator', beside: 'async generator', read: () => iterate(generated()) },
  {
    name: 'guardStream',
    beside: 'async generator',
    goal: 2.2,
    read: () => iterate(guardStream(breaker, generated)),
  },
  {
    name: 'guardStream, without `stallTimeout`',
    beside: 'async generator',
    goal: 1.7,
    read: () => iterate(guardStream(breaker, generated, { stallTimeout: false })),
  },
  {
    name: 'guardStream.open',
    beside: 'async generator',
    read: async () => iterate(await guardStream.open(breaker, generated)),
  },
  { name: 'ReadableStream', beside: 'ReadableStream, passed on', read: () => readAll(web()) },
  {
    name: 'ReadableStream, passed on',
    beside: 'ReadableStream, passed on',
    read: () => readAll(passing(web())),
  },
  {
    name: 'guardStream.open of a ReadableStream',
    beside: 'ReadableStream, passed on',
    goal: 1.1,
    read: async () => readAll(await guardStream.open(breaker, web)),
  },
  { name: 'flowing Readable', beside: 'flowing Readable', read: () => flow(node()) },
  {
    name: 'guardStream.open of a flowing Readable',
    beside: 'flowing Readable',
    goal: 2.5,
    read: async () => flow(await guardStream.open(breaker, node)),
  },
].map((subject) => ({ ...subject, cpu: [] }));

/** Reads one stream; CPU for each item, in ns. */
async function round({ name, read }) {
  const before = process.cpuUsage();
  const items = await read();
  const { user, system } = process.cpuUsage(before);
  if (items !== ITEMS) throw new Error(`${name} gave ${items} of ${ITEMS} items`);
  return ((user + system) * 1_000) / ITEMS;
}

for (let warmup = 0; warmup < 5; warmup++) for (const subject of SUBJECTS) await round(subject);
for (let number = 0; number < ROUNDS; number++) {
  for (const subject of shuffled(SUBJECTS)) subject.cpu.push(await round(subject));
}

const typical = ({ cpu }) => quantile(cpu, TYPICAL);
const base = (name) => SUBJECTS.find((subject) => subject.name === name);
const [busy] = loadavg();
console.log(
  `Node ${process.version.slice(1)}, ${ROUNDS} rounds of ${ITEMS} items, load ${busy?.toFixed(1)}\n`,
);
console.log('| | CPU an item, ns | × | goal |\n|---|---:|---:|---:|');
for (const subject of SUBJECTS) {
  const over = typical(subject) / typical(base(subject.beside));
  console.log(
    `| ${subject.name} | ${typical(subject).toFixed(0)} | ${over.toFixed(2)} | ${subject.goal ?? ''} |`,
  );
}
process.exit();
