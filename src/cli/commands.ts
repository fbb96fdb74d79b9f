/**
 * The commands. Each is a module of its own that is loaded when it is asked for, so that none pays for the others. A new
 * one is a line here, and a file with `run`.
 */
import type { Run } from './answer.js';

/** A command. */
export interface Command {
  /** What it does, as the usage says it after its name. */
  readonly summary: string;
  load(): Promise<{ readonly run: Run }>;
}

export const COMMANDS: Readonly<Record<string, Command>> = {
  grafana: {
    summary: 'prints a Grafana dashboard, as JSON',
    load: () => import('./grafana.js'),
  },
  alerts: {
    summary: 'prints alert rules for Prometheus, as YAML',
    load: () => import('./alerts.js'),
  },
  check: {
    summary: 'tells what is wrong with a configuration',
    load: () => import('./check.js'),
  },
  'explain-config': {
    summary: 'tells where each figure of a breaker comes from',
    load: () => import('./explain-config.js'),
  },
  simulate: {
    summary: 'tells what a breaker would have done in an outage',
    load: () => import('./simulate.js'),
  },
  tune: {
    summary: 'tries options on recorded calls',
    load: () => import('./tune.js'),
  },
  migrate: {
    summary: 'moves code from opossum or cockatiel, and finds hand-made breakers',
    load: () => import('./migrate.js'),
  },
};
