/**
 * Watches how the body of a response is read. The response stays the platform's own: its prototype gets one link, whose
 * `json`, `text`, … and `body` tell the account of the body what becomes of it.
 */
import { run } from '../core/promises.js';
import type { Reading } from './reading.js';
import { isPlainTypeError } from './request.js';
import { type WatchedBody, watchBody } from './watched-body.js';

interface Watched {
  readonly reading: Reading;
  seen: WatchedBody | undefined;
}

/** Answers what it is given, so that who extends it puts members of its own onto that. */
class Itself {
  constructor(it: object) {
    // biome-ignore lint/correctness/noConstructorReturn: this is the one way to put a private member onto a foreign object
    return it;
  }
}

/** What is known of responses, in a private member of each: it costs a fraction of what an entry in a `WeakMap` does. */
class Mark extends Itself {
  #watched: Watched | undefined;

  static put(response: object, watched: Watched): void {
    const marked = #watched in response ? (response as Mark) : new Mark(response);
    marked.#watched = watched;
  }

  static of(response: unknown): Watched | undefined {
    return typeof response === 'object' && response !== null && #watched in response
      ? (response as Mark).#watched
      : undefined;
  }
}

/** The link for each prototype; that of a link is itself. */
const links = /* @__PURE__ */ new WeakMap<object, object>();

type Method = (this: Response, ...args: unknown[]) => unknown;

/** Reads all of a body, with the errors that are no end of it: an answer that cannot be parsed is one all the same. */
const READS: Readonly<Record<string, (error: unknown) => boolean>> = {
  json: (error) => (error as Error | undefined)?.name === 'SyntaxError',
  // What breaks off has a cause, or another name, everywhere but in browsers.
  formData: isPlainTypeError,
  text: () => false,
  arrayBuffer: () => false,
  blob: () => false,
  bytes: () => false,
};

/** What must live as long as a response, or its body: a native one does not hold the signal that it goes by. */
const kept = /* @__PURE__ */ new WeakMap<object, unknown>();

/** Keeps something for as long as somebody holds the response or its body. */
export function keepAlive(response: Response, what: unknown): void {
  try {
    kept.set(response, what);
    kept.set(response.body as ReadableStream, what);
  } catch {
    // Its members throw, or it has no body that somebody could hold.
  }
}

/** What stands for a response may have a body of another kind, as that of node-fetch is a stream of Node. */
const isStream = (body: unknown): body is ReadableStream<Uint8Array> =>
  typeof (body as Partial<ReadableStream> | null | undefined)?.getReader === 'function';

/** Tells the account of whatever is read of this response. One that nothing can be put onto is left as it is. */
export function watchResponse(response: Response, reading: Reading): void {
  try {
    // The mark goes first: it is slow to put onto an object whose prototype has been changed.
    Mark.put(response, { reading, seen: undefined });
    const prototype: object = Object.getPrototypeOf(response);
    const link = linkOf(prototype);
    if (link !== prototype) Object.setPrototypeOf(response, link);
    // In Cloudflare's workers it is a member of each response.
    const own = Object.getOwnPropertyDescriptor(response, 'body');
    if (own?.configurable && (own.get || isStream(own.value)))
      Object.defineProperty(response, 'body', bodyBy(own));
  } catch {
    keepAlive(response, reading); // it is frozen, or a proxy: an abort is to reach its body all the same
  }
}

function linkOf(prototype: object): object {
  let link = links.get(prototype);
  if (link === undefined) {
    const members: PropertyDescriptorMap = {
      ...Object.fromEntries(Object.keys(READS).flatMap((name) => replaced(prototype, name, readBy))),
      ...Object.fromEntries(replaced(prototype, 'clone', cloneBy)),
    };
    const body = find(prototype, 'body')?.member;
    if (body?.get !== undefined) members.body = bodyBy(body);
    // What stands for a response in a test may have nothing of the kind: it is left as it is.
    link = Object.keys(members).length === 0 ? prototype : (Object.create(prototype, members) as object);
    links.set(prototype, link);
    links.set(link, link);
  }
  return link;
}

function replaced(
  prototype: object,
  name: string,
  by: (method: () => Method, name: string) => Method,
): [string, PropertyDescriptor][] {
  const member = find(prototype, name)?.member;
  if (typeof member?.value !== 'function') return [];
  // Looked up for each call: mocks and instrumentation put others in its place.
  const method = () => (prototype as Record<string, Method>)[name] as Method;
  return [[name, { ...member, value: by(method, name) }]];
}

