/** The eight faults that the contract names and one more, each planted in what goes to Redis or comes from it: the model finds all. */
import { expect, it } from 'vitest';
import { argsOf, Play, type Sharing, type Step, type Tamper, withArg } from './model.js';

/** Both have voted, the fleet is open, and its time is over. */
const OPEN: readonly Step[] = ['fail 0', 'poll 0', 'fail 1', 'poll 1', 'poll 0', 'pass'];

const isPoll = (command: readonly string[]) => argsOf(command)[0] !== 'x';
const isLease = (command: readonly string[]) => !isPoll(command) && argsOf(command).length === 5;
const isReport = (command: readonly string[]) => !isPoll(command) && argsOf(command).length === 7;

interface Fault {
  readonly plant: () => Tamper;
  readonly schedule: readonly Step[];
  readonly sharing?: Sharing;
  readonly found: RegExp;
}

const sound: Tamper = (command, run) => run(command);

const FAULTS: Readonly<Record<string, Fault>> = {
  'leases do not lapse': {
    plant: () => (command, run) => run(isLease(command) ? withArg(command, 2, '999999999') : command),
    schedule: [...OPEN, 'begin 0', 'crash 0'],
    found: /stuck|nobody rejects for longer than an hour/,
  },

  'a report counts without its lease': {
    plant: () => {
      let latest = '';
      return async (command, run) => {
        const reply = await run(isReport(command) ? withArg(command, 1, latest) : command);
        if (isLease(command) && (reply as unknown[])[0] === 1) latest = argsOf(command)[1] as string;
        return reply;
      };
    },
    sharing: { probeLease: 5_000, lapsesAfter: 1_000 },
    schedule: [...OPEN, 'begin 0', 'pass', 'begin 1', 'end 0'],
    found: /a lease that has lapsed counts nowhere/,
  },

  'votes count by what is known now, not by when their evidence was seen': {
    plant: () => async (command, run) => {
      if (argsOf(command)[5] !== '+') return run(command);
      const reply = (await run(withArg(command, 5, '-'))) as string[];
      return run(withArg(command, 7, String(reply[3]).split(' ')[1] ?? '0'));
    },
    schedule: ['fail 0', 'fail 1', 'reset', 'poll 0', 'poll 1'],
    found: /evidence of another epoch is no vote/,
  },

  'adopted openings vote': {
    plant: () => (command, run, who) => {
      const args = argsOf(command);
      if (!isPoll(command) || args.length > 5 || who.state !== 'OPEN') return run(command);
      const [verb = '', script = '', count, ...rest] = command;
      const keys = rest.slice(0, Number(count));
      const entry = ['+', 'x', '0', '1000', '1', '2'];
      return run([verb, script, '3', ...keys, 'recloser:1:{model}:r:x', ...args, ...entry]);
    },
    sharing: { quorum: { minVotes: 1, ratio: 0 } },
    schedule: ['fail 0', 'poll 0', 'poll 1', 'poll 1'],
    found: /who has adopted an opening has no vote/,
  },

  'who abstains lowers the votes that it takes at least': {
    plant: () => {
      let abstains = false;
      return (command, run) => {
        if (argsOf(command)[5] === '0') abstains = true;
        return run(isPoll(command) && abstains ? withArg(command, 3, '1') : command);
      };
    },
    schedule: ['fail 0', 'poll 0', 'poll 1', 'poll 1', 'poll 0'],
    found: /one instance opens nobody while two live/,
  },

  'a denial extends what is there': {
    plant: () => {
      let granted: readonly string[] | undefined;
      return async (command, run) => {
        const reply = await run(command);
        if (!isLease(command)) return reply;
        if ((reply as unknown[])[0] === 1) granted = command;
        else if (granted !== undefined) await run(withArg(granted, 2, '9000'));
        return reply;
      };
    },
    schedule: [...OPEN, 'begin 0', 'poll 1', 'begin 1', 'poll 1'],
    found: /a denial extends nothing/,
  },

  'a report that is sent again counts again': {
    plant: () => {
      let granted: readonly string[] | undefined;
      const heard = new Set<string | undefined>();
      return async (command, run) => {
        const [, nonce] = argsOf(command);
        if (isReport(command) && heard.has(nonce) && granted !== undefined) await run(granted);
        const reply = await run(command);
        if (isLease(command) && (reply as unknown[])[0] === 1) granted = command;
        if (isReport(command)) heard.add(nonce);
        return reply;
      };
    },
    schedule: [...OPEN, 'begin 0', 'lose 0', 'end 0', 'poll 0'],
    found: /a report counts once/,
  },

  'successes are as if nobody had used their leave': {
    plant: () => (command, run) => {
      const isSuccess = isReport(command) && argsOf(command)[3] === '1';
      return run(isSuccess ? withArg(command, 3, '2') : command);
    },
    schedule: [...OPEN, 'succeed 0', 'succeed 1', 'succeed 0'],
    found: /no more probe than are needed/,
  },

  'a record that is not there closes': {
    plant: () => {
      let wasThere = false;
      return async (command, run) => {
        const reply = (await run(command)) as (string | number)[];
        if (reply.length > 2) wasThere = true;
        if (!isPoll(command) || reply.length > 2 || !wasThere) return reply;
        const now = Number(reply[1]);
        return [...reply, 'x', `c ${now + 1} 0 0 0 0 ${now + 60_000} recovered`];
      };
    },
    sharing: { quorum: { minVotes: 1, ratio: 0 } },
    schedule: ['fail 0', 'poll 0', 'poll 1', 'flush', 'poll 1'],
    found: /nobody closes because a record is not there/,
  },
};

/** What comes of a schedule: the violation, or whether all come to be closed. */
async function outcomeOf({ schedule, sharing }: Fault, tamper: Tamper): Promise<string> {
  const play = await new Play(tamper, sharing).start();
  try {
    for (const step of schedule) await play.step(step);
    return (await play.comesHome()) ? 'sound' : 'stuck';
  } catch (error) {
    return (error as Error).message;
  }
}

it.each(Object.entries(FAULTS))('the model finds it where %s', async (_, fault) => {
  expect(await outcomeOf(fault, sound)).toBe('sound');
  expect(await outcomeOf(fault, fault.plant())).toMatch(fault.found);
});
