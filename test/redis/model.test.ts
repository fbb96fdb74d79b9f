import { expect, it } from 'vitest';
import { ALL_STEPS, Play, type Step, type Tamper } from './model.js';

/** Steps in a schedule; `MODEL_DEPTH` asks for more. */
const DEPTH = Number(process.env.MODEL_DEPTH ?? 2);

interface Found {
  readonly states: number;
  readonly stuck: (readonly Step[])[];
}

/** Plays every schedule that leads to a state which no shorter one has led to. */
async function explore(depth: number, steps: readonly Step[] = ALL_STEPS, tamper?: Tamper): Promise<Found> {
  const seen = new Set<string>();
  const stuck: (readonly Step[])[] = [];
  let frontier: (readonly Step[])[] = [BEGINNING];
  for (let length = 0; length <= depth; length++) {
    const next: (readonly Step[])[] = [];
    for (const schedule of frontier) {
      const play = await new Play(tamper).start();
      try {
        for (const step of schedule) await play.step(step);
        const key = play.key();
        if (seen.has(key)) continue;
        seen.add(key);
        if (!(await play.comesHome())) stuck.push(schedule);
      } catch (error) {
        throw new Error(`${(error as Error).message}: ${schedule.join(', ')}`, { cause: error });
      }
      if (length < depth) for (const step of steps) next.push([...schedule, step]);
    }
    frontier = next;
  }
  return { states: seen.size, stuck };
}

/** Where it becomes interesting: both have voted, the fleet is open, and its time is over. */
const BEGINNING: readonly Step[] = ['fail 0', 'poll 0', 'fail 1', 'poll 1', 'poll 0', 'pass'];

it('from every state that few steps lead to, all come to be closed again', async () => {
  const { states, stuck } = await explore(DEPTH);

  if (process.env.MODEL_FIGURES) console.log(`${states} states within ${DEPTH} steps`);
  expect(stuck).toEqual([]);
  expect(states).toBeGreaterThan(DEPTH < 3 ? 50 : 150);
}, 300_000);

/** Changes arguments of a script: where they stand, after the keys. */
const changing =
  (count: number, change: (args: string[]) => void): Tamper =>
  (command, run) => {
    const from = 3 + Number(command[2]);
    const args = command.slice(from);
    if (args.length === count) change(args);
    return run([...command.slice(0, from), ...args]);
  };

const POLL = 11;
const LEASE = 5;

const FAULTS: Readonly<Record<string, readonly [Tamper, readonly Step[], depth: number]>> = {
  'leases do not lapse': [
    changing(LEASE, (args) => {
      args[2] = '999999999';
    }),
    ['begin 0', 'crash 0'],
    2,
  ],
  'more may probe than the record says': [
    changing(POLL, (args) => {
      args[9] = '5';
    }),
    ['begin 0', 'begin 1'],
    2,
  ],
  'one success closes': [
    changing(POLL, (args) => {
      args[10] = '1';
    }),
    ['succeed 0', 'succeed 1'],
    2,
  ],
};

it.each(Object.entries(FAULTS))('finds it where %s', async (_, [tamper, steps, depth]) => {
  const outcome = (fault?: Tamper) =>
    explore(depth, steps, fault).then(
      ({ stuck }) => (stuck.length === 0 ? 'sound' : 'stuck'),
      (error: Error) => error.message,
    );

  expect(await outcome()).toBe('sound');
  expect(await outcome(tamper)).not.toBe('sound');
});
