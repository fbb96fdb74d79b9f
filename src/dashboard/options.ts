import { type ResilienceSource, resilienceSource } from '../core/resilience-source.js';
import {
  type Check,
  callable,
  duration,
  guardRead,
  hasMethods,
  oneOf,
  orFalse,
  readOptions,
  refuse,
  string,
  verify,
} from '../core/validate.js';
import type { History } from '../monitor/index.js';
import type { Action, ActionRecord } from './action.js';
import type { DashboardFleet, DashboardRegistry } from './target.js';

/** The headers of a request: `headers.get('cookie')`, or `headers.cookie`; names in lower case. */
export interface RequestHeaders {
  get(name: string): string | null;
  has(name: string): boolean;
  readonly authorization?: string;
  readonly cookie?: string;
  readonly [name: string]: unknown;
}

/** What somebody wants. */
export interface AuthorizeRequest {
  /** `view` for looking; else the lever. */
  readonly action: 'view' | Action;
  /** The name of the breaker, where it is about one. It is what the request says: there may be none of that name. */
  readonly breaker?: string;
  readonly headers: RequestHeaders;
  /** Who asks, as the server knows it; behind a proxy that is the proxy. */
  readonly ip?: string;
  /** The request that `node` or `fetch` was given. */
  readonly request?: unknown;
}

/**
 * `true`, or a name for the records: they may. A `Response` (a page to log in at, a 401) is what they are answered. Anything
 * else: they may not.
 */
export type AuthorizeAnswer = boolean | { readonly as: string } | Response | null | undefined;

/** How a panel is made. */
export interface DashboardOptions {
  /** What the page is called. @default 'Circuit breakers' */
  title?: string | undefined;
  /** Whose picture it is: the host, or the pod. @default '' */
  instance?: string | undefined;
  /** What has happened to the breakers. @default one of its own, for 1,000 failures and 1,000 changes, until `close()` */
  history?: DashboardHistory | undefined;
  /** Who may look, and who may pull levers. @default looking alone, from this machine */
  authorize?: ((request: AuthorizeRequest) => AuthorizeAnswer | PromiseLike<AuthorizeAnswer>) | undefined;
  /** Whether there are levers; they need `authorize`. @default false */
  controls?: boolean | undefined;
  /** The only names that it answers under, such as `ops.example.com`, with a port or without. @default any */
  hosts?: readonly string[] | undefined;
  /** Where it is, such as `/breakers`, if the server does not take that off. @default the root */
  path?: string | undefined;
  /** Milliseconds between two looks, as long as somebody looks, 250 to 60,000. @default 1_000 */
  refresh?: number | undefined;
  /** What is shown of an error's message; `false`: nothing. @default the message */
  redact?: ((message: string) => string) | false | undefined;
  /** Is told each lever that was pulled, for your log. What it throws or rejects with is reported as uncaught. */
  onAction?: ((record: ActionRecord) => unknown) | undefined;
  /** The fleet that shares the breakers, of `recloser/redis`: levers may hold for all, rows show votes and probes. */
  fleet?: DashboardFleet | undefined;
  /** What is around the breakers: `defaultResilience`, or a `ResilienceRegistry` of your own. @default nothing */
  resilience?: ResilienceSource | undefined;
}

/** What a panel asks a history. */
export type DashboardHistory = Pick<History, 'failures' | 'transitions' | 'opening' | 'percentiles'> &
  Partial<Pick<History, 'uncounted' | 'words'>>;

/** The options in force. */
export interface ResolvedOptions extends DashboardOptions {
  readonly title: string;
  readonly instance: string;
  readonly controls: boolean;
  readonly refresh: number;
}

const SUBJECT = { breaker: '', action: 'create dashboard' };

const PATH = /^(\/[^/?#\s\\]+)+$/;
const DOTS = /\/\.{1,2}(\/|$)/;
const path: Check = (value) =>
  typeof value === 'string' && PATH.test(value) && !DOTS.test(value)
    ? undefined
    : 'a path with a slash before it and none after it, such as "/breakers"; leave it out for the root';

const HOST = /^(\[[0-9a-f:.]+\]|[^\s/:?#@[\]*]+)(:\d{1,5})?$/i;
const host: Check = (value) =>
  typeof value === 'string' && HOST.test(value)
    ? undefined
    : 'the name of a host, such as "ops.example.com", with a port or without';
const hosts: Check = Object.assign(
  (value: unknown) =>
    Array.isArray(value) && value.length > 0 && !value.some(host)
      ? undefined
      : 'an array of names of hosts, one at least',
  { item: host },
);

const fleet: Check = (value) =>
  hasMethods('status', 'forceOpen', 'forceClosed', 'reset')(value)
    ? undefined
    : 'a fleet, as shareState() of recloser/redis makes one';

const history: Check = (value) =>
  hasMethods('failures', 'transitions', 'opening', 'percentiles')(value)
    ? undefined
    : 'a history, as history() of recloser/monitor makes one';

const RULES: { readonly [Option in keyof DashboardOptions]-?: Check } = {
  title: string,
  instance: string,
  history,
  authorize: callable,
  controls: oneOf(true, false),
  hosts,
  path,
  refresh: duration(250, 60_000),
  redact: orFalse(callable),
  onAction: callable,
  fleet,
  resilience: resilienceSource,
};

/** @throws InvalidOptionsError for an unknown option, a value out of range, or levers that anybody might pull */
export function readDashboardOptions(options: unknown): ResolvedOptions {
  const given: DashboardOptions = guardRead(SUBJECT, 'options', () => readOptions(options, RULES, SUBJECT));
  const { title = 'Circuit breakers', instance = '', controls = false, refresh = 1_000 } = given;
  if (controls && given.authorize === undefined) {
    refuse(SUBJECT, 'controls', '`controls` needs `authorize`, a function that says who may pull levers');
  }
  return { ...given, title, instance, controls, refresh };
}

/** @throws InvalidOptionsError for anything but a registry */
export function verifyRegistry(registry: unknown): asserts registry is DashboardRegistry {
  guardRead(SUBJECT, '`registry`', () =>
    verify(SUBJECT, 'registry', registry, (given) =>
      hasMethods('on', Symbol.iterator)(given) ? undefined : 'a registry of circuit breakers',
    ),
  );
}
