import { it } from 'vitest';
import { compile, run, snippetsOf } from '../support/snippets.js';
it('x', { timeout: 90000 }, async () => {
  const body = (acc: string) => `import { withCircuitBreaker } from 'recloser';
const d: any = withCircuitBreaker('p');
for (const make of [() => { class A { @d x = 1; } }, () => { class A { @d get x() { return 1; } } }, () => { class A { @d set x(v: number) { } } }, ${acc} () => { class A { @d sync() { return 1; } } }, () => { @d class X {}; return X; }]) {
  let t = 'fine'; try { make(); } catch (e) { t = String(e); }
  console.log(t); // → ?
}`;
  const lines = `
\`\`\`ts
import { withCircuitBreaker } from 'recloser';
class A {
  @withCircuitBreaker('p') async #find(id: number) { return id; }
  @withCircuitBreaker('p') static async all() { return 1; }
  go() { return this.#find(1); }
}
console.log(await new A().go(), await A.all()); // → 1 1
\`\`\`
\`\`\`ts
${body("() => { class A { @d accessor x = 1; } },")}
\`\`\`
\`\`\`ts legacy-decorators
${body("")}
\`\`\`
`.split('\n');
  const s = snippetsOf({ path: 'docs/zz.md', lines });
  console.log(compile(s));
  for (const x of s) console.log(await run(x));
});
