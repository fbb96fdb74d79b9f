import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import ts from 'typescript';
import type { Fence, Page } from './markdown.js';
import { fencesOf } from './markdown.js';
import { fromRoot } from './root.js';

/**
 * The `ts` and `js` blocks of the documentation, type-checked against src and run; but for those that say `clients`,
 * which need a real framework: `test/clients/frameworks.test.ts` runs them.
 *
 * A block becomes a module that has the page's own line numbers: it is the page with every other line left
 * empty. So whatever the compiler or a stack says about line 12 is about line 12 of the page.
 */
export interface Snippet {
  /** `README.md:12`, after the line of its opening fence. */
  readonly name: string;
  readonly path: string;
  readonly code: string;
  /** What a comment `// → value` says that its line prints, by line. */
  readonly expected: Readonly<Record<number, string>>;
  readonly runs: boolean;
  readonly legacyDecorators: boolean;
}

export interface Run {
  readonly status: number | null;
  readonly stderr: string;
  /** What the lines with an expectation printed. */
  readonly printed: Readonly<Record<number, string>>;
}

const GENERATED = fromRoot('test/docs/.generated');
const TIME_TO_EXIT = 10_000;

export function snippetsOf(page: Page): Snippet[] {
  let soFar: readonly number[] = [];
  return fencesOf(page)
    .filter(({ language, flags }) => (language === 'ts' || language === 'js') && !flags.includes('clients'))
    .map((fence) => {
      const own = [...setupLines(page, fence), ...range(fence.start, fence.end)];
      soFar = fence.flags.includes('continues') ? [...soFar, ...own] : own;
      return {
        name: `${page.path}:${fence.line}`,
        path: fromRoot(`${page.path}.${fence.line}.${fence.language}`),
        code: onlyLines(page, soFar),
        expected: expectationsIn(page, fence),
        runs: !fence.flags.includes('no-run'),
        legacyDecorators: fence.flags.includes('legacy-decorators'),
      };
    });
}

/** The lines of a comment `<!-- setup: … -->` that ends directly before the block. */
function setupLines({ lines }: Page, fence: Fence): number[] {
  let last = fence.start - 2;
  while (lines[last]?.trim() === '') last--;
  if (lines[last]?.trim() !== '-->') return [];

  let first = last;
  while (first >= 0 && !lines[first]!.includes('<!--')) first--;
  return lines[first]?.trim() === '<!-- setup:' ? range(first + 1, last) : [];
}

function onlyLines({ lines }: Page, kept: readonly number[]): string {
  const module = lines.map(() => '');
  for (const index of kept)
    module[index] = lines[index]!.replace(/^[\s>]*/, (prefix) => ' '.repeat(prefix.length));
  return module.join('\n');
}

function expectationsIn({ lines }: Page, { start, end }: Fence): Record<number, string> {
  const expected: Record<number, string> = {};
  for (const index of range(start, end)) {
    const value = /\/\/\s*(?:→|=>)\s*(.*?)\s*$/.exec(lines[index]!)?.[1];
    if (value !== undefined) expected[index + 1] = value;
  }
  return expected;
}

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, index) => start + index);
}

/** Type-checks all snippets, writes them and src as JavaScript, and gives the errors of each by its path. */
export async function compile(snippets: readonly Snippet[]): Promise<Map<string, string[]>> {
  rmSync(GENERATED, { recursive: true, force: true });
  await bundleSource();
  const errors = new Map<string, string[]>();
  for (const legacyDecorators of [false, true]) {
    const group = snippets.filter((snippet) => snippet.legacyDecorators === legacyDecorators);
    if (group.length > 0) compileGroup(group, legacyDecorators, errors);
  }

  // The name of the package resolves to itself, so the snippets import the compiled src.
  const manifest = {
    name: 'recloser',
    type: 'module',
    exports: { '.': './src/index.js', './*': './src/*/index.js' },
  };
  write('package.json', JSON.stringify(manifest));
  write(
    'print.js',
    `import { writeSync } from 'node:fs';
     import { formatWithOptions } from 'node:util';
     globalThis.print = (line, ...data) => {
       const text = formatWithOptions({ breakLength: Infinity, compact: true }, ...data);
       writeSync(3, JSON.stringify({ line, text }) + '\\n');
     };`,
  );
  return errors;
}

/** In a few files: each snippet loads them anew, and one for each of src would take most of its time. */
async function bundleSource(): Promise<void> {
  await build({
    entryPoints: readdirSync(fromRoot('src'), { recursive: true, encoding: 'utf8' })
      .filter((path) => basename(path) === 'index.ts')
      .map((path) => fromRoot(`src/${path}`)),
    outbase: fromRoot('src'),
    outdir: join(GENERATED, 'src'),
    bundle: true,
    splitting: true,
    packages: 'external',
    format: 'esm',
    target: 'node18',
    sourcemap: 'inline',
    logLevel: 'error',
  });
}

/** What is not of a page: it is read once for both groups. */
const parsed = new Map<string, ts.SourceFile | undefined>();

