/** What a call of fetch asks for, as far as it decides how the call is made. Whatever is odd goes to fetch untouched. */
import { noteMistake } from './failures.js';

export type FetchInput = Parameters<typeof fetch>[0];
export type FetchInit = NonNullable<Parameters<typeof fetch>[1]>;

/** What a key or a fallback is told of a request. */
export interface FetchRequest {
  readonly url: URL;
  /** In upper case. */
  readonly method: string;
  readonly input: FetchInput;
  readonly init: FetchInit | undefined;
}

/** Whether something may be sent again: whatever becomes of it, only if it has not left, or never. */
export type Again = 'again' | 'unsent' | 'once';

/** Members that fetch reads, for an `init` that has them from its class, as a `Request` has. */
const MEMBERS = [
  'method',
  'signal',
  'headers',
  'body',
  'mode',
  'credentials',
  'cache',
  'redirect',
  'referrer',
  'referrerPolicy',
  'integrity',
  'keepalive',
  'duplex',
  'priority',
  'dispatcher',
  'cf',
] as const;

const isRequest = (input: unknown): input is Request =>
  typeof input === 'object' && input !== null && 'url' in input && 'method' in input;

/** Where a request goes: to a server of HTTP. */
export class Address {
  readonly origin: string;
  readonly #text: string;
  #url: URL | undefined;

  /** @param text the whole address, where it has not been parsed */
  constructor(origin: string, text: string, url?: URL) {
    this.origin = origin;
    this.#text = text;
    this.#url = url;
  }

  get url(): URL {
    this.#url ??= new URL(this.#text);
    return this.#url;
  }
}

/** Origins by how addresses begin: to parse one costs more than all else that is done with a call's arguments. */
const origins = /* @__PURE__ */ new Map<string, string>();

/** Beginnings that are kept. */
const MOST_BEGINNINGS = 1_000;

/** What can only be a scheme and a host, whatever comes after the slash. */
const BEGINNING = /^https?:\/\/[a-z\d.-]+(?::\d+)?$/;

/** The address of a request; `undefined` for what goes to no server of HTTP, or is no address. */
export function addressOf(input: unknown): Address | undefined {
  try {
    const text = isRequest(input) ? input.url : String(input);
    const end = text.indexOf('/', 8);
    const beginning = end < 0 ? text : text.slice(0, end);
    const known = origins.get(beginning);
    if (known !== undefined) return new Address(known, text);
    const base = (globalThis as { location?: { href?: string } }).location?.href;
    const url = new URL(text, base);
    const { origin, protocol } = url;
    if (protocol !== 'http:' && protocol !== 'https:') return undefined;
    if (BEGINNING.test(beginning)) {
      if (origins.size >= MOST_BEGINNINGS) origins.clear();
      origins.set(beginning, origin);
    }
    return new Address(origin, text, url);
  } catch {
    return undefined;
  }
}

/** One call of fetch, read once. */
export class Asked {
  readonly address: Address;
  readonly method: string;
  readonly input: FetchInput;
  readonly init: FetchInit | undefined;
  /** The caller's. */
  readonly signal: AbortSignal | undefined;
  readonly #request: Request | undefined;
  readonly #wasUsed: boolean;
  /** What fetch is to read of `init`, read once. */
  readonly #members: FetchInit;

  /** @throws whatever members of foreign objects throw */
  constructor(address: Address, input: FetchInput, init: FetchInit | null | undefined) {
    const request = isRequest(input) ? input : undefined;
    const members = membersOf(init ?? {}, request);
    const { method, signal } = members;
    this.address = address;
    this.input = input;
    this.init = init ?? undefined;
    this.#members = members;
    this.method = String(method ?? request?.method ?? 'GET').toUpperCase();
    this.signal = (signal === undefined ? request?.signal : signal) ?? undefined;
    this.#request = request;
    this.#wasUsed = request?.bodyUsed === true;
  }

  /** What users' functions are told of it. */
  get request(): FetchRequest {
    const { address, method, input, init } = this;
    return { url: address.url, method, input, init };
  }

  /** Whether the platform's fetch is to say what is wrong with it. */
  get isOdd(): boolean {
    const { init, signal } = this;
    if (init !== undefined && typeof init !== 'object') return true;
    if (signal === undefined) return false;
    return typeof signal.aborted !== 'boolean' || typeof signal.addEventListener !== 'function';
  }

  /** Whether it may be sent again. @param methods those that may be repeated */
  again(methods: ReadonlySet<string>): Again {
    if (!this.#isRepeatable()) return 'once';
    return methods.has(this.method) || this.#hasKey() ? 'again' : 'unsent';
  }

  /** Whether the body, if there is one, can be read again. */
  #isRepeatable(): boolean {
    const body = this.#members.body ?? undefined;
    if (body !== undefined) return isRepeatable(body);
    const request = this.#request;
    if (request === undefined) return true;
    // Where a request does not show its body, the method tells whether it may have one.
    return request.body === undefined
      ? request.method === 'GET' || request.method === 'HEAD'
      : request.body === null;
  }

