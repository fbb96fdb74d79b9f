import { readFileSync } from 'node:fs';
import ts from 'typescript';

/**
 * The public surface that a file of rolled-up declarations shows: the exported names, and every declaration without
 * its comments, in the order of their names. Where a declaration stands and what is said about it changes nothing.
 */
export function apiReport(entry: string, path: string): string {
  const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest);
  const printer = ts.createPrinter({ removeComments: true });
  const exported = exportsOf(file);
  const declarations = file.statements
    .filter((statement) => !ts.isExportDeclaration(statement))
    .map((statement) => ({
      name: nameOf(statement, file),
      text: printer.printNode(ts.EmitHint.Unspecified, statement, file),
    }))
    // Overloads keep their order, which tells which of them is taken.
    .sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));

  return [
    `# The public surface of \`${entry}\``,
    'Made from the rolled-up declarations. To take over a change: `npx vitest run --project package --update`.',
    `## Values\n\n${listOf(exported.values)}`,
    `## Types\n\n${listOf(exported.types)}`,
    `## Declarations\n\n\`\`\`ts\n${declarations.map(({ text }) => text).join('\n\n')}\n\`\`\`\n`,
  ].join('\n\n');
}

function exportsOf(file: ts.SourceFile) {
  const names = file.statements
    .filter(ts.isExportDeclaration)
    .flatMap(({ exportClause }) =>
      exportClause && ts.isNamedExports(exportClause) ? [...exportClause.elements] : [],
    );
  const textOf = ({ name }: ts.ExportSpecifier) => name.text;
  return {
    values: names.filter(({ isTypeOnly }) => !isTypeOnly).map(textOf),
    types: names.filter(({ isTypeOnly }) => isTypeOnly).map(textOf),
  };
}

function nameOf(statement: ts.Statement, file: ts.SourceFile): string {
  if (ts.isVariableStatement(statement)) return statement.declarationList.declarations[0]!.name.getText(file);
  return (statement as ts.DeclarationStatement).name?.getText(file) ?? '';
}

function listOf(names: readonly string[]): string {
  return [...names]
    .sort()
    .map((name) => `- ${name}`)
    .join('\n');
}
