import * as recloser from 'recloser';
import ts from 'typescript';
import { fromRoot } from './root.js';

/** The two kinds of decorators that TypeScript knows, by the setting that chooses. */
export const DECORATOR_FORMS = [
  ['TC39', false],
  ['experimentalDecorators', true],
] as const;

/** What the compiler makes of a module. */
export function transpile(
  code: string,
  experimentalDecorators: boolean,
  target: 'ES2022' | 'ES2017' | 'ES5' = 'ES2022',
): string {
  const compilerOptions = {
    target: ts.ScriptTarget[target],
    module: ts.ModuleKind.CommonJS,
    experimentalDecorators,
  };
  return ts.transpileModule(code, { compilerOptions }).outputText;
}

/** Runs a transpiled module that imports nothing but `recloser`, and gives its exports. */
export function runModule<Exports>(javaScript: string): Exports {
  const module = { exports: {} as Exports };
  const require = (id: string): unknown => {
    if (id === 'recloser') return recloser;
    throw new Error(`The module may import nothing but recloser, not ${id}`);
  };
  new Function('require', 'module', 'exports', javaScript)(require, module, module.exports);
  return module.exports;
}

const parsed = new Map<string, ts.SourceFile | undefined>();

/** The numbers of the lines in which the compiler finds an error, and what it says of them. */
export function errorsIn(code: string, experimentalDecorators: boolean): Map<number, string> {
  const path = fromRoot('test/core/checked.ts');
  const options: ts.CompilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts'],
    types: [],
    module: ts.ModuleKind.NodeNext,
    moduleDetection: ts.ModuleDetectionKind.Force,
    skipLibCheck: true,
    experimentalDecorators,
    paths: { recloser: [fromRoot('src/index.ts')] },
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (name) => name === path || fileExists(name);
  host.getSourceFile = (name, languageVersion, ...rest) => {
    if (name === path) return ts.createSourceFile(name, code, languageVersion, true);
    if (!parsed.has(name)) parsed.set(name, getSourceFile(name, languageVersion, ...rest));
    return parsed.get(name);
  };
  const program = ts.createProgram([path], options, host);
  const file = program.getSourceFile(path) as ts.SourceFile;
  const diagnostics = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
  return new Map(
    diagnostics.map(({ start, messageText }) => [
      file.getLineAndCharacterOfPosition(start ?? 0).line + 1,
      ts.flattenDiagnosticMessageText(messageText, '\n'),
    ]),
  );
}

/** The numbers of the lines that end in a comment `// error`. */
export function linesMarkedAsErrors(code: string): number[] {
  return code.split('\n').flatMap((line, index) => (/\/\/ error\b/.test(line) ? [index + 1] : []));
}