function compileGroup(
  snippets: readonly Snippet[],
  legacyDecorators: boolean,
  errors: Map<string, string[]>,
): void {
  const root = fromRoot('.');
  const options: ts.CompilerOptions = {
    strict: true,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts'],
    types: ['node'],
    module: ts.ModuleKind.NodeNext,
    moduleDetection: ts.ModuleDetectionKind.Force,
    allowJs: true,
    checkJs: true,
    skipLibCheck: true,
    experimentalDecorators: legacyDecorators,
    paths: { recloser: [fromRoot('src/index.ts')], 'recloser/*': [fromRoot('src/*/index.ts')] },
    inlineSourceMap: true,
    rootDir: root,
    outDir: GENERATED,
  };
  const virtual = new Map(snippets.map((snippet) => [snippet.path, snippet]));
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => virtual.has(path) || fileExists(path);
  host.readFile = (path) => virtual.get(path)?.code ?? readFile(path);
  host.getSourceFile = (path, languageVersion, ...rest) => {
    const code = virtual.get(path)?.code;
    if (code === undefined) {
      const file = parsed.get(path) ?? getSourceFile(path, languageVersion, ...rest);
      parsed.set(path, file);
      return file;
    }
    return ts.createSourceFile(path, code, languageVersion, true);
  };

  const program = ts.createProgram([...virtual.keys()], options, host);
  for (const [path, snippet] of virtual) {
    const file = program.getSourceFile(path)!;
    const diagnostics = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
    errors.set(path, [
      ...diagnostics.filter((diagnostic) => isWorthATypeAnnotation(diagnostic, path)).map(describeDiagnostic),
      ...unprintedExpectations(file, snippet),
    ]);
    program.emit(file, undefined, undefined, false, { before: [reportPrints(virtual)] });
  }
}

/** In JavaScript nobody can write the annotations that "implicitly has an 'any' type" (TS7xxx) asks for. */
function isWorthATypeAnnotation({ code }: ts.Diagnostic, path: string): boolean {
  return !(path.endsWith('.js') && code >= 7000 && code < 8000);
}

function describeDiagnostic({ file, start, messageText }: ts.Diagnostic): string {
  const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start ?? 0).line + 1;
  return `line ${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
}

function unprintedExpectations(file: ts.SourceFile, { expected }: Snippet): string[] {
  const lines = new Set<number>();
  const visit = (node: ts.Node): void => {
    if (isConsoleLog(node)) lines.add(lastLineOf(node, file));
    ts.forEachChild(node, visit);
  };
  visit(file);
  return Object.keys(expected)
    .filter((line) => !lines.has(Number(line)))
    .map((line) => `line ${line}: says what is printed, but has no console.log`);
}

/** Turns each `console.log(x)` whose line says what it prints into `print(line, x)`. */
function reportPrints(snippets: ReadonlyMap<string, Snippet>): ts.TransformerFactory<ts.SourceFile> {
  return (context) => (file) => {
    const snippet = snippets.get(file.fileName);
    if (snippet === undefined) return file;

    const visit = (node: ts.Node): ts.Node => {
      const visited = ts.visitEachChild(node, visit, context);
      if (!isConsoleLog(node) || !ts.isCallExpression(visited)) return visited;
      const line = lastLineOf(node, file);
      if (snippet.expected[line] === undefined) return visited;
      return context.factory.updateCallExpression(
        visited,
        context.factory.createIdentifier('globalThis.print'),
        undefined,
        [context.factory.createNumericLiteral(line), ...visited.arguments],
      );
    };
    return ts.visitEachChild(file, visit, context);
  };
}

function isConsoleLog(node: ts.Node): node is ts.CallExpression {
  return ts.isCallExpression(node) && node.expression.getText() === 'console.log';
}

function lastLineOf(node: ts.Node, file: ts.SourceFile): number {
  return file.getLineAndCharacterOfPosition(node.getEnd()).line + 1;
}

function write(name: string, text: string): void {
  mkdirSync(GENERATED, { recursive: true });
  writeFileSync(join(GENERATED, name), text);
}

/** Runs a compiled snippet in a process of its own, which has to end by itself. */
export async function run({ path, expected }: Snippet): Promise<Run> {
  const file = join(GENERATED, path.slice(fromRoot('.').length).replace(/\.ts$/, '.js'));
  const child = spawn(process.execPath, ['--enable-source-maps', '--import', './print.js', file], {
    cwd: GENERATED,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    timeout: TIME_TO_EXIT,
  });
  const [stderr, prints, status] = await Promise.all([
    textOf(child.stdio[2]!),
    textOf(child.stdio[3] as NodeJS.ReadableStream),
    new Promise<number | null>((resolve) => child.once('exit', resolve)),
  ]);

  const printed: Record<number, string> = {};
  for (const print of prints.split('\n').filter(Boolean)) {
    const { line, text }: { line: number; text: string } = JSON.parse(print);
    if (expected[line] === undefined) continue;
    printed[line] = printed[line] === undefined ? text : `${printed[line]}, ${text}`;
  }
  return { status, stderr: status === null ? `did not end within ${TIME_TO_EXIT} ms` : stderr, printed };
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}
