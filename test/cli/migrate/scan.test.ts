import { describe, expect, it } from 'vitest';
import { migrated, project } from './project.js';

describe('recloser migrate scan', () => {
  it('lists what of opossum and cockatiel is there', async () => {
    const source = `import Opossum from 'opossum';
import { retry } from 'cockatiel';
jest.mock('opossum');
const metrics = require('opossum-prometheus');`;

    const { text, report } = await migrated('scan', source);

    expect(text).toBe(source);
    expect(report).toEqual([
      [1, 'opossum'],
      [2, 'cockatiel'],
      [3, 'opossum'],
    ]);
  });

  it.each([
    'class Breaker { canExecute() {} recordSuccess() {} recordFailure() {} }',
    'class Breaker { can_execute() {} record_success() {} }',
    'class Breaker { get isOpen() {} #onFailure() {} }',
    'class Breaker { _shouldAttemptReset() {} _onSuccess() {} }',
    'class Breaker { allowRequest = () => true; onFailure = () => {}; }',
    'class Breaker { constructor() { this.onSuccess = f; this.onFailure = g; } }',
    'const breaker = { isOpen: () => false, recordFailure() {} };',
    'function Breaker() {}; Breaker.prototype.canExecute = f; Breaker.prototype.recordFailure = g;',
    'export default class { isOpen() {} onSuccess() {} }',
  ])('finds a hand-made breaker: %s', async (source) => {
    expect((await migrated('scan', source)).report).toEqual([[1, 'hand-made']]);
  });

  it.each([
    'class Door { isOpen() {} canExecute() {} }',
    'class Form { onSuccess() {} }',
    'isOpen(); onSuccess(); onFailure();',
    'class A { isOpen() {} } class B { onSuccess() {} }',
  ])('takes nothing else for one: %s', async (source) => {
    expect((await migrated('scan', source)).report).toEqual([]);
  });

  it('says what a hand-made breaker is called and what gives it away', async () => {
    const { run } = project({ 'a.js': '\nclass ShopBreaker { isOpen() {} onFailure() {} }' });

    const { status, stdout } = await run('scan .');

    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^look a\.js:2 hand-made `ShopBreaker` looks like a circuit breaker \(isOpen, onFailure\).*\n/,
    );
    expect(stdout).toMatch(/1 file read, 0 changed, 1 place to look at\n$/);
  });
});
