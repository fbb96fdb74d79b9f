/** Time for code that looks at globals: while it runs, they are those of a simulation. */

const REAL = {
  now: Date.now,
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
};

export function isolatedTime() {
  let clock = { now: () => 0 };
  /** @type {Map<object, { at: number, run: () => void, every: number | undefined }>} */
  const timers = new Map();
  const set =
    (repeats) =>
    (run, ms = 0) => {
      const timer = { unref: () => timer, ref: () => timer, hasRef: () => false };
      timers.set(timer, { at: clock.now() + ms, run, every: repeats ? ms : undefined });
      return timer;
    };
  const clear = (timer) => void timers.delete(timer);
  const install = () => {
    Date.now = () => 1.7e12 + Math.floor(clock.now());
    Object.assign(globalThis, {
      setTimeout: set(false),
      clearTimeout: clear,
      setInterval: set(true),
      clearInterval: clear,
    });
  };
  const restore = () => {
    const { now, ...others } = REAL;
    Date.now = now;
    Object.assign(globalThis, others);
  };
  const runDue = () => {
    for (const [timer, it] of timers) {
      for (; it.at <= clock.now() && timers.has(timer); it.at += it.every) {
        if (it.every === undefined) timers.delete(timer);
        it.run();
        if (it.every === undefined) break;
      }
    }
  };
  return {
    follow(its) {
      clock = its;
    },
    within(run) {
      install();
      try {
        runDue();
        return run();
      } finally {
        restore();
      }
    },
    /** Promises run dry, and see the simulation's time. */
    async settle() {
      install();
      try {
        for (let turn = 0; turn < 12; turn++) await null;
      } finally {
        restore();
      }
    },
    close: () => timers.clear(),
  };
}
