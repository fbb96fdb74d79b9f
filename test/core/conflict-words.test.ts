import type { CircuitBreakerOptions, ErrorFilter } from 'recloser';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createRegistry, told } from '../support/registries.js';

beforeEach(() => void vi.spyOn(process, 'emitWarning').mockImplementation(() => {}));
afterEach(() => void vi.restoreAllMocks());

/** What the process is told where the second options are not those in force. */
function wordsOf(inForce: CircuitBreakerOptions, given: CircuitBreakerOptions): unknown {
  const { registry } = createRegistry();
  registry.getOrCreate('users', inForce);
  registry.getOrCreate('users', given);
  const words = vi.mocked(process.emitWarning).mock.calls[0]?.[0];
  return String(words).replace(
    'Circuit breaker "users" exists with other options, which stay in force: ',
    '',
  );
}

const one = () => false;
const another = () => true;
class Gone extends Error {}
class Timeout extends Error {}
const named = (name: unknown) => Object.defineProperty(class extends Error {}, 'name', { value: name });

test.each<[string, CircuitBreakerOptions, CircuitBreakerOptions, string]>([
  [
    'filters by their classes',
    { excludedErrors: [Gone, one] },
    { excludedErrors: [Timeout, one] },
    'excludedErrors is [class Gone, a function], not [class Timeout, a function]',
  ],
  [
    'one of several filters that is another',
    { excludedErrors: [Gone, Timeout] },
    { excludedErrors: [Gone, one] },
    'excludedErrors is [class Gone, class Timeout], not [class Gone, a function]',
  ],
  ['a function where there was none', {}, { fallback: one }, 'fallback is undefined, not a function'],
  [
    'a function in place of another',
    { fallback: one },
    { fallback: another },
    'fallback is a function, not another function',
  ],
  [
    'a class by a name that is safe to print',
    { excludedErrors: [] },
    { excludedErrors: [named('Two\nlines') as ErrorFilter] },
    'excludedErrors is [], not [class Two\\nlines]',
  ],
  [
    'a class that has no name for people',
    { excludedErrors: [] },
    { excludedErrors: [named(5) as ErrorFilter] },
    'excludedErrors is [], not [a function]',
  ],
  [
    'plain values',
    { failureThreshold: 3, window: { type: 'count', size: 10 } },
    { failureThreshold: false, window: { type: 'count', size: 20 } },
    'failureThreshold is 3, not false; window is {"type":"count","size":10}, not {"type":"count","size":20}',
  ],
])('a conflict tells of %s', (_, inForce, given, words) => {
  expect(wordsOf(inForce, given)).toBe(words);
});

test('what brings a state of its own is no conflict, whichever it is', () => {
  const { registry } = createRegistry();
  const conflicts = told(registry, 'conflict');
  registry.getOrCreate('users', { clock: { now: () => 1 } });

  registry.getOrCreate('users', { clock: { now: () => 2 } });

  expect(conflicts).toEqual([]);
});

test('a function of the same text is another one where only one of them makes errors', () => {
  const create = () => {
    function problem() {
      return false;
    }
    return problem as unknown as ErrorFilter;
  };
  const error = create();
  Object.setPrototypeOf((error as { prototype: object }).prototype, Error.prototype);
  const { registry } = createRegistry();
  const conflicts = told(registry, 'conflict');
  registry.getOrCreate('given', { excludedErrors: [create()] });
  registry.getOrCreate('in force', { excludedErrors: [error] });
  registry.getOrCreate('neither', { excludedErrors: [create()] });

  registry.getOrCreate('given', { excludedErrors: [error] });
  registry.getOrCreate('in force', { excludedErrors: [create()] });
  registry.getOrCreate('neither', { excludedErrors: [create()] });

  expect(conflicts.map(({ breaker }) => breaker)).toEqual(['given', 'in force']);
});
