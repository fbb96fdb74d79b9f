import { describe, expect, test } from 'vitest';
import { verdictOn } from './verdict.mjs';

const OPENS = { name: 'opens', ok: true };
const CLOSES = { name: 'closes', ok: true };
const SKIPPED = { ...CLOSES, skipped: 'no door' };

const errorsIn = (results: Parameters<typeof verdictOn>[1], skips: readonly string[] = []) =>
  verdictOn({ behaviours: ['opens', 'closes'], skips }, results).failed.map(
    ({ name, error }) => `${name} ${error}`,
  );

describe('the verdict on a runtime', () => {
  test('passes what was checked', () => {
    const verdict = verdictOn({ behaviours: ['opens', 'closes'], skips: [] }, [OPENS, CLOSES]);

    expect(verdict).toEqual({ passed: 2, failed: [] });
  });

  test('does not count a skip that is expected', () => {
    const verdict = verdictOn({ behaviours: ['opens', 'closes'], skips: ['closes'] }, [OPENS, SKIPPED]);

    expect(verdict).toEqual({ passed: 1, failed: [] });
  });

  test('fails what failed', () => {
    expect(errorsIn([OPENS, { ...CLOSES, ok: false, error: 'it is stuck' }])).toEqual(['closes it is stuck']);
  });

  test('fails everything where nothing was told', () => {
    expect(errorsIn([])).toEqual(['opens was not checked', 'closes was not checked']);
  });

  test('fails what was not checked', () => {
    expect(errorsIn([OPENS])).toEqual(['closes was not checked']);
  });

  test('fails what was checked twice', () => {
    expect(errorsIn([OPENS, CLOSES, CLOSES])).toEqual(['closes was checked 2 times']);
  });

  test('fails a skip that is not expected', () => {
    expect(errorsIn([OPENS, SKIPPED])).toEqual(['closes was skipped: no door']);
  });

  test('fails a skip that is expected and did not come', () => {
    expect(errorsIn([OPENS, CLOSES], ['closes'])).toEqual(['closes was to be skipped, and can be checked']);
  });

  test('fails what nobody asked for', () => {
    expect(errorsIn([OPENS, CLOSES, { name: 'sings', ok: true }])).toEqual([
      'sings is no behaviour of this suite',
    ]);
  });
});
