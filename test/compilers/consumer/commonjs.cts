/** What a CommonJS user writes. */
import recloser = require('recloser');

const breaker: recloser.CircuitBreaker = new recloser.CircuitBreaker({ name: 'prices' });
export const state: recloser.CircuitState = breaker.state;
export const answer: Promise<number> = breaker.call(() => 42);
