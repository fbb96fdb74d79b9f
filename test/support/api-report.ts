import { dirname, join } from 'node:path';
import ts from 'typescript';

/**
 * The public surface that the declarations of an entry show: the exported names, and every declaration that they lead
 * to, without its comments, in the order of their names. What `recloser` exports itself is in its own report. In which
 * file a declaration stands, and what is said about it, changes nothing.
 */
export function apiReport(entry: string, path: string): string {
  const index = join(dirname(path), path.endsWith('.cts') ? 'index.d.cts' : 'index.d.ts');
  const program = ts.createProgram([path, index], { noLib: true, types: [], module: ts.ModuleKind.NodeNext });
  const surface = new Surface(program);
  const exported = surface.exportsOf(path);
  const known = path === index ? [] : surface.exportsOf(index);
  const isValue = ({ flags }: ts.Symbol) => (flags & ts.SymbolFlags.Value) !== 0;
  const namesOf = (symbols: [string, ts.Symbol][]) => symbols.map(([name]) => `- ${name}`).join('\n');

  return [
    `# The public surface of \`${entry}\``,
    'Made from the rolled-up declarations. To take over a change: `npx vitest run --project package --update`.',
    `## Values\n\n${namesOf(exported.filter(([, symbol]) => isValue(symbol)))}`,
    `## Types\n\n${namesOf(exported.filter(([, symbol]) => !isValue(symbol)))}`,
    `## Declarations\n\n\`\`\`ts\n${surface.declarationsOf(exported, known).join('\n\n')}\n\`\`\`\n`,
  ].join('\n\n');
}

class Surface {
  readonly #program: ts.Program;
  readonly #checker: ts.TypeChecker;
  readonly #printer = ts.createPrinter({ removeComments: true });

  constructor(program: ts.Program) {
    this.#program = program;
    this.#checker = program.getTypeChecker();
  }

  /** What a file exports, by name. */
  exportsOf(path: string): [string, ts.Symbol][] {
    const file = this.#program.getSourceFile(path)!;
    const symbols = this.#checker.getExportsOfModule(this.#checker.getSymbolAtLocation(file)!);
    return symbols
      .map((symbol): [string, ts.Symbol] => [symbol.name, this.#resolve(symbol)])
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** The text of everything that these symbols lead to, but for what is known. */
  declarationsOf(exported: [string, ts.Symbol][], known: [string, ts.Symbol][]): string[] {
    const seen = new Set(known.map(([, symbol]) => symbol));
    const found: { name: string; text: string }[] = [];
    const visit = (symbol: ts.Symbol): void => {
      if (seen.has(symbol)) return;
      seen.add(symbol);
      for (const statement of statementsOf(symbol)) {
        const file = statement.getSourceFile();
        const text = this.#printer.printNode(ts.EmitHint.Unspecified, statement, file);
        found.push({ name: symbol.name, text });
        for (const used of this.#symbolsIn(statement)) visit(used);
      }
    };
    for (const [, symbol] of exported) visit(symbol);
    // Overloads keep their order, which tells which of them is taken.
    return found.sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name))).map(({ text }) => text);
  }

  #resolve(symbol: ts.Symbol): ts.Symbol {
    return symbol.flags & ts.SymbolFlags.Alias ? this.#checker.getAliasedSymbol(symbol) : symbol;
  }

  #symbolsIn(node: ts.Node): ts.Symbol[] {
    const symbols: ts.Symbol[] = [];
    const walk = (part: ts.Node): void => {
      const symbol = ts.isIdentifier(part) ? this.#checker.getSymbolAtLocation(part) : undefined;
      if (symbol !== undefined) symbols.push(this.#resolve(symbol));
      part.forEachChild(walk);
    };
    walk(node);
    return symbols;
  }
}

/** The statements of a module that declare a symbol; none for members, parameters and what is global. */
function statementsOf(symbol: ts.Symbol): ts.Node[] {
  return (symbol.declarations ?? [])
    .map((declaration) => (ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration))
    .filter((statement) => statement.parent !== undefined && ts.isSourceFile(statement.parent));
}
