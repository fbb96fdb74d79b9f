/** What goes in and out of a panel, whatever the server. */
import type { RequestHeaders } from './options.js';

/** A request, as far as a panel looks at it. */
export interface Asked {
  readonly method: string;
  readonly route: Route;
  readonly query: URLSearchParams;
  readonly headers: RequestHeaders;
  /** The name that it was asked under, in lower case. */
  readonly host: string;
  readonly ip: string | undefined;
  /** Whether it speaks HTTP/1.0, as proxies do. */
  readonly isOld: boolean;
  /** As it was given. */
  readonly request: unknown;
  body(): Promise<Body>;
}

/** A body that was read, or what is wrong with it. */
export type Body = { readonly json: unknown } | 'too large' | 'no JSON';

export type Route = 'page' | 'report' | 'breaker' | 'events' | 'actions';

const ROUTES: Readonly<Record<string, Route>> = {
  '': 'page',
  '/': 'page',
  '/report.json': 'report',
  '/breaker.json': 'breaker',
  '/events': 'events',
  '/actions': 'actions',
};

/** Which route a path is; `undefined` for none of ours. */
export function routeOf(pathname: string, base: string | undefined): Route | undefined {
  const rest = base === undefined ? pathname : restOf(pathname, base);
  return rest !== undefined && Object.hasOwn(ROUTES, rest) ? ROUTES[rest] : undefined;
}

function restOf(pathname: string, base: string): string | undefined {
  for (const start of [base, encodeURI(base)]) {
    if (pathname === start) return '';
    if (pathname.startsWith(`${start}/`)) return pathname.slice(start.length);
  }
  return undefined;
}

/** What a panel answers. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Takes the line over, once the headers are out. */
  readonly open?: (channel: Channel) => void;
}

/** A line to a viewer. */
export interface Channel {
  /** Tells whether there is room for more. */
  write(text: string): boolean;
  end(): void;
  /** Hangs up, whatever has not been read. */
  destroy(): void;
  /** What has been written was taken. */
  drained: () => void;
  /** The viewer has gone. */
  closed: () => void;
}

/** The largest body of an action, in bytes. */
export const LARGEST_BODY = 16_384;

export function text(status: number, line: string, headers: Record<string, string> = {}): Answer {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body: `${line}\n` };
}

/** @param body as JSON */
export function json(status: number, body: string, headers: Record<string, string> = {}): Answer {
  return { status, headers: { 'content-type': 'application/json; charset=utf-8', ...headers }, body };
}

/** The JSON of a body; one that is of the wrong kind has none. */
export function parse(given: string): Body {
  try {
    return { json: JSON.parse(given) };
  } catch {
    return 'no JSON';
  }
}

/** Headers by their names, to be asked in either way. Those of HTTP/2 that are none, and names of methods, are left out. */
export function headersOf(pairs: Iterable<readonly [string, string]>): RequestHeaders {
  const headers = new Headers();
  for (const [name, value] of pairs) {
    try {
      headers.append(name, value);
    } catch {} // `:authority` is no header
  }
  headers.forEach((value, name) => {
    if (!(name in headers)) Object.defineProperty(headers, name, { value, enumerable: true });
  });
  return headers as unknown as RequestHeaders;
}

export function mediaTypeOf(headers: RequestHeaders): string {
  return (headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}
