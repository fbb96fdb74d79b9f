import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { project } from './project.js';

/** Where the module's name is to change, and where it is not. Neither is a byte of any source that is made. */
const NAME = '\u0001';
const OTHER = '\u0002';

const blank = fc.constantFrom(' ', '  ', '\t', '\n', '\r\n', ' /* opossum */ ', ' // "opossum"\n', '\n\n\t ');
const maybe = fc.oneof({ weight: 3, arbitrary: fc.constant('') }, { weight: 1, arbitrary: blank });
const quote = fc.constantFrom("'", '"');
const end = fc.constantFrom(';', ';', '\n', ' ;\r\n');

const word = fc.constantFrom('a', 'breaker', 'Breaker', '$', '_x1', 'été');

/** A statement of random spacing: `~` is room for blanks that may be missing, `_` for some that must be there. */
function statement(template: string): fc.Arbitrary<string> {
  const gaps = template.match(/[~_]/g) ?? [];
  return fc
    .tuple(fc.tuple(...gaps.map((gap) => (gap === '_' ? blank : maybe))), quote, end, word)
    .map(([fills, mark, close, name]) => {
      let at = 0;
      return template
        .replace(/[~_]/g, () => fills[at++] as string)
        .replaceAll('@', mark + NAME + mark)
        .replaceAll('N', name)
        .replaceAll(';', close);
    });
}

/** What changes. */
const NAMED = [
  'import_N_from~@;',
  'import~{~default~as_N~}~from~@;',
  'import_*~as_N_from_@;',
  'import~@;',
  'export~{~default~}~from~@;',
  'export~*~from~@;',
  'N~=~require~(~@~)~;',
  'N~=~(~require~(@)~)~.~default;',
  'import~(~@~)~.~then~(~N~)~;',
  'jest~.~unmock~(~@~)~;',
  'vi.~doUnmock(~@~)~;',
  'proxyquire~(~"./a"~,~{~@~:~N~,~b~}~)~;',
];

/** What stays as it is: every byte of it. */
const UNNAMED = [
  'N~(~"an opossum",~1~)~;',
  'N~=~{~opossum~:~1,~"x"~:~[~2~,~]~}~;',
  'N~=~`opossum \u0024{N}~opossum`~;',
  'N~=~/opossum[\'"]/~.~test~(~N~)~;',
  "N~=~import~(~'./opossum'~)~;",
  "N~=~require~(~'opossum-prometheus'~)~;",
  'N~=~\'it\\\'s an opossum\'~+~"\\"opossum\\""~;',
  'if~(~N~)~{~N~(~)~}~else_N~++~;',
  'class_N1_{~#opossum~=~1~;~static~{~}~get_opossum~(~)~{~return_this~.~#opossum~}~}\n',
  'N~=~async~(~{~N~=~1~}~)~=>~{~await_N~?.~[~0~]~?.~(~)~}~;',
  "/** as in opossum: require('opossum') */\n",
  '// import N from "opossum"\n',
];

const JSX = ['N~=~<A_opossum~=~"an opossum"~>~opossum {~N~} \'opossum\'~</A~>~;', 'N~=~<~>~</~>~;'];

const TYPES = [
  'let N2~:~Map<~string~,~import~(~@~)~.~Options~>~;',
  'type_N3~=~typeof_import~(~@~)~;',
  'import_type~{~Options_as_N4~}~from~@;',
  'import_N5~=~require~(~@~)~;',
  'N~=~N as_unknown_as_N~;',
  '@d~(~{~opossum~:~1~}~)_class_N6_{~@e~(~)_private_readonly_N?~:~string~;~constructor~(~@f~(~N~)~private_n~:~N~)~{~}~}\n',
  'enum_N7_{~opossum~=~1~}\n',
];

const source = (templates: readonly string[]) =>
  fc
    .array(fc.nat(templates.length - 1), { minLength: 1, maxLength: 14 })
    .chain((picks) => fc.tuple(...picks.map((pick) => statement(decorated(templates[pick] as string)))))
    // A name is declared once at most: each statement has a number of its own.
    .map((statements) => statements.map((text, n) => renumbered(text, n)).join('\n'));

/** `@d` is a decorator, not the module. */
const decorated = (template: string): string => template.replace(/@(?=[a-z])/g, OTHER);

const renumbered = (text: string, n: number): string =>
  text
    .replaceAll(OTHER, '@')
    .replace(/\b(a|breaker|Breaker|_x1)(\d?)\b(?=\s*(?:from|=\s*require|\}|=))/g, `$1$2_${n}`);

const named = (text: string, name: string): string => text.replaceAll(NAME, name);

describe.each([
  ['a.mjs', [...NAMED, ...UNNAMED, ...JSX]],
  ['a.ts', [...NAMED, ...UNNAMED, ...TYPES]],
  ['a.tsx', [...NAMED, ...UNNAMED, ...JSX, ...TYPES]],
])('random sources, %s', (file, templates) => {
  it('change where a rule says so, and keep every other byte, back and forth', async () => {
    let parsed = 0;
    await fc.assert(
      fc.asyncProperty(source(templates), fc.boolean(), async (text, mark) => {
        const before = (mark ? '\uFEFF' : '') + named(text, 'opossum');
        const { run, read } = project({ [file]: before });

        const { status, stderr } = await run('opossum .');
        if (status === 2) {
          // What no parser takes is nobody's source; it must be untouched.
          expect(stderr).toContain('cannot be parsed');
          expect(read(file)).toBe(before);
          return;
        }
        parsed++;

        expect(read(file)).toBe((mark ? '\uFEFF' : '') + named(text, 'recloser/opossum'));
        expect((await run('opossum . --check')).status).toBe(0);
        await run('opossum . --undo');
        expect(read(file)).toBe(before);
      }),
      { numRuns: 60 },
    );

    expect(parsed).toBeGreaterThan(30);
  });
});