function find(
  prototype: object,
  name: PropertyKey,
): { member: PropertyDescriptor; owner: object } | undefined {
  for (let owner: object | null = prototype; owner !== null; owner = Object.getPrototypeOf(owner)) {
    const member = Object.getOwnPropertyDescriptor(owner, name);
    if (member !== undefined) return { member, owner };
  }
  return undefined;
}

/**
 * The class that makes a response what it is: what it makes of a body can be read as this can. Mocks have none. It is asked
 * of the response: where a platform's prototype has a tag, it may be for responses alone.
 */
function classOf(response: Response): typeof Response | undefined {
  try {
    const isOne = Object.prototype.toString.call(response) === '[object Response]';
    const tagged = isOne && find(Object.getPrototypeOf(response), Symbol.toStringTag);
    return tagged ? (tagged.owner.constructor as typeof Response) : undefined;
  } catch {
    return undefined;
  }
}

/** A method that reads all of the body. */
function readBy(method: () => Method, name: string): Method {
  const isAnswer = READS[name] as (error: unknown) => boolean;
  const read: Record<string, Method> = {
    [name](...args) {
      const state = Mark.of(this);
      if (state === undefined || this.bodyUsed) return Reflect.apply(method(), this, args);
      if (state.seen?.stream.locked) return Promise.reject(locked());
      const { reading } = state;
      const Own = reading.isByChunk ? classOf(this) : undefined;
      const body = Own && this.body;
      return new Promise((resolve, reject) => {
        const stop = reading.waitForAll(reject);
        if (Own && isStream(body)) {
          // It is watched itself, and tells of its end.
          const read = (whole: Blob, init: ResponseInit) =>
            Reflect.apply(method(), new Own(whole, init), args);
          readThrough(body, state, read, this).finally(stop).then(resolve, reject);
          return;
        }
        take(state);
        run(() => Reflect.apply(method(), this, args), undefined as never).then(
          (value) => {
            stop();
            reading.ended();
            resolve(value);
          },
          (error) => {
            stop();
            if (isAnswer(error)) reading.ended();
            else reading.broke(error);
            reject(error);
          },
        );
      });
    },
  };
  return read[name] as Method;
}

/** Locks a body that somebody has looked at, whose source the platform locks. */
function take(state: Watched): void {
  state.seen?.stream.getReader();
}

/**
 * Reads all of a body that is watched, by its chunks: not every platform passes on the error of a stream.
 *
 * @param read reads what all of it and the headers make
 */
async function readThrough(
  body: ReadableStream,
  { seen }: Watched,
  read: (whole: Blob, init: ResponseInit) => unknown,
  { headers }: Response,
): Promise<unknown> {
  const reader = body.getReader();
  seen?.begin();
  const chunks: BlobPart[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
  }
  return read(new Blob(chunks), { headers });
}

function cloneBy(method: () => Method): Method {
  return {
    clone(this: Response, ...args: unknown[]) {
      const state = Mark.of(this);
      if (state?.seen?.stream.locked) throw locked();
      const clone = Reflect.apply(method(), this, args) as Response;
      if (state !== undefined) {
        take(state);
        state.seen = undefined;
        state.reading.fork();
        watchResponse(clone, state.reading);
      }
      return clone;
    },
  }.clone as Method;
}

function bodyBy(found: PropertyDescriptor): PropertyDescriptor {
  const { get: platform, value, set: _set, writable: _writable, ...shown } = found;
  const { get } = Object.getOwnPropertyDescriptor(
    {
      get body() {
        const response = this as unknown as Response;
        const source = platform === undefined ? value : Reflect.apply(platform, response, []);
        const state = Mark.of(response);
        if (state === undefined || !isStream(source)) return source;
        if (state.seen?.source === source) return state.seen?.stream;
        // Who has read all of it, or reads it, gets what there is.
        if (source.locked) return source;
        state.seen = watchBody(source, state.reading);
        // The platform cancels a body that nobody has begun to read once its response is collected.
        kept.set(state.seen.stream, response);
        return state.seen.stream;
      },
    },
    'body',
  ) as PropertyDescriptor;
  return { ...shown, get: get as () => unknown };
}

const locked = () => new TypeError('The body of the response is locked: somebody reads it');
