/** The tasks that breakers are put before. They settle at once: what is left is what the breaker costs. */

export const succeed = async () => 42;

export const answer = () => 42;

const error = new Error('The dependency is down');

export const fail = async () => {
  throw error;
};

/** Breakers that see failures and stay closed. */
export const NEVER_TRIPS = { failureThreshold: false, failureRateThreshold: false };
