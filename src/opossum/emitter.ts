import { EventEmitter } from 'node:events';
import { report } from '../core/report.js';
import { COUNTED_EVENTS, OWN_EVENTS } from './events.js';

/** An emitter of which no listener hinders another, or what it is told of. */
export class FaceEmitter extends EventEmitter {
  /** The events that have listeners, and those that are counted: exporters subscribe to what this lists. */
  override eventNames(): (string | symbol)[] {
    return [...new Set<string | symbol>([...Object.keys(COUNTED_EVENTS), ...super.eventNames()])];
  }

  /** Tells listeners one by one: what one of them throws is reported, and hinders nobody. */
  override emit(event: string | symbol, ...args: unknown[]): boolean {
    if (!OWN_EVENTS.has(event)) return super.emit(event, ...args);
    if (this.listenerCount(event) === 0) return false;
    for (const listener of this.rawListeners(event)) quietly(() => Reflect.apply(listener, this, args));
    return true;
  }
}

/** Runs something of the user's; what it throws is reported. */
export function quietly<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    report(error);
    return undefined;
  }
}
