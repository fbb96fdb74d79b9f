/**
 * A client as its users see it: a proxy whose guarded methods go through a breaker. Methods and getters run on the
 * client itself, whose private state knows no proxy. What is known of a method is known of its path, not of the
 * function: clients may make their methods anew each time they are read.
 */
import type { CallContext } from './call-context.js';
import { callbackError, mayTakeCallback } from './callback.js';
import { CUSTOM, isImitation, markImitation } from './imitate.js';
import { isAsyncGenerator, isClass } from './is-class.js';
import {
  callsNothing,
  hasMethods,
  isAsync,
  isBuiltIn,
  isEager,
  isOfFunctions,
  isPromise,
} from './method-kind.js';
import { isFixed } from './method-paths.js';
import { isThenable } from './thenable.js';

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** What a face is made with. */
export interface FacePlan {
  /** The paths of the methods to be guarded; else those are that answer promises. */
  readonly paths: ReadonlySet<string> | undefined;
  /** The paths of the objects on the way to them. */
  readonly prefixes: ReadonlySet<string>;
  /** Makes a guarded call. */
  call(
    path: string,
    args: readonly unknown[],
    task: (context: CallContext) => unknown,
    signal?: AbortSignal,
  ): Promise<unknown>;
  /** Whether a call would pass now, and can decide nothing. */
  passes(path: string, args: readonly unknown[]): boolean;
  /** Hears of what was used and not guarded, though it may have been meant to be, and of what need not have been. */
  unguarded(path: string, isSuspicious: boolean): void;
  /** Whether it still matters what was not guarded. */
  readonly isWatching: boolean;
}

/** A guarded call whose method is running, and the function that it has come to. */
interface Turn {
  fn: Method;
  /** None where the method runs beside the breaker. */
  readonly context: CallContext | undefined;
}

/** Methods that are part of being a promise or data, not of being a client. */
const OF_THE_LANGUAGE = /^(?:then|catch|finally|toJSON|toString|valueOf|inspect)$/;

const OF_EMITTERS =
  /^(on|once|off|emit|eventNames|dispatchEvent|((add|remove|prepend|[gs]etMax|raw)\w*L|l)isteners?(Count)?)$/;

