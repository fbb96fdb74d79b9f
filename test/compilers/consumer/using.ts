/** For compilers that know `using`, with a library that knows `Symbol.dispose`. */
import { CircuitBreaker } from 'recloser';

const breaker = new CircuitBreaker();

export function guarded(): void {
  using permit = breaker.acquire();
  permit.success();
}

export const disposable: Disposable = breaker.acquire();
breaker.acquire()[Symbol.dispose]();
