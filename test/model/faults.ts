/** State machines with one fault each, as breakers in the wild have them: what the exploration must find. */
import { StateMachine } from '../../src/core/state-machine.js';
import type { MachineFactory, Settings } from './exploration.js';

type Acquire = Parameters<StateMachine['acquire']>;
type RecordCall = Parameters<StateMachine['record']>;

/** A late result counts in whatever stay there is. */
class NoStaleCheck extends StateMachine {
  override record(_: RecordCall[0], ...rest: RecordCall extends [unknown, ...infer Rest] ? Rest : never) {
    return super.record(this.phase, ...rest);
  }
}

/** A probe that hangs keeps the circuit half-open for ever. */
class NoLease extends StateMachine {
  constructor(settings: Settings, now: number) {
    super({ ...settings, probeTimeout: Number.POSITIVE_INFINITY }, now);
  }
}

/** An ignored probe never gives its permit back. */
class NoPermitReturn extends StateMachine {
  override record(...args: RecordCall) {
    const [permit, kind] = args;
    return permit.state === 'HALF_OPEN' && kind === 'ignored' ? undefined : super.record(...args);
  }
}

/** OPEN lets a call in one step of the clock too early. */
class OpensEarly extends StateMachine {
  override acquire(...[now, full]: Acquire) {
    const { phase } = this;
    if (phase.state === 'OPEN') phase.resumeAt = Math.min(phase.resumeAt, phase.since + phase.recovery - 1);
    return super.acquire(now, full);
  }
}

/** Outside CLOSED the window goes on forgetting. */
class WindowNotFrozen extends StateMachine {
  override windowMetrics(now: number) {
    const { state, since } = this.phase;
    const figures = super.windowMetrics(now);
    if (state === 'CLOSED' || now - since < 2) return figures;
    return { ...figures, calls: 0, failures: 0, slowCalls: 0, failureRate: 0, slowCallRate: 0 };
  }
}

/** One probe more than allowed. */
class TooManyProbes extends StateMachine {
  constructor(settings: Settings, now: number) {
    super({ ...settings, halfOpenMaxCalls: settings.halfOpenMaxCalls + 1 }, now);
  }
}

/** A circuit that opened for slowness closes on a slow probe. */
class SlowProbeCloses extends StateMachine {
  override record(...[permit, kind, slow, ...rest]: RecordCall) {
    return super.record(permit, kind, slow && permit.state === 'CLOSED', ...rest);
  }
}

/** `reset` of a CLOSED circuit keeps the stay, so that what is in flight counts. */
class ResetKeepsStay extends StateMachine {
  override reset(now: number) {
    const { phase } = this;
    super.reset(now);
    if (phase.state === 'CLOSED') this.phase = phase;
  }
}

/** Whichever probe ends, the newest one's place is freed, so that leases go by the wrong age. */
class WrongProbeLeaves extends StateMachine {
  override record(...[permit, kind, slow, admittedAt, ...rest]: RecordCall) {
    return super.record(
      permit,
      kind,
      slow,
      permit === this.phase ? newestOf(permit, admittedAt) : admittedAt,
      ...rest,
    );
  }
}

const newestOf = (permit: RecordCall[0], admittedAt: number) =>
  permit.state === 'HALF_OPEN' ? (permit.probes.at(-1) ?? admittedAt) : admittedAt;

/** Reading gives the state a push. */
class ReadingRecovers extends StateMachine {
  override retryAfter(now: number) {
    const answer = super.retryAfter(now);
    if (answer === 0 && this.phase.state === 'OPEN') this.acquire(now, true);
    return answer;
  }
}

export const FAULTS: Readonly<Record<string, MachineFactory>> = {
  'a late result counts': (settings, now) => new NoStaleCheck(settings, now),
  'a hung probe keeps its place': (settings, now) => new NoLease(settings, now),
  'an ignored probe keeps its permit': (settings, now) => new NoPermitReturn(settings, now),
  'OPEN admits a call too early': (settings, now) => new OpensEarly(settings, now),
  'the window forgets outside CLOSED': (settings, now) => new WindowNotFrozen(settings, now),
  'one probe too many': (settings, now) => new TooManyProbes(settings, now),
  'a slow probe closes': (settings, now) => new SlowProbeCloses(settings, now),
  'the wrong probe leaves': (settings, now) => new WrongProbeLeaves(settings, now),
  'reset keeps the stay': (settings, now) => new ResetKeepsStay(settings, now),
  'reading changes the state': (settings, now) => new ReadingRecovers(settings, now),
};
