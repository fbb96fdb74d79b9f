/**
 * Makes an error that must not disturb a call visible all the same: it is thrown in a microtask of its own
 * and arrives where the runtime reports uncaught errors.
 */
export function report(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

/** Asks somebody outside; what throws is reported, and stands for `otherwise`. */
export function tried<T>(ask: () => T, otherwise: T): T {
  try {
    return ask();
  } catch (error) {
    report(error);
    return otherwise;
  }
}

/** Whether a user's function answers `true`. One that throws or answers nonsense is reported and means no. */
export function isGranted(option: string, ask: () => unknown): boolean {
  try {
    const answer = ask();
    if (answer && answer !== true)
      report(new TypeError(`\`${option}\` must return true or false, received ${typeof answer}`));
    return answer === true;
  } catch (error) {
    report(error);
    return false;
  }
}
