/**
 * What is timed: a call, again and again. The loops are written twice on purpose, so do not merge them: V8 keeps what it
 * learns of a function, and the code that it makes of it, by its place in the source. Two closures made in one place
 * share both, and what a library's calls taught the loop would change what the bare call costs in it.
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
