/** What calls cost, for those who tell how much a breaker has saved. */
import { type Check, numberFrom, refuse, type Subject, verify } from './validate.js';

/** What a call costs. */
export interface CallCost {
  /** At least 0. */
  readonly perCall: number;
  /** What it is counted in, 1 to 16 characters, such as `'USD'`. @default '' */
  readonly currency?: string | undefined;
}

/** What a call costs: a number of at least 0, a number with its currency, or either by the name of the breaker. */
export type Cost = number | CallCost | ((breaker: string) => number | CallCost);

/** What a call costs, with every member filled in. */
export type Price = Required<CallCost> & { readonly currency: string };

const LONGEST_CURRENCY = 16;

const amount = numberFrom(0);

const currencyName: Check = (value) =>
  typeof value === 'string' && /^[\p{L}\p{N}\p{Sc}_%.-]+$/u.test(value) && value.length <= LONGEST_CURRENCY
    ? undefined
    : `1 to ${LONGEST_CURRENCY} letters, digits or signs of currencies`;

/** Whatever a cost may be; its figures are checked when they are read. */
export const cost: Check = (value) => {
  if (typeof value === 'number') return amount(value);
  const isKnown = typeof value === 'function' || (typeof value === 'object' && value !== null);
  return isKnown ? undefined : 'a number of at least 0, { perCall, currency }, or a function of the name';
};

/**
 * What a call through this breaker costs.
 *
 * @throws InvalidOptionsError for an amount or a currency that is none
 */
export function priceOf(cost: Cost, breaker: string, subject: Subject): Price {
  const told: unknown = typeof cost === 'function' ? cost(breaker) : cost;
  if (typeof told !== 'object' || told === null) {
    verify(subject, 'cost', told, amount);
    return { perCall: told as number, currency: '' };
  }
  const { perCall, currency, ...others } = told as CallCost;
  for (const other of Object.keys(others)) {
    refuse(subject, `cost.${other}`, `unknown option "cost.${other}", known are perCall and currency`);
  }
  verify(subject, 'cost.perCall', perCall, amount);
  if (currency !== undefined) verify(subject, 'cost.currency', currency, currencyName);
  return { perCall, currency: currency ?? '' };
}
