import { retryAfterOf } from 'recloser/http';
import { describe, expect, it } from 'vitest';

const NOW = Date.parse('Sun, 06 Nov 1994 08:49:27 GMT');
const asked = (headers: Record<string, string>, status = 503) =>
  retryAfterOf(new Response(null, { status, headers }), NOW);

describe('retryAfterOf', () => {
  it.each([
    [{ 'retry-after': '3' }, 3_000],
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after': '1.5' }, 1_500],
    [{ 'retry-after': '1.25' }, 1_250],
    [{ 'retry-after-ms': '250', 'retry-after': '3' }, 250],
    [{ 'retry-after-ms': 'soon', 'retry-after': '3' }, 3_000],
    [{ 'retry-after': 'Sun, 06 Nov 1994 08:49:37 GMT' }, 10_000],
    [{ 'retry-after': 'Sunday, 06-Nov-94 08:49:37 GMT' }, 10_000],
    [{ 'retry-after': 'Sun Nov  6 08:49:37 1994' }, 10_000],
    [{ 'retry-after': 'Sun, 06 Nov 1994 08:49:07 GMT' }, 0],
  ])('reads %o', (headers, ms) => {
    expect(asked(headers as Record<string, string>)).toBe(ms);
  });

  it.each([
    {},
    { 'retry-after': '' },
    { 'retry-after': '-3' },
    { 'retry-after': 'soon' },
    { 'retry-after': '3 s' },
    { 'retry-after': '1e3' },
    { 'retry-after': '0x10' },
    { 'retry-after': 'undefined' },
    { 'retry-after': '1994'.repeat(200) },
    { 'retry-after': 'Sun, 06 Foo 1994 08:49:37 GMT' },
    { 'retry-after': '2030-01-01' },
    { 'retry-after': 'on Sun, 06 Nov 1994 08:49:37 GMT' },
    { 'retry-after': 'Sun, 06 Nov 1994 08:49:37 GMT+0100' },
    { 'retry-after': 'on Sun Nov  6 08:49:37 1994' },
    { 'retry-after': 'Sun Nov  6 08:49:37 1994 BC' },
    { 'retry-after': 'Sun Nov -6 08:49:37 1994' },
    { ratelimit: '"a;r=0;t=9";r=3;t=30' },
    { ratelimit: '"a\\";r=0;t=9";r=3;t=30' },
    { ratelimit: '"minute";r=0' },
    { ratelimit: '"minute";r=05;t=30' },
    { ratelimit: '"minute";rest=0;t=30' },
    { ratelimit: '"minute";r=0;total=30' },
    { ratelimit: '"minute";r=0;t=30s' },
    { 'x-ratelimit-reset': '30' },
  ])('takes %o for no answer', (headers) => {
    expect(asked(headers as Record<string, string>, 429)).toBeUndefined();
  });

  it.each([
    [{ ratelimit: '"minute";r=0;t=30' }, 30_000],
    [{ ratelimit: '"second";r=0;t=1, "day;r=0;t=9,";r=0;t=40, "hour";r=3;t=900' }, 40_000],
    [{ ratelimit: '"minute"; r=0; t=30; pk=:abc:' }, 30_000],
    [{ ratelimit: '"minute" ; r = 0 ; t = 30 ; pk=:abc:' }, 30_000],
    [{ ratelimit: '"minute";t=30;r=0' }, 30_000],
    [{ ratelimit: '"minute";r=0', 'ratelimit-reset': '7' }, 7_000],
    [{ 'ratelimit-reset': '7' }, 7_000],
    [{ ratelimit: '"minute";r=4;t=30', 'ratelimit-reset': '7' }, 7_000],
    [{ 'retry-after': '2', ratelimit: '"minute";r=0;t=30' }, 2_000],
  ])('reads of a 429 alone %o', (headers, ms) => {
    expect(asked(headers as Record<string, string>, 429)).toBe(ms);
    expect(asked({ ...headers, 'retry-after': 'nonsense' }, 503)).toBeUndefined();
  });

  it.each([
    [{ statusCode: 503, headers: { 'retry-after': '3' } }, 3_000],
    [{ statusCode: 503, headers: { 'Retry-After': ['3', '4'] } }, 3_000],
    [{ status: 429, headers: new Map([['retry-after', 3]]) }, 3_000],
    [undefined, undefined],
    [null, undefined],
    ['text', undefined],
    [{ headers: null }, undefined],
  ])('reads the responses of others: %o', (response, ms) => {
    expect(retryAfterOf(response, NOW)).toBe(ms);
  });

  it('bears members that throw', () => {
    const response = {
      get headers() {
        throw new Error('no');
      },
    };

    expect(retryAfterOf(response)).toBeUndefined();
  });

  it('takes the present for dates', () => {
    const response = new Response(null, {
      headers: { 'retry-after': new Date(Date.now() + 60_000).toUTCString() },
    });

    expect(retryAfterOf(response)).toBeGreaterThan(50_000);
  });
});
