/** What the four scripts promise, as calls of them: the same for Redis, for Valkey, and for the one in memory. */
import { LEASE, REPORT, type Script, STEER, SYNC } from '../../src/redis/lua.js';

/** Runs a script; answers what a client answers. */
export type RunScript = (
  script: Script,
  keys: readonly string[],
  args: readonly string[],
) => Promise<unknown>;

export interface Entry {
  readonly op: '+' | '-' | '0';
  readonly name?: string;
  readonly epoch?: number;
  readonly openFor?: number;
  readonly probes?: number;
  readonly need?: number;
}

export type Round = [granted: number, state: string, epoch: number, ms: number, attempt: number];

/** The scripts of one namespace, in the words of their arguments. */
export function scriptsOf(run: RunScript, namespace = 'contract') {
  const key = (rest: string) => `recloser:1:{${namespace}}:${rest}`;
  const records = key('b');
  const round = (name: string) => key(`r:${name}`);
  const texts = (values: readonly unknown[]) => values.map(String);
  return {
    key,
    async sync(
      instance: string,
      entries: readonly Entry[] = [],
      { presence = 7_000, keep = 60_000, minVotes = 2, ratio = 0.5 } = {},
    ) {
      const [n, now, ...rest] = (await run(
        SYNC,
        [records, key('i'), ...entries.map(({ name = 'x' }) => round(name))],
        texts([
          ...[instance, presence, keep, minVotes, ratio],
          ...entries.flatMap(({ op, name = 'x', epoch = 0, openFor = 10_000, probes = 1, need = 2 }) => [
            ...[op, name, epoch, openFor, probes, need],
          ]),
        ]),
      )) as [number, number, ...string[]];
      const view = new Map<string, string>();
      for (let at = 0; at < rest.length; at += 2) view.set(rest[at] as string, rest[at + 1] as string);
      return { n, now, view };
    },
    lease: async (nonce: string, { name = 'x', ms = 5_000, keep = 60_000 } = {}) =>
      (await run(LEASE, [records, round(name)], texts([name, nonce, ms, keep, 'me']))) as Round,
    report: async (nonce: string, epoch: number, ending: 0 | 1 | 2, { name = 'x', openFor = 10_000 } = {}) =>
      (await run(
        REPORT,
        [records, round(name)],
        texts([name, nonce, epoch, ending, openFor, 60_000, 'me']),
      )) as Round,
    steer: async (state: 'r' | 'f' | 'u', ms: number, words = 'by hand', name = 'x') =>
      (await run(STEER, [records, round(name)], texts([name, state, ms, 60_000, 'me', words]))) as [
        string,
        number,
      ],
  };
}

export type Scripts = ReturnType<typeof scriptsOf>;

/** What is promised: each begins with no data, and may let time pass. */
export type Promise_ = (scripts: Scripts, pass: (ms: number) => Promise<void>, check: Check) => Promise<void>;

export type Check = (actual: unknown, expected: unknown) => void;

const stateOf = (record: string | undefined) => record?.split(' ')[0];
const epochOf = (record: string | undefined) => Number(record?.split(' ')[1]);
const wordsOf = (record: string | undefined) => record?.split(' ').slice(7).join(' ');

/** Opens x for a moment, for one probe at a time and two successes. */
async function openShortly(
  scripts: Scripts,
  pass: (ms: number) => Promise<void>,
  openFor = 20,
): Promise<void> {
  const vote = { op: '+', openFor } as const;
  await scripts.sync('a', [vote]);
  await scripts.sync('b', [vote]);
  await pass(openFor + 15);
}