export function createFace(client: object, plan: FacePlan): object {
  const { paths, prefixes } = plan;
  /** What stands for each object or function, by its path: the same for the same. */
  const faces = new Map<PropertyKey, WeakMap<object, object>>();
  const shown = new WeakMap<object, object>();
  const hidden = new WeakMap<object, object>();
  /** Whether a method is asynchronous, where that is known. */
  const kinds = new Map<string, boolean>();
  const turns = new Map<string, Set<Turn>>();
  /** The function that was at a path before another was written there. */
  const before = new Map<string, WeakMap<object, unknown>>();

  const faceOf = (path: PropertyKey, value: object, create: () => ProxyHandler<never>): object => {
    const known = faces.get(path) ?? new WeakMap<object, object>();
    faces.set(path, known);
    const found = known.get(value);
    if (found) return found;
    const face = new Proxy(value as never, create()) as object;
    known.set(value, face);
    hidden.set(face, value);
    return face;
  };

  const bare = (value: unknown): unknown => hidden.get(value as object) ?? value;

  /** Whose member is read or written: who only inherits from what stands for an object has members of its own. */
  const ownerOf = (target: object, self: unknown): unknown => (bare(self) === target ? target : self);

  /** Who gets the client, or an object on the way, from one of its methods means what stands for it. */
  const show = (answer: unknown): unknown => shown.get(answer as object) ?? answer;

  const invoke = (fn: Method, self: unknown, args: unknown[]): unknown =>
    show(Reflect.apply(fn, bare(self), args));

  /** A method that is not guarded may tell of the client later. Other promises than native ones have methods to lose. */
  const pass = (fn: Method, self: unknown, args: unknown[]): unknown => {
    const answer = invoke(fn, self, args);
    const isNative = Object.getPrototypeOf(Object(answer)) === Promise.prototype;
    return isNative ? (answer as Promise<unknown>).then(show) : answer;
  };

  /** The turn of a call that has come from a patched method to what was patched: it is guarded already. */
  const takeOver = (path: string, fn: Method): Turn | undefined => {
    for (const turn of turns.get(path) ?? []) {
      if (before.get(path)?.get(turn.fn) === fn && !turn.context?.signal.aborted) return turn;
    }
    return undefined;
  };

  /** Notes that a call of a method is on its way; answers what ends that. */
  const begin = (path: string, fn: Method, context?: CallContext): (() => void) => {
    const own = turns.get(path) ?? new Set();
    turns.set(path, own);
    const turn = { fn, context };
    own.add(turn);
    return () => void own.delete(turn);
  };

  /** Calls through the breaker. An answer that is none is refused, or found not to be a matter of the breaker's. */
  const callGuarded = (path: string, fn: Method, self: unknown, args: unknown[], isKnown: boolean) => {
    const takesCallback = mayTakeCallback(args);
    const mayMislead = !isKnown || takesCallback;
    const controller = mayMislead ? new AbortController() : undefined;
    const atOnce: { answer?: unknown } = {};
    const task = async (context: CallContext): Promise<unknown> => {
      const end = begin(path, fn, context);
      try {
        const answer = invoke(fn, self, args);
        if (isThenable(answer)) kinds.set(path, true);
        else if (controller) {
          if (takesCallback) controller.abort(callbackError('method', path));
          else {
            kinds.set(path, false);
            atOnce.answer = answer;
            controller.abort(atOnce);
          }
        }
        return show(await answer);
      } finally {
        end();
      }
    };
    const called = plan.call(path, args, task, controller?.signal);
    if (isKnown) return called;
    return called.catch((error) => {
      if (error === atOnce) return atOnce.answer;
      throw error;
    });
  };

  /** Runs a method that nobody has named, of which it is not known that it is asynchronous. */
  const callUnknown = (path: string, fn: Method, self: unknown, args: unknown[]): unknown => {
    const isOpen = kinds.get(path) === undefined && !callsNothing(fn) && !plan.passes(path, args);
    if (isOpen) return callGuarded(path, fn, self, args, false);
    const end = begin(path, fn);
    let answer: unknown;
    try {
      answer = invoke(fn, self, args);
    } finally {
      if (!isEager(answer)) end();
    }
    if (isPromise(answer)) {
      kinds.set(path, true);
      if (isEager(answer)) void answer.then(end, end); // it reaches the caller through the breaker, or not at all
      return plan.call(path, args, async () => show(await answer));
    }
    const takesCallback = mayTakeCallback(args);
    if (!takesCallback) kinds.set(path, false);
    if (answer !== undefined && !hidden.has(answer as object)) {
      plan.unguarded(path, isThenable(answer) || takesCallback);
    }
    return answer;
  };

  const guard =
    (path: string, isNamed: boolean) =>
    (fn: Method, self: unknown, args: unknown[]): unknown => {
      const turn = takeOver(path, fn);
      if (turn) {
        turn.fn = fn;
        return invoke(fn, self, args);
      }
      const isKnown = isNamed || isAsync(fn) || kinds.get(path) === true;
      return isKnown ? callGuarded(path, fn, self, args, true) : callUnknown(path, fn, self, args);
    };

  /** The form for `promisify` is none of ours, but for that of what `promisify` has made, which is itself. */
  const formOf = (path: string, fn: Method, face: unknown): unknown => {
    const form: unknown = Reflect.get(fn, CUSTOM);
    if (form === undefined || form === fn) return form && face;
    throw callbackError('method', path);
  };

  const guardedMethod = (path: string, isNamed: boolean) => ({
    get: (fn: Method, key: PropertyKey, face: unknown) => {
      if (key === CUSTOM) return formOf(path, fn, face);
      const member: unknown = Reflect.get(fn, key);
      if (typeof member === 'function' && !(key in Function.prototype)) plan.unguarded(path, true);
      return member;
    },
    apply: guard(path, isNamed),
  });

  const memberOf = (target: object, at: string, property: PropertyKey, self: unknown): unknown => {
    const value: object = Reflect.get(target, property, ownerOf(target, self));
    if (Object(value) !== value) return value;
    const path = typeof property === 'symbol' ? property : at + property;
    if (prefixes.has(path as string)) return objectAt(path as string, value);
    if (typeof value === 'function') return methodAt(path, value as Method, target, property);
    if (plan.isWatching && hasMethods(value)) plan.unguarded(String(path), true);
    return value;
  };

  const methodAt = (path: PropertyKey, fn: Method, target: object, property: PropertyKey): unknown => {
    const known = faces.get(path)?.get(fn);
    if (known) return known;
    if (property === 'constructor' || isClass(fn) || isOfFunctions(fn, property)) return fn;
    if (Array.isArray(target) && isBuiltIn(fn, property)) return fn; // what goes over the items finds them guarded
    const isNamed = paths?.has(path as string) === true;
    const isLeft =
      typeof path === 'symbol' ||
      isImitation(fn) ||
      (paths === undefined ? isPassive(target, path as string, fn) : !isNamed);
    if (isLeft && isFixed(target, property)) return fn;
    const face = faceOf(
      path,
      fn,
      () => (isLeft ? { apply: pass } : guardedMethod(path as string, isNamed)) as ProxyHandler<never>,
    );
    if (!isLeft) markImitation(face);
    return face;
  };

  /** The client, or an object on the way to a method; it may be callable, and then its call is guarded too. */
  const objectAt = (path: string, object: object): object => {
    const at = path === '' ? '' : `${path}.`;
    const write = (target: object, property: PropertyKey, value: unknown): unknown => {
      const key = at + String(property);
      if (paths && !paths.has(key) && !prefixes.has(key)) return value; // under a name of no breaker it keeps its own
      const written = bare(value);
      if (typeof written === 'function' && typeof property === 'string') {
        const previous = before.get(key) ?? new WeakMap<object, unknown>();
        before.set(key, previous.set(written, Reflect.get(target, property, target)));
      }
      return written;
    };
    const face = faceOf(path, object, () => {
      const isGuarded =
        typeof object === 'function' &&
        !isClass(object) &&
        !isImitation(object) &&
        (path === '' || (paths as ReadonlySet<string>).has(path));
      return {
        get: (target: object, property: PropertyKey, self: unknown) =>
          property === CUSTOM && isGuarded
            ? formOf(path, target as Method, self)
            : memberOf(target, at, property, self),
        getOwnPropertyDescriptor: (target: object, property: PropertyKey) => {
          const own = Reflect.getOwnPropertyDescriptor(target, property);
          if (!own || !('value' in own) || isFixed(target, property)) return own;
          return { ...own, value: memberOf(target, at, property, target) };
        },
        set: (target: object, property: PropertyKey, value: unknown, self: unknown) => {
          const owner = ownerOf(target, self);
          return Reflect.set(
            target,
            property,
            owner === target ? write(target, property, value) : value,
            owner,
          );
        },
        defineProperty: (target: object, property: PropertyKey, descriptor: PropertyDescriptor) =>
          Reflect.defineProperty(
            target,
            property,
            'value' in descriptor
              ? { ...descriptor, value: write(target, property, descriptor.value) }
              : descriptor,
          ),
        apply: isGuarded ? guard(path, path !== '') : pass,
      };
    });
    if (!shown.has(object)) shown.set(object, face);
    return face;
  };

  return objectAt('', client);
}

/** Whether a method that nobody has named is none of the client's own doing, or answers what no breaker can count. */
function isPassive(target: object, name: string, fn: Method): boolean {
  const isEmitter = 'listenerCount' in target || 'dispatchEvent' in target;
  return (
    OF_THE_LANGUAGE.test(name) ||
    (isEmitter && OF_EMITTERS.test(name)) ||
    isBuiltIn(fn, name) ||
    isAsyncGenerator(fn)
  );
}
