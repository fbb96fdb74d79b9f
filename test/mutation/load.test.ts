import { expect, test } from 'vitest';

// Stryker takes a test file that cannot be loaded for one without tests, and a mutant that breaks every one of them
// for a survivor. Loaded here outside the test, so that what runs then is not counted as covered by it.
const problem = await import('recloser').then(
  () => undefined,
  (error: unknown) => error,
);

test('the library loads', () => {
  expect(problem).toBeUndefined();
});