export const PROMISES: Readonly<Record<string, Promise_>> = {
  'a healthy fleet is nothing but who is alive': async ({ sync }, _, check) => {
    await sync('a');
    const { n, view } = await sync('b');
    check([n, view.size], [2, 0]);
  },

  'who leaves is gone, and who does not come back is': async ({ sync }, pass, check) => {
    await sync('a');
    await sync('b');
    const left = await sync('a', [], { presence: 0 });
    await sync('c', [], { presence: 30 });
    await pass(60);
    const { n } = await sync('b');
    check([left.n, n], [1, 1]);
  },

  'one of two opens nobody': async ({ sync }, _, check) => {
    await sync('b');
    const { view } = await sync('a', [{ op: '+' }]);
    check([stateOf(view.get('x')), wordsOf(view.get('x'))], ['c', '1 of 2']);
  },

  'one that is alone opens itself': async ({ sync }, _, check) => {
    const { view } = await sync('a', [{ op: '+' }]);
    check(stateOf(view.get('x')), 'o');
  },

  'the quorum opens, for as long as the one who completes it says': async ({ sync }, _, check) => {
    for (const id of ['a', 'b', 'c', 'd']) await sync(id);
    await sync('a', [{ op: '+', openFor: 1_000 }]);
    const { view, now } = await sync('b', [{ op: '+', openFor: 3_000, probes: 4, need: 5 }]);
    const [s, ep, un, at, k, need, exp, ...words] = (view.get('x') ?? '').split(' ');
    check([s, at, k, need, words.join(' ')], ['o', '1', '4', '5', '2 of 4']);
    check([Number(un) - now, Number(exp) - Number(un), Number(ep) <= now], [3_000, 60_000, true]);
  },

  'the same vote counts once': async ({ sync }, _, check) => {
    for (const id of ['a', 'b', 'c', 'd']) await sync(id);
    for (let n = 0; n < 5; n++) await sync('a', [{ op: '+' }]);
    const { view } = await sync('a', [{ op: '+' }]);
    check([stateOf(view.get('x')), wordsOf(view.get('x'))], ['c', '1 of 4']);
  },

  'a vote that is taken back counts no more': async ({ sync }, _, check) => {
    for (const id of ['a', 'b', 'c', 'd']) await sync(id);
    await sync('a', [{ op: '+' }]);
    await sync('a', [{ op: '-' }]);
    const { view } = await sync('b', [{ op: '+' }]);
    check(wordsOf(view.get('x')), '1 of 4');
  },

  'a vote lapses with the presence of who gave it': async ({ sync }, pass, check) => {
    for (const id of ['b', 'c', 'd']) await sync(id);
    await sync('a', [{ op: '+' }], { presence: 30 });
    await pass(60);
    const { view } = await sync('b', [{ op: '+' }]);
    check(wordsOf(view.get('x')), '1 of 3');
  },

  'a vote with evidence of another epoch does not count': async ({ sync }, _, check) => {
    await sync('b');
    await sync('a', [{ op: '+', epoch: 7 }]);
    const { view } = await sync('b', [{ op: '+', epoch: 7 }]);
    check(view.size, 0);
  },

  'who abstains does not raise the quorum': async ({ sync }, _, check) => {
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) await sync(id);
    await sync('a', [{ op: '+' }]);
    for (const id of ['d', 'e', 'f']) await sync(id, [{ op: '0' }]);
    const { view } = await sync('b', [{ op: '+' }]);
    check([stateOf(view.get('x')), wordsOf(view.get('x'))], ['o', '2 of 3']);
  },

  'abstentions never lower the votes that are needed at least': async ({ sync }, _, check) => {
    for (const id of ['a', 'b', 'c', 'd']) await sync(id);
    await sync('a', [{ op: '+' }]);
    for (const id of ['b', 'c', 'd']) await sync(id, [{ op: '0' }]);
    const { view } = await sync('a', [{ op: '+' }]);
    check([stateOf(view.get('x')), wordsOf(view.get('x'))], ['c', '1 of 1']);
  },

  'nobody gets leave before the time is over': async (scripts, _, check) => {
    await openShortly(scripts, async () => {}, 10_000);
    const [granted, state, , ms] = await scripts.lease('n1');
    check([granted, state, ms > 9_000 && ms <= 10_000], [0, 'o', true]);
  },

  'as many have leave as may probe, and no more': async (scripts, pass, check) => {
    await openShortly(scripts, pass);
    const first = await scripts.lease('n1');
    const second = await scripts.lease('n2');
    check([first[0], first[1], second[0], second[1]], [1, 'h', 0, 'h']);
    check([second[3] > 4_000 && second[3] <= 5_000, second[2]], [true, first[2]]);
  },

  'the same question gets the same leave': async (scripts, pass, check) => {
    await openShortly(scripts, pass);
    const first = await scripts.lease('n1');
    const again = await scripts.lease('n1');
    check(again, first);
  },

  'leave lapses': async (scripts, pass, check) => {
    await openShortly(scripts, pass);
    await scripts.lease('n1', { ms: 30 });
    await pass(60);
    check((await scripts.lease('n2'))[0], 1);
  },

  'a denial lets nothing live longer': async (scripts, pass, check) => {
    await openShortly(scripts, pass);
    await scripts.lease('n1', { ms: 5_000 });
    const before = (await scripts.sync('a')).view.get('x');
    await pass(15);
    await scripts.lease('n2');
    check((await scripts.sync('a')).view.get('x'), before);
  },

  'enough successes close for all, in a new epoch': async (scripts, pass, check) => {
    await openShortly(scripts, pass);
    const [, , epoch] = await scripts.lease('n1');
    const one = await scripts.report('n1', epoch, 1);
    await scripts.lease('n2');
    const two = await scripts.report('n2', epoch, 1);
    const { view } = await scripts.sync('a');
    check([one[0], one[1], two[0], two[1], two[2] > epoch], [1, 'h', 1, 'c', true]);
    check([stateOf(view.get('x')), wordsOf(view.get('x'))], ['c', 'recovered']);
  },

  'no more have leave than successes are missing': async (scripts, pass, check) => {
    const vote = { op: '+', openFor: 20, probes: 5, need: 2 } as const;
    await scripts.sync('a', [vote]);
    await scripts.sync('b', [vote]);
    await pass(35);
    const granted = [];
    for (const nonce of ['n1', 'n2', 'n3']) granted.push((await scripts.lease(nonce))[0]);
    check(granted, [1, 1, 0]);
  },

  'a failure opens again, for as long as it says': async (scripts, pass, check) => {
    await openShortly(scripts, pass);
    const [, , epoch] = await scripts.lease('n1');
    const [counted, state, next, ms, attempt] = await scripts.report('n1', epoch, 0, { openFor: 7_000 });
    check([counted, state, next > epoch, ms, attempt], [1, 'o', true, 7_000, 2]);
  },

  'a report counts once': async (scripts, pass, check) => {
    await openShortly(scripts, pass);
    const [, , epoch] = await scripts.lease('n1');
    await scripts.report('n1', epoch, 1);
    const again = await scripts.report('n1', epoch, 1);
    check(again.slice(0, 2), [0, 'h']);
  },

  'a report of a lease that has lapsed does not count': async (scripts, pass, check) => {
    await openShortly(scripts, pass);
    const [, , epoch] = await scripts.lease('n1', { ms: 30 });
    await pass(60);
    check((await scripts.report('n1', epoch, 0)).slice(0, 2), [0, 'h']);
  },

  'a report of another epoch does not count': async (scripts, pass, check) => {
    await openShortly(scripts, pass);
    const [, , epoch] = await scripts.lease('n1');
    check((await scripts.report('n1', epoch - 1, 0)).slice(0, 2), [0, 'h']);
  },

  'leave that is given back is there for others': async (scripts, pass, check) => {
    await openShortly(scripts, pass);
    const [, , epoch] = await scripts.lease('n1');
    await scripts.report('n1', epoch, 2);
    check((await scripts.lease('n2'))[0], 1);
  },

  'evidence from before the close does not open again': async (scripts, pass, check) => {
    await openShortly(scripts, pass);
    const [, , epoch] = await scripts.lease('n1');
    await scripts.report('n1', epoch, 1);
    await scripts.lease('n2');
    await scripts.report('n2', epoch, 1);
    await scripts.sync('a', [{ op: '+' }]);
    const { view } = await scripts.sync('b', [{ op: '+' }]);
    check(stateOf(view.get('x')), 'c');
  },

  'a person goes before all, for a time': async (scripts, pass, check) => {
    await scripts.sync('b');
    const [state, epoch] = await scripts.steer('f', 40, 'the\u00e9 \u2615');
    const forced = (await scripts.sync('a', [{ op: '+', epoch }])).view.get('x');
    const leave = await scripts.lease('n1');
    await pass(60);
    const after = (await scripts.sync('a')).view;
    check([state, stateOf(forced), wordsOf(forced), leave[0]], ['f', 'f', 'the\u00e9 \u2615', 0]);
    check(after.size, 0);
  },

  'a reset closes, and begins a new epoch': async (scripts, pass, check) => {
    await openShortly(scripts, pass, 10_000);
    const open = epochOf((await scripts.sync('a')).view.get('x'));
    const [state, epoch] = await scripts.steer('r', 0, 'fixed');
    const { view } = await scripts.sync('a', [{ op: '+', epoch: open }]);
    check([state, epoch > open, stateOf(view.get('x')), wordsOf(view.get('x'))], ['r', true, 'r', 'fixed']);
  },

  'names are names, whatever is in them': async ({ sync }, _, check) => {
    const names = ['__proto__', 'a b', 'é\u0000{x}', '*'];
    await sync(
      'a',
      names.map((name) => ({ op: '+', name })),
    );
    const { view } = await sync('b');
    check([...view.keys()].sort(), [...names].sort());
  },
};
