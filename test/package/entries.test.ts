import { describe, expect, it } from 'vitest';
import { subpaths } from '../../tsup.config.js';
import { answerOfConsumer, runAsConsumer } from '../support/consumer.js';

describe.each(subpaths.map((subpath) => `recloser${subpath.slice(1)}`))('%s', (name) => {
  it('gives to `import` what its source exports', async () => {
    const source = await import(name);

    const names = answerOfConsumer(
      'module',
      `import * as entry from '${name}'; console.log(JSON.stringify(Object.keys(entry)));`,
    );

    expect(names).toEqual(Object.keys(source).sort());
  });

  it('gives to `require` what its source exports', async () => {
    const source = await import(name);

    const names = answerOfConsumer(
      'commonjs',
      `console.log(JSON.stringify(Object.keys(require('${name}')).sort()));`,
    );

    expect(names).toEqual(Object.keys(source).sort());
  });
});

const BOTH_COPIES = `
  import * as esm from 'recloser';
  import { createRequire } from 'node:module';
  const cjs = createRequire(import.meta.url)('recloser');
  const rejectionOf = async ({ CircuitBreaker }) => {
    const breaker = new CircuitBreaker();
    breaker.trip();
    return breaker.call(() => 'never').catch((error) => error);
  };
`;

describe('two copies of the package in one process', () => {
  it('recognise, in the ESM copy, an error of the CJS copy', () => {
    const answer = answerOfConsumer(
      'module',
      `${BOTH_COPIES} console.log(esm.isCircuitBreakerOpenError(await rejectionOf(cjs)));`,
    );

    expect(answer).toBe(true);
  });

  it('recognise, in the CJS copy, an error of the ESM copy', () => {
    const answer = answerOfConsumer(
      'module',
      `${BOTH_COPIES} console.log(cjs.isCircuitBreakerOpenError(await rejectionOf(esm)));`,
    );

    expect(answer).toBe(true);
  });
});

describe('two copies of the package in one process, in what they share,', () => {
  it('have one default registry', () => {
    const answer = answerOfConsumer(
      'module',
      `${BOTH_COPIES}
      await cjs.withCircuitBreaker('users', {}, async () => 1)();
      console.log(JSON.stringify([esm.defaultRegistry === cjs.defaultRegistry, esm.defaultRegistry.names()]));`,
    );

    expect(answer).toEqual([true, ['users']]);
  });

  it('guard nothing twice', () => {
    const answer = answerOfConsumer(
      'module',
      `${BOTH_COPIES}
      const [one, other] = [new esm.CircuitBreaker(), new cjs.CircuitBreaker()];
      const client = cjs.protect({ get: one.wrap(async () => 1) }, { breaker: other, methods: ['get'] });
      await client.get();
      const isSame = esm.protect(client, { breaker: one }) === client;
      console.log(JSON.stringify([one.metrics.totals.calls, other.metrics.totals.calls, isSame]));`,
    );

    expect(answer).toEqual([1, 0, true]);
  });
});

describe('recloser/opossum', () => {
  it('is the class itself where it is required', () => {
    const answer = answerOfConsumer(
      'commonjs',
      `const Breaker = require('recloser/opossum');
      const { CircuitBreaker } = Breaker;
      console.log(JSON.stringify([typeof Breaker, Breaker.name, Breaker === CircuitBreaker, Breaker.default === Breaker,
        new Breaker(async () => 1) instanceof require('node:events')]));`,
    );

    expect(answer).toEqual(['function', 'CircuitBreaker', true, true, true]);
  });

  it('knows its errors across copies of the package', () => {
    const answer = answerOfConsumer(
      'module',
      `import Breaker from 'recloser/opossum';
      import { createRequire } from 'node:module';
      const Other = createRequire(import.meta.url)('recloser/opossum');
      const rejectionOf = async (It) => {
        const breaker = new It(async () => 1);
        breaker.open();
        return breaker.fire().catch((error) => error);
      };
      console.log(JSON.stringify([Breaker === Other, Breaker.isOurError(await rejectionOf(Other)),
        Other.isOurError(await rejectionOf(Breaker)), Breaker.isOurError(new Error('other'))]));`,
    );

    expect(answer).toEqual([false, true, true, false]);
  });

  it('has no deep imports: Node says so', () => {
    const answer = answerOfConsumer(
      'commonjs',
      `const codeOf = (path) => { try { require(path); } catch ({ code }) { return code; } };
      console.log(JSON.stringify(['lib/status', 'lib/circuit', 'dist/opossum.js'].map((it) => codeOf('recloser/opossum/' + it))));`,
    );

    expect(answer).toEqual(Array(3).fill('ERR_PACKAGE_PATH_NOT_EXPORTED'));
  });
});

describe('a process with an open breaker', () => {
  it('exits by itself', () => {
    const { status } = runAsConsumer(
      'module',
      `import { CircuitBreaker } from 'recloser';
       globalThis.breaker = new CircuitBreaker();
       breaker.trip();`,
    );

    expect(status).toBe(0);
  });
});
