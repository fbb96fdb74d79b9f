import fc from 'fast-check';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { project } from './project.js';

/** A file with everything that has a rule; `~` is room for blanks and comments. */
const SOURCE = `import~{~circuitBreaker~,~SamplingBreaker~,~handleType~,~CircuitState~,~ExponentialBackoff~}~from~'cockatiel'~;
import type~{~CircuitBreakerPolicy~}~from~'cockatiel'~;
import~{~BrokenCircuitError~,~ConsecutiveBreaker~,~handleWhen~}~from~'cockatiel'~;
export class Ledger {
  #policy~=~circuitBreaker~(~handleType~(~HttpError~,~(~error~)~=>~error~.~status~>=~500~)~.~orType~(~NetError~)~,~{
    halfOpenAfter~:~new~ExponentialBackoff~(~{~initialDelay~:~1_000~,~maxDelay~:~60_000~,~}~)~,
    breaker~:~new~SamplingBreaker~(~{~threshold~:~0.2~,~duration~:~30_000~,~minimumRps~:~2~,~}~)~,
  }~)~;
  constructor~(~private readonly spare~:~CircuitBreakerPolicy~)~{~}
  book~(~id~:~string~,~signal~:~AbortSignal~)~{
    if~(~this~.~#policy~.~state~===~CircuitState~.~HalfOpen~)~{~this~.~spare~.~execute~(~work~)~;~}
    return~this~.~#policy~.~execute~(~(~{~signal~}~)~=>~load~(~id~,~signal~)~,~signal~)~;
  }
}
const~b~=~circuitBreaker~(~handleWhen~(~isDown~)~,~{~breaker~:~new~ConsecutiveBreaker~(~5~)~,~halfOpenAfter~:~10~*~1000~}~)~;
b~.~onBreak~(~(~)~=>~log~(~'open'~)~)~;
try~{~b~.~execute~(~load~)~;~}~catch~(~error~)~{~if~(~error~instanceof~BrokenCircuitError~)~log~(~error~)~;~}
`;

/** A line break here ends the statement, or means another one. */
const ON_ONE_LINE = /(?:return|=>|\)~=>|async)$|^(?:=>)/;

const gap = fc.constantFrom(
  ' ',
  ' ',
  ' ',
  '  ',
  '\t',
  ' /*#*/ ',
  ' //#\n',
  '\n  /* # */\n  ',
  ' /*#*//*#*/ ',
  '\r\n',
);

const filled = fc
  .array(gap, { minLength: SOURCE.split('~').length - 1, maxLength: SOURCE.split('~').length - 1 })
  .map((fills) => {
    let comment = 0;
    const pieces = SOURCE.split('~');
    return pieces
      .map((piece, n) => {
        if (n === pieces.length - 1) return piece;
        const fill = fills[n] as string;
        const breaks =
          /\n/.test(fill) && (ON_ONE_LINE.test(piece) || ON_ONE_LINE.test(pieces[n + 1] as string));
        return piece + (breaks ? ' ' : fill).replace(/#/g, () => `c${++comment}c`);
      })
      .join('');
  });

const faultsOf = (text: string): string[] =>
  (ts.transpileModule(text, { reportDiagnostics: true, fileName: 'a.ts' }).diagnostics ?? []).map((fault) =>
    ts.flattenDiagnosticMessageText(fault.messageText, '\n'),
  );

/** The tokens of a source: what it says, however it is laid out. */
function tokensOf(text: string): string[] {
  const scanner = ts.createScanner(ts.ScriptTarget.ES2022, true, ts.LanguageVariant.Standard, text);
  const tokens: string[] = [];
  while (scanner.scan() !== ts.SyntaxKind.EndOfFileToken) tokens.push(scanner.getTokenText());
  return tokens;
}

describe('a source of cockatiel with blanks and comments anywhere', () => {
  it('says the same afterwards however it was laid out, and no comment is lost', async () => {
    const plain = project({ 'a.ts': SOURCE.replaceAll('~', ' ') });
    await plain.run('cockatiel .');
    const expected = tokensOf(plain.read('a.ts'));
    expect(expected.join(' ')).not.toMatch(/cockatiel|execute|circuitBreaker|onBreak/);

    await fc.assert(
      fc.asyncProperty(filled, async (text) => {
        const { run, read } = project({ 'a.ts': text });

        const { status, stdout, stderr } = await run('cockatiel .');

        expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
        expect(stdout).toMatch(/^changed a\.ts\n/);
        const after = read('a.ts');
        expect(faultsOf(after)).toEqual([]);
        expect(tokensOf(after)).toEqual(expected);
        const comments = (of: string) => (of.match(/c\d+c/g) ?? []).sort();
        expect(comments(after)).toEqual(comments(text));
      }),
      { numRuns: 40 },
    );
  });
});
