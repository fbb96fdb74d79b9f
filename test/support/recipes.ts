import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { type Fence, fencesOf, type Page, readPages } from './markdown.js';
import { fromRoot } from './root.js';

/** A block of the documentation that says `clients`: a program for a real framework. */
export interface Recipe {
  /** `Express 5`: the heading that it stands under. */
  readonly name: string;
  readonly page: Page;
  readonly fence: Fence;
}

export function recipes(): Recipe[] {
  return readPages().flatMap((page) =>
    fencesOf(page)
      .filter(({ flags }) => flags.includes('clients'))
      .map((fence) => ({ name: headingOf(page, fence), page, fence })),
  );
}

function headingOf({ lines }: Page, { start }: Fence): string {
  const headings = lines.slice(0, start).filter((line) => line.startsWith('## '));
  return (headings.at(-1) ?? '').slice('## '.length);
}

const FOLDER = fromRoot('test/clients/.generated');

const OPTIONS: ts.CompilerOptions = {
  strict: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleDetection: ts.ModuleDetectionKind.Force,
  lib: ['lib.es2022.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts'],
  types: ['node'],
  skipLibCheck: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  paths: { recloser: [fromRoot('src/index.ts')], 'recloser/*': [fromRoot('src/*/index.ts')] },
};

/** Writes a recipe as a module, type-checked where it has types, and loads it. */
export async function load({ name, page, fence }: Recipe): Promise<Record<string, unknown>> {
  const file = join(FOLDER, `${name.toLowerCase().replaceAll(/\W+/g, '-')}.${fence.language}`);
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(file, page.lines.slice(fence.start, fence.end).join('\n'));
  if (fence.language === 'ts') compile(file);
  return import(file.replace(/\.ts$/, '.js'));
}

function compile(file: string): void {
  const program = ts.createProgram([file], OPTIONS);
  const source = program.getSourceFile(file);
  const problems = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  if (problems.length > 0) {
    throw new Error(
      problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')).join('\n'),
    );
  }
  program.emit(source);
}
