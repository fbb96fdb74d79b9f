import type { Price } from '../core/cost.js';
import { callsSpared, type ResilienceFigures } from '../core/resilience-source.js';
import { refuse, type Subject } from '../core/validate.js';
import type { CircuitTotals } from '../index.js';

/** What calls have cost, and what was saved, since the breaker was made. */
export interface Savings {
  /** What the calls that ran cost. */
  readonly spent: number;
  /** What of that went into calls that failed or timed out. */
  readonly onFailures: number;
  readonly saved: {
    /** Calls that were not made: rejected by the breaker, or retries that an open circuit or an empty budget stopped. */
    readonly calls: number;
    /** What they would have cost. */
    readonly cost: number;
    /** What costs are counted in; empty where nobody said. */
    readonly currency: string;
    /** Calls that the breaker saved. */
    readonly byBreaker: number;
    /** Retries that the budget saved. */
    readonly byBudget: number;
  };
}

/** What one breaker, and the budget of retries around it, has saved. */
export function savingsOf(
  { calls, failures, rejected }: CircuitTotals,
  resilience: ResilienceFigures | undefined,
  { perCall, currency }: Price,
): Savings {
  const { open, budget } = resilience === undefined ? { open: 0, budget: 0 } : callsSpared(resilience.totals);
  const saved = rejected + open + budget;
  return {
    spent: calls * perCall,
    onFailures: failures * perCall,
    saved: {
      calls: saved,
      cost: saved * perCall,
      currency,
      byBreaker: rejected + open,
      byBudget: budget,
    },
  };
}

/**
 * What all of them have saved.
 *
 * @throws InvalidOptionsError where costs are counted in different currencies
 */
export function sumOfSavings(all: readonly Savings[], subject: Subject): Savings {
  const currencies = [...new Set(all.map(({ saved }) => saved.currency))];
  if (currencies.length > 1) {
    refuse(
      subject,
      'cost',
      `\`cost\` must be in one currency for all breakers, received ${currencies.join(' and ')}`,
    );
  }
  const sum = (figure: (savings: Savings) => number) => all.reduce((total, it) => total + figure(it), 0);
  return {
    spent: sum(({ spent }) => spent),
    onFailures: sum(({ onFailures }) => onFailures),
    saved: {
      calls: sum(({ saved }) => saved.calls),
      cost: sum(({ saved }) => saved.cost),
      currency: currencies[0] ?? '',
      byBreaker: sum(({ saved }) => saved.byBreaker),
      byBudget: sum(({ saved }) => saved.byBudget),
    },
  };
}
