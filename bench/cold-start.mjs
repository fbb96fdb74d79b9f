/** How long a new process takes to import the library, and to make its first call. */
import { answerParent, order } from './process.mjs';

const start = performance.now();
const { CircuitBreaker } = await import(order.recloser);
const imported = performance.now();
await new CircuitBreaker().call(async () => 42);
answerParent({ importMs: imported - start, firstCallMs: performance.now() - imported });
