/** Chance that is the same everywhere, beside what the platform has, and with the figures that it must have for ever. */
import { describe, expect, it } from 'vitest';
import {
  createRandom,
  draw,
  exp,
  hash,
  hashText,
  ln,
  lognormal,
  normalQuantile,
} from '../../src/testing/random.js';

describe('logarithms and powers', () => {
  it.each([1e-9, 0.001, 0.1, 0.5, 0.74, 0.75, 0.76, 0.9, 1, 1.1, 1.4, 1.5, 1.51, 2, 3, 10, 123.456, 1e9])(
    'are those of the platform: ln %d',
    (x) => {
      expect(Math.abs(ln(x) - Math.log(x))).toBeLessThan(1e-11);
    },
  );

  it.each([-40, -5, -1, -0.7, -0.35, -0.1, 0, 0.1, 0.34, 0.35, 0.7, 1, 2.5, 5, 40])(
    'are those of the platform: e to the %d',
    (x) => {
      expect(exp(x) / Math.exp(x)).toBeCloseTo(1, 12);
    },
  );
});

describe('the normal quantile', () => {
  it.each([
    [0.0001, -3.719016485],
    [0.001, -3.090232306],
    [0.02, -2.053748911],
    [0.024, -1.977368428],
    [0.025, -1.959963985],
    [0.1, -1.281551566],
    [0.25, -0.67448975],
    [0.4, -0.253347103],
    [0.5, 0],
    [0.6, 0.253347103],
    [0.75, 0.67448975],
    [0.9, 1.281551566],
    [0.975, 1.959963985],
    [0.976, 1.977368428],
    [0.98, 2.053748911],
    [0.99, 2.326347874],
    [0.999, 3.090232306],
    [0.9999, 3.719016485],
  ])('of %d is %d', (p, quantile) => {
    expect(Math.abs(normalQuantile(p) - quantile)).toBeLessThan(1e-8);
  });
});

describe('a lognormal distribution', () => {
  it('has its median and its 99th percentile', () => {
    expect(lognormal(40, 900, 0.5)).toBeCloseTo(40, 5);
    expect(lognormal(40, 900, 0.99)).toBeCloseTo(900, 4);
    expect(lognormal(40, 900, 0.25)).toBeCloseTo(
      40 * Math.exp((Math.log(22.5) / 2.32634787) * -0.67448975),
      4,
    );
  });

  it('has an end on both sides', () => {
    expect([lognormal(40, 900, 0), lognormal(40, 900, 1 - 2 ** -32)].map((it) => it.toPrecision(9))).toEqual([
      '0.00828212192',
      '193187.207',
    ]);
  });
});

describe('draws', () => {
  it('are the same for ever', () => {
    expect([hash(), hash(1), hash(1, 2), hash(2, 1), hash(2 ** 40 + 1), hash(0, 0)]).toEqual([
      2654435769, 1474032011, 3059428261, 4162419411, 1185401336, 2205635238,
    ]);
    expect([draw(1, 2, 3), draw(7)].map((it) => it.toFixed(9))).toEqual(['0.725069575', '0.243051654']);
    expect([hashText(''), hashText('a'), hashText('get'), hashText('teg')]).toEqual([
      2166136261, 3826002220, 1410115415, 3053578575,
    ]);
    const random = createRandom(7, 1);
    expect([random(), random(), random()].map((it) => it.toFixed(9))).toEqual([
      '0.941283791',
      '0.632487566',
      '0.029807942',
    ]);
  });
});
