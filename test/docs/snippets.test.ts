import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { fencesOf, readPages } from '../support/markdown.js';
import { compile, run, snippetsOf } from '../support/snippets.js';

const LANGUAGES = ['ts', 'js', 'json', 'bash', 'text', 'mermaid', 'diff'];
const FLAGS = ['no-run', 'continues', 'legacy-decorators', 'clients'];

const pages = readPages();
const fences = pages.flatMap((page) =>
  fencesOf(page).map((fence) => ({ page, fence, name: `${page.path}:${fence.line}` })),
);
const snippets = pages.flatMap(snippetsOf);

describe('the code blocks of README.md and docs', () => {
  it('name a language and flags that these tests know', () => {
    const unknown = fences.filter(
      ({ fence }) =>
        !LANGUAGES.includes(fence.language) || !fence.flags.every((flag) => FLAGS.includes(flag)),
    );

    expect(unknown.map(({ name, fence }) => [name, fence.language, ...fence.flags])).toEqual([]);
  });

  for (const { page, fence, name } of fences.filter(({ fence }) => fence.language === 'json')) {
    it(`are JSON where they say so: ${name}`, () => {
      const text = page.lines.slice(fence.start, fence.end).join('\n');

      expect(() => JSON.parse(text)).not.toThrow();
    });
  }
});

describe('the code blocks of README.md', () => {
  const blocks = fences.filter(({ page, fence }) => page.path === 'README.md' && fence.language !== 'text');

  it.each(blocks.filter(({ fence }) => !['ts', 'bash'].includes(fence.language)))(
    'are JavaScript unless they say `ts`: $name',
    ({ page, fence }) => {
      const code = page.lines.slice(fence.start, fence.end).join('\n');

      const { diagnostics } = ts.transpileModule(code, {
        fileName: 'pasted.mjs',
        reportDiagnostics: true,
        compilerOptions: { allowJs: true, target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext },
      });

      expect(fence.language).toBe('js');
      expect(diagnostics?.map(({ messageText }) => messageText)).toEqual([]);
    },
  );
});

describe('the snippets of README.md and docs', () => {
  let errors: Map<string, string[]>;

  beforeAll(async () => {
    errors = await compile(snippets);
    const unrun = snippets.filter(({ runs }) => !runs);
    if (unrun.length > 0)
      console.info(`${unrun.length} of ${snippets.length} snippets are type-checked only`);
  }, 240_000);

  for (const snippet of snippets) {
    it.concurrent(snippet.name, { timeout: 15_000 }, async ({ expect }) => {
      expect(errors.get(snippet.path)).toEqual([]);
      if (!snippet.runs) return;

      const { status, stderr, printed } = await run(snippet);

      expect(status, stderr).toBe(0);
      expect(printed).toEqual(snippet.expected);
    });
  }
});
