/** State machines with one fault each, as breakers in the wild have them: what the exploration must find, and how. */
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

/** One call more than `minimumCalls` is waited for: what a rate needs is for the model to say. */
class JudgesLate extends StateMachine {
  constructor(settings: Settings, now: number) {
    super({ ...settings, minimumCalls: settings.minimumCalls + 1 }, now);
  }
}

/** Without leave there is a probe all the same. */
class NeedsNoLeave extends StateMachine {
  override acquire(...given: Acquire) {
    const { rare } = this.phase;
    const gate = rare?.gate;
    if (gate === undefined) return super.acquire(...given);
    (rare as { gate: unknown }).gate = { ...gate, ready: true, take() {}, settle() {} };
    const permit = super.acquire(...given);
    if (this.phase.rare?.gate !== undefined) this.phase.rare.gate = gate;
    return permit;
  }
}

/** Enough successes close though a partner steers. */
class ClosesAlone extends StateMachine {
  override record(...args: RecordCall) {
    const { phase } = this;
    const gate = phase.rare?.gate;
    const rule = super.record(...args);
    if (gate !== undefined && this.phase === phase && phase.state === 'HALF_OPEN' && phase.successes > 0)
      this.closeShared(args[4]);
    return rule;
  }
}

/** A partner's opening is taken for the word on an OPEN that is there already. */
class PartnerShortens extends StateMachine {
  override openShared(...[now, wait, ...rest]: Parameters<StateMachine['openShared']>) {
    super.openShared(now, wait, ...rest);
    if (this.phase.state === 'OPEN' && !this.phase.forced) this.phase.resumeAt = now + wait;
  }
}

/** A partner's hand is stronger than a person's. */
class PartnerReleasesForced extends StateMachine {
  override openShared(...[now, wait, ...rest]: Parameters<StateMachine['openShared']>) {
    if (this.phase.state === 'CLOSED') this.phase.forced = false;
    super.openShared(now, wait, ...rest);
  }
}

/** Calls within calls pass for ever, once one has shown that they are made. */
class NestsWithoutEnd extends StateMachine {
  override record(...args: RecordCall) {
    const rule = super.record(...args);
    if (this.phase.rare !== undefined && this.phase.rare.nestedPlaces > 0)
      this.phase.rare.nestedPlaces = Number.POSITIVE_INFINITY;
    return rule;
  }
}

/** What a probe that hangs has called keeps its place for ever. */
class NestedKeepsPlace extends StateMachine {
  override acquire(...given: Acquire) {
    const { rare } = this.phase;
    const nested = rare?.nestedPermit;
    const permit = super.acquire(...given);
    if (nested?.rare !== undefined) nested.rare.gaveUp = false;
    return permit;
  }
}

/** A detector is asked whatever a person has decided. */
class DetectorOverPerson extends StateMachine {
  override acquire(...[now, full]: Acquire) {
    const { phase, detector } = this;
    if (phase.state === 'CLOSED' && phase.forced && detector?.admit(now) === 'refuse') return undefined;
    return super.acquire(now, full);
  }
}

/** A detector learns from late results too. */
class DetectorSeesAll extends StateMachine {
  override record(...args: RecordCall) {
    const [permit, kind, slow, admittedAt, now] = args;
    if (permit !== this.phase && this.phase.state === 'CLOSED')
      this.detector?.record(kind, slow, admittedAt, now);
    return super.record(...args);
  }
}

export interface Fault {
  readonly create: MachineFactory;
  /** The invariant that it breaks first, by the words of its violation. */
  readonly breaks: string;
}

const fault = (
  Machine: new (...given: Parameters<MachineFactory>) => StateMachine,
  breaks: string,
): Fault => ({
  create: (settings, now) => new Machine(settings, now),
  breaks,
});

/** What the invariants find by themselves. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  'a late result counts': fault(NoStaleCheck, 'a result counts only in the stay that admitted it'),
  'a hung probe keeps its place': fault(NoLease, 'a healthy dependency leads back to CLOSED'),
  'an ignored probe keeps its permit': fault(NoPermitReturn, 'a probe that is over gives its permit back'),
  'OPEN admits a call too early': fault(OpensEarly, 'nothing is admitted before its time'),
  'the window forgets outside CLOSED': fault(WindowNotFrozen, 'outside CLOSED the window keeps its figures'),
  'one probe too many': fault(TooManyProbes, 'never more probes in flight than allowed'),
  'a slow probe closes': fault(SlowProbeCloses, 'a slow probe opens'),
  'the wrong probe leaves': fault(WrongProbeLeaves, 'no probe is given up before its lease is over'),
  'reset keeps the stay': fault(ResetKeepsStay, 'a result counts only in the stay that admitted it'),
  'reading changes the state': fault(ReadingRecovers, 'reading changes nothing'),
  'a probe needs no leave': fault(NeedsNoLeave, 'each probe of a gated stay takes its leave'),
  'a gated stay closes by itself': fault(ClosesAlone, 'a gated stay is closed from outside alone'),
  'a partner shortens a stay': fault(PartnerShortens, 'a partner shortens no stay'),
  'a partner opens what is forced closed': fault(
    PartnerReleasesForced,
    'a partner steers no stay but its own',
  ),
  'nested calls have no bound': fault(
    NestsWithoutEnd,
    'no more calls beside the probes than probes call for',
  ),
  'a given-up nested call keeps its place': fault(NestedKeepsPlace, 'what has been given up takes no place'),
  'a detector is asked though forced': fault(
    DetectorOverPerson,
    'a detector is not asked where a person has decided',
  ),
  'a detector sees late results': fault(
    DetectorSeesAll,
    'a late result reaches neither partner nor detector',
  ),
};

/** What nothing but the comparison with the model finds. */
export const LATE_JUDGE = fault(JudgesLate, 'a call is admitted when the model says so');
