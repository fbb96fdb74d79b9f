/**
 * The conditions that are worth waking somebody for, with the figures that hold unless others are given. `watch`
 * judges them in the process, the alert rules of `recloser/grafana` judge them in Prometheus.
 */
export const ALERT_CONDITIONS = Object.freeze({
  /** The circuit has opened and is not CLOSED yet. */
  open: Object.freeze({}),
  /** `above`: share of failures among the calls counted within `over` ms, judged from `minimumCalls` calls on. */
  failureRate: Object.freeze({ above: 0.25, over: 300_000, minimumCalls: 20 }),
  /** Not CLOSED for longer than the recovery time plus `margin` ms. */
  openTooLong: Object.freeze({ margin: 60_000 }),
  /** `below`: the health score, for at least `for` ms. */
  health: Object.freeze({ below: 0.5, for: 120_000 }),
  /** `above`: share of all calls, rejected ones too, that a fallback answered within `over` ms, from `minimumCalls` on. */
  fallbacks: Object.freeze({ above: 0.1, over: 300_000, minimumCalls: 20 }),
  /** `opened`: times that the circuit went from CLOSED to OPEN within `over` ms. */
  flapping: Object.freeze({ opened: 3, over: 900_000 }),
});