  #hasKey(): boolean {
    const headers = this.#members.headers ?? this.#request?.headers;
    if (headers === undefined) return false;
    const pairs: Iterable<readonly unknown[]> =
      typeof (headers as Iterable<unknown[]>)[Symbol.iterator] === 'function'
        ? (headers as Iterable<unknown[]>)
        : Object.entries(headers);
    for (const [name] of pairs) if (String(name).toLowerCase() === 'idempotency-key') return true;
    return false;
  }

  /** What fetch is called with. @param signal of the attempt */
  initWith(signal: AbortSignal): FetchInit {
    return { ...this.#members, signal };
  }

  /**
   * Notes an error of a request that cannot be made: a bad header, a GET with a body, a body that has been read. It is
   * looked into only where fetch gives a `TypeError` without a cause, as it does then.
   */
  noteIfMistake(error: unknown): void {
    if (isPlainTypeError(error) && (this.#wasUsed || !this.#canBeMade())) noteMistake(error as object);
  }

  #canBeMade(): boolean {
    if (typeof Request === 'undefined') return true;
    try {
      const { body, signal: _, ...rest } = this.#members as Record<string, unknown>;
      const again = body == null ? {} : { body: isRepeatable(body) ? '' : new ReadableStream() };
      new Request(this.address.url, { method: this.method, ...rest, ...again });
      return true;
    } catch {
      return false;
    }
  }
}

/** The referrer of who has not said any. */
const CLIENT = 'about:client';

/** Members of an `init`, of which some may be its class's, as they are now: whoever calls fetch may use them anew at once. */
function membersOf(init: FetchInit, request: Request | undefined): FetchInit {
  const copy: Record<string, unknown> = { ...init };
  if (Object.getPrototypeOf(init) !== Object.prototype) {
    for (const member of MEMBERS) {
      const value = (init as Record<string, unknown>)[member];
      if (value !== undefined) copy[member] = value;
    }
  }
  if (copy.headers) copy.headers = headersNow(copy.headers);
  if (copy.body) copy.body = bodyNow(copy.body);
  // Fetch forgets these of a request that comes with an init, as each of ours does.
  if (request !== undefined && Object.keys(copy).length === 0) {
    const { referrer, referrerPolicy } = request;
    if (referrer !== undefined && referrer !== CLIENT) copy.referrer = referrer;
    if (referrerPolicy) copy.referrerPolicy = referrerPolicy;
  }
  return copy;
}

/** A copy of headers, in a form that can be read more than once. */
function headersNow(headers: unknown): unknown {
  if (typeof headers !== 'object') return headers;
  if (typeof Headers !== 'undefined' && headers instanceof Headers) return new Headers(headers);
  const { [Symbol.iterator]: iterator, append } = headers as {
    [Symbol.iterator]?: unknown;
    append?: unknown;
  };
  if (typeof iterator !== 'function') return { ...headers };
  // Those of another platform are its own affair.
  if (typeof append === 'function') return headers;
  return Array.from(headers as Iterable<unknown>, (pair) => (Array.isArray(pair) ? [...pair] : pair));
}

/** A copy of a body that somebody may change; all others are what they were. */
function bodyNow(body: unknown): unknown {
  if (!isRepeatable(body)) return body;
  if (body instanceof URLSearchParams) return new URLSearchParams(body);
  if (typeof FormData !== 'undefined' && body instanceof FormData) {
    const form = new FormData();
    for (const [name, value] of body as unknown as Iterable<[string, string]>) form.append(name, value);
    return form;
  }
  if (body instanceof ArrayBuffer) return body.slice(0);
  if (!ArrayBuffer.isView(body) || !(body.buffer instanceof ArrayBuffer)) return body;
  const { buffer, byteOffset, byteLength } = body;
  if (body instanceof DataView) return new DataView(buffer.slice(byteOffset, byteOffset + byteLength));
  try {
    return Uint8Array.prototype.slice.call(body); // that of a Buffer of Node copies nothing
  } catch {
    return new Uint8Array(buffer.slice(byteOffset, byteOffset + byteLength)); // its class is made of something else
  }
}

/** A `TypeError` without a cause, of any realm. It never throws. */
export function isPlainTypeError(error: unknown): boolean {
  try {
    const { name, cause } = (error ?? {}) as Error;
    return name === 'TypeError' && cause === undefined;
  } catch {
    return false; // its members throw
  }
}

/** Classes whose instances fetch can read again, by the name that they give themselves: they may be of another realm. */
const REPEATABLE = /^\[object (?:Blob|File|FormData|URLSearchParams|ArrayBuffer|SharedArrayBuffer)\]$/;

/** Strings, bytes and the like are sent again; streams and iterables are not. */
export function isRepeatable(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return typeof body !== 'function';
  // A stream may call itself a form, as that of the package form-data does.
  if (typeof (body as { pipe?: unknown }).pipe === 'function') return false;
  return ArrayBuffer.isView(body) || REPEATABLE.test(Object.prototype.toString.call(body));
}
