/** A panel for servers that take a `Request` and answer a `Response`. */
import type { Answer, Body, Channel } from './exchange.js';
import { headersOf, LARGEST_BODY, routeOf } from './exchange.js';
import { SECURITY_HEADERS } from './headers.js';
import { joined, type Responder, textOf } from './node.js';

/** What a request does not say itself. */
export interface FetchContext {
  /** Who asks, as the server knows it. */
  readonly ip?: string | undefined;
}

/** A stream holds so much that was not read, in bytes, before it is full. */
const ROOM = 65_536;

/** @param base where it is, if the server does not take that off */
export function createFetch(answer: Responder, base: string | undefined) {
  return async (request: Request, { ip }: FetchContext = {}): Promise<Response> => {
    const { pathname, searchParams, host } = new URL(request.url);
    const route = routeOf(pathname, base);
    if (route === undefined)
      return respond({ status: 404, headers: { 'content-type': 'text/plain' }, body: 'Not found\n' });
    const headers: [string, string][] = [];
    request.headers.forEach((value, name) => {
      headers.push([name, value]);
    });
    try {
      const made = await answer({
        method: request.method,
        route,
        query: searchParams,
        headers: headersOf(headers),
        host: (request.headers.get('host') ?? host).toLowerCase(),
        ip,
        isOld: false,
        request,
        body: () => readBody(request),
      });
      return 'arrayBuffer' in made ? await relay(made) : respond(made, request.method);
    } catch {
      return respond({ status: 500, headers: { 'content-type': 'text/plain' }, body: 'It failed\n' });
    }
  };
}

function respond({ status, headers, body, open }: Answer, method = 'GET'): Response {
  const init = { status, headers: { ...SECURITY_HEADERS, ...headers } };
  if (open !== undefined) return new Response(streamOf(open), init);
  return new Response(method === 'HEAD' ? null : body, init);
}

/** What `authorize` has answered, with our headers too. */
async function relay(made: Response): Promise<Response> {
  const headers = new Headers(made.headers);
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) headers.set(name, value);
  const hasNone = [101, 204, 205, 304].includes(made.status);
  return new Response(hasNone ? null : await made.arrayBuffer(), { status: made.status, headers });
}

function streamOf(open: (channel: Channel) => void): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let channel: Channel;
  let isOver = false;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const over = (end: () => void) => {
          if (isOver) return;
          isOver = true;
          end();
        };
        channel = {
          write(text) {
            if (isOver) return true;
            controller.enqueue(encoder.encode(text));
            return (controller.desiredSize ?? 0) > 0;
          },
          end: () => over(() => controller.close()),
          destroy: () => over(() => controller.error(new Error('The stream was not read'))),
          drained: () => {},
          closed: () => {},
        };
        open(channel);
      },
      pull: () => channel.drained(),
      cancel() {
        isOver = true;
        channel.closed();
      },
    },
    { highWaterMark: ROOM, size: (chunk) => chunk.byteLength },
  );
}

async function readBody(request: Request): Promise<Body> {
  if (Number(request.headers.get('content-length') ?? 0) > LARGEST_BODY) return 'too large';
  if (request.bodyUsed || request.body === null) return 'no JSON';
  const reader = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      size += read.value.length;
      if (size > LARGEST_BODY) {
        void reader.cancel().catch(() => {});
        return 'too large';
      }
      chunks.push(read.value);
    }
  } catch {
    return 'no JSON';
  }
  return textOf(joined(chunks, size));
}
