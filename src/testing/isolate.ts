import {
  type Check,
  callable,
  guardRead,
  object,
  type Rules,
  readOptions,
  verify,
} from '../core/validate.js';
import {
  type CircuitBreakerOptions,
  type CircuitBreakerRegistry,
  type Clock,
  defaultRegistry,
} from '../index.js';
import { ASYNC_DISPOSE, DISPOSE } from './dispose.js';

/** What an isolated registry makes its breakers with. */
export interface IsolateOptions {
  /** The clock of breakers that are made meanwhile. @default that of the registry */
  clock?: Clock | undefined;
  /** What they are made with, unless their own options say otherwise. @default none */
  defaults?: CircuitBreakerOptions | undefined;
}

/** What {@link isolateDefaultRegistry} gives. */
export interface Isolation {
  /** `defaultRegistry` itself. */
  readonly registry: CircuitBreakerRegistry;
  /** Puts back what was there before. @throws Error while another isolation that began later has not ended */
  end(): void;
  [Symbol.dispose](): void;
  [Symbol.asyncDispose](): Promise<void>;
}

const RULES: Rules & Record<keyof IsolateOptions, Check> = { clock: object, defaults: object };

const SUBJECT = { breaker: '', action: 'isolate the default registry' };

/** What the registry of any copy of the package has, of the same version of this agreement. */
const ISOLATE: unique symbol = Symbol.for('recloser.isolate.1') as never;

interface Isolatable {
  [ISOLATE](defaults: CircuitBreakerOptions): () => void;
}

/**
 * Sets the breakers of `defaultRegistry` aside, so that a test begins with none and leaves none behind. Isolations nest.
 *
 * @throws InvalidOptionsError for an unknown option or a value out of range
 *
 * @example
 * ```ts
 * import { defaultRegistry } from 'recloser';
 * import { createManualClock, isolateDefaultRegistry } from 'recloser/testing';
 *
 * const before = defaultRegistry.getOrCreate('orders');
 * const { registry, end } = isolateDefaultRegistry({ clock: createManualClock() });
 * console.log(registry === defaultRegistry, registry.size); // → true 0
 * end();
 * console.log(defaultRegistry.get('orders') === before); // → true
 * ```
 */
export function isolateDefaultRegistry(options: IsolateOptions = {}): Isolation {
  const { clock, defaults }: IsolateOptions = guardRead(SUBJECT, 'options', () =>
    readOptions(options, RULES, SUBJECT),
  );
  const end = (defaultRegistry as unknown as Isolatable)[ISOLATE]({
    ...defaults,
    ...(clock === undefined ? {} : { clock }),
  });
  return {
    registry: defaultRegistry,
    end,
    [DISPOSE]: end,
    [ASYNC_DISPOSE]: async () => end(),
  };
}

/**
 * Runs something with an empty `defaultRegistry`, and puts back what was there when it is over.
 *
 * @throws InvalidOptionsError for an unknown option or a value out of range
 */
export async function isolate<T>(
  run: (registry: CircuitBreakerRegistry) => T | PromiseLike<T>,
  options?: IsolateOptions,
): Promise<T> {
  verify(SUBJECT, 'run', run, callable);
  const { registry, end } = isolateDefaultRegistry(options);
  try {
    return await run(registry);
  } finally {
    end();
  }
}
