/**
 * What is timed: a call, again and again. The bare loops are other functions than the guarded ones, so that what V8
 * learns from a library's calls does not change what the bare call costs.
 */

export const bare = {
  resolves: (call) => async (times) => {
    for (let i = 0; i < times; i++) await call();
  },
  rejects: (call) => async (times) => {
    for (let i = 0; i < times; i++) {
      try {
        await call();
      } catch {}
    }
  },
  returns: (call) => (times) => {
    let sum = 0;
    for (let i = 0; i < times; i++) sum += call();
    return sum;
  },
};

export const guarded = {
  resolves: (call) => async (times) => {
    for (let i = 0; i < times; i++) await call();
  },
  rejects: (call) => async (times) => {
    for (let i = 0; i < times; i++) {
      try {
        await call();
      } catch {}
    }
  },
  returns: (call) => (times) => {
    let sum = 0;
    for (let i = 0; i < times; i++) sum += call();
    return sum;
  },
};
