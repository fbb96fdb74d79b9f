/** A panel for servers of Node: the requests and answers of `node:http`, and whatever is made of them. */
import type { Answer, Asked, Body, Channel } from './exchange.js';
import { headersOf, LARGEST_BODY, parse, routeOf } from './exchange.js';
import { SECURITY_HEADERS, UNWANTED_HEADERS } from './headers.js';

/** A request of `node:http` or `node:http2`, as far as a panel reads it; one with a parsed body too. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: { readonly [name: string]: string | readonly string[] | undefined };
  readonly httpVersion?: string | undefined;
  readonly socket?: { readonly remoteAddress?: string | undefined } | null | undefined;
  readonly body?: unknown;
  readonly readableEnded?: boolean | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: chunks are whatever the stream makes
  on(event: string, listener: (...args: any[]) => void): unknown;
}

/** An answer of `node:http` or `node:http2`, as far as a panel writes it. */
export interface NodeResponse {
  statusCode: number;
  readonly destroyed?: boolean | undefined;
  readonly writableEnded?: boolean | undefined;
  setHeader(name: string, value: string | readonly string[]): unknown;
  removeHeader(name: string): unknown;
  write(chunk: string): boolean;
  end(chunk?: string | Uint8Array): unknown;
  destroy(error?: Error): unknown;
  flushHeaders?(): void;
  // biome-ignore lint/suspicious/noExplicitAny: listeners of any event
  on(event: string, listener: (...args: any[]) => void): unknown;
}

/** What answers. */
export type Responder = (asked: Asked) => Promise<Answer | Response>;

/** @param base where it is, if the server does not take that off */
export function createNode(answer: Responder, base: string | undefined) {
  return (request: NodeRequest, response: NodeResponse, next?: (error?: unknown) => void): void => {
    const [pathname, search] = split(request.url ?? '/');
    const route = routeOf(pathname, base);
    if (route === undefined) {
      if (next !== undefined) next();
      else send(response, { status: 404, headers: { 'content-type': 'text/plain' }, body: 'Not found\n' });
      return;
    }
    const method = request.method ?? 'GET';
    const { host = request.headers[':authority'] ?? '' } = request.headers;
    const asked: Asked = {
      method,
      route,
      query: new URLSearchParams(search),
      headers: headersOf(pairsOf(request.headers)),
      host: String(host).toLowerCase(),
      ip: request.socket?.remoteAddress,
      isOld: request.httpVersion === '1.0' || request.httpVersion === '0.9',
      request,
      body: () => readBody(request),
    };
    answer(asked).then(
      (made) => ('arrayBuffer' in made ? relay(response, made, method) : send(response, made, method)),
      () => send(response, { status: 500, headers: { 'content-type': 'text/plain' }, body: 'It failed\n' }),
    );
  };
}

/** The path and the query of what was asked for, also where a proxy asks for an absolute address. */
function split(url: string): readonly [pathname: string, search: string] {
  const path = url.replace(/^https?:\/\/[^/?]*/i, '').split('#', 1)[0] ?? '';
  const query = path.indexOf('?');
  return query < 0 ? [path, ''] : [path.slice(0, query), path.slice(query + 1)];
}

function* pairsOf(headers: NodeRequest['headers']): Iterable<readonly [string, string]> {
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    yield [name, typeof value === 'string' ? value : value.join(', ')];
  }
}

function head(response: NodeResponse, status: number, headers: Readonly<Record<string, string>>): void {
  for (const name of UNWANTED_HEADERS) response.removeHeader(name);
  response.statusCode = status;
  for (const [name, value] of Object.entries({ ...SECURITY_HEADERS, ...headers }))
    response.setHeader(name, value);
}

function send(response: NodeResponse, { status, headers, body, open }: Answer, method = 'GET'): void {
  const isGone = response.destroyed || response.writableEnded;
  if (!isGone) head(response, status, headers);
  if (open === undefined) {
    if (!isGone) response.end(method === 'HEAD' ? undefined : body);
    return;
  }
  const channel = channelOf(response);
  if (!isGone) response.flushHeaders?.();
  open(channel);
  if (isGone) channel.closed();
}

function channelOf(response: NodeResponse): Channel {
  const channel: Channel = {
    write: (text) => response.write(text),
    end: () => void response.end(),
    destroy: () => void response.destroy(),
    drained: () => {},
    closed: () => {},
  };
  response.on('drain', () => channel.drained());
  response.on('close', () => channel.closed());
  response.on('error', () => channel.closed());
  return channel;
}

/** What `authorize` has answered, with our headers too. */
async function relay(response: NodeResponse, made: Response, method: string): Promise<void> {
  try {
    const body = new Uint8Array(await made.arrayBuffer());
    const headers: Record<string, string> = {};
    made.headers.forEach((value, name) => {
      if (name !== 'set-cookie') headers[name] = value;
    });
    head(response, made.status, { ...headers, ...SECURITY_HEADERS });
    const cookies = made.headers.getSetCookie?.() ?? [];
    if (cookies.length > 0) response.setHeader('set-cookie', cookies);
    response.end(method === 'HEAD' ? undefined : body);
  } catch {
    send(response, { status: 403, headers: { 'content-type': 'text/plain' }, body: 'Forbidden\n' }, method);
  }
}

/** The body, parsed already or not: an object, or what a parser of text or bytes has made. */
async function readBody(request: NodeRequest): Promise<Body> {
  if (Number(request.headers['content-length'] ?? 0) > LARGEST_BODY) return 'too large';
  const { body } = request;
  if (typeof body === 'string' || body instanceof Uint8Array) return textOf(body);
  if (body !== undefined && body !== null) return parsed(body);
  if (request.readableEnded) return 'no JSON';
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    request.on('data', (chunk: Uint8Array | string) => {
      const bytes = typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk;
      size += bytes.length;
      if (size > LARGEST_BODY) resolve('too large');
      else chunks.push(bytes);
    });
    request.on('end', () => resolve(textOf(joined(chunks, size))));
    request.on('error', () => resolve('no JSON'));
    request.on('close', () => resolve('no JSON'));
  });
}

export function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

export function textOf(body: string | Uint8Array): Body {
  if (body.length > LARGEST_BODY) return 'too large';
  return parse(typeof body === 'string' ? body : new TextDecoder().decode(body));
}

function parsed(body: object | unknown): Body {
  try {
    return (JSON.stringify(body) ?? '').length > LARGEST_BODY ? 'too large' : { json: body };
  } catch {
    return 'no JSON';
  }
}
