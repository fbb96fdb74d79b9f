/** Tells the process, where there is one, of a mistake in a configuration that must not fail a call. */
export function warn(message: string): void {
  const { process } = globalThis as { process?: { emitWarning?(message: string, options: object): void } };
  process?.emitWarning?.(message, { type: 'CircuitBreakerWarning', code: 'RECLOSER_CONFIG' });
}
