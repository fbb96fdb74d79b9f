/** A warning's code: what it is about, for whoever filters warnings. */
export type WarningCode = `RECLOSER_${string}`;

/** Tells the process something that must not disturb a call, where there is a process to be told. */
export function warn(code: WarningCode, message: string): void {
  const { process } = globalThis as { process?: { emitWarning?(message: string, options: object): void } };
  process?.emitWarning?.(message, { type: 'CircuitBreakerWarning', code });
}
