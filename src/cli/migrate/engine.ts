/** The only file that knows the parser and the editor of texts: `@babel/parser` and `magic-string`, if they are there. */
import { type Comment, type Node, type Tree, walk } from './tree.js';

/** A piece of the source and what stands in its place; an empty piece is a place to insert at. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export interface Engine {
  /** @throws UnreadableSource if no dialect that the file's ending allows makes sense of it */
  parse(source: string, file: string): Tree;
  /** An expression alone, such as the text of a package.json. @throws UnreadableSource */
  parseExpression(source: string): Node;
  apply(source: string, edits: readonly Edit[]): string;
}

/** A file that cannot be parsed. */
export class UnreadableSource extends Error {}

interface Parsed {
  readonly program: Node;
  readonly comments: readonly Comment[];
  readonly errors?: readonly { readonly reasonCode?: string }[];
}

export interface Parser {
  parse(source: string, options: object): Parsed;
  parseExpression(source: string, options: object): Node;
}

export type Editor = new (
  source: string,
) => {
  appendLeft(at: number, text: string): void;
  overwrite(start: number, end: number, text: string): void;
  remove(start: number, end: number): void;
  toString(): string;
};

/** Faults that say nothing against the tree: compilers tell them, and some dialects allow them. */
const HARMLESS = new Set([
  'UnsupportedParameterDecorator',
  'VarRedeclaration',
  'DuplicateExport',
  'ModuleExportUndefined',
  'DuplicateRegExpFlags',
]);

const PLUGINS = [['estree', { classFeatures: true }], 'decorators', 'decoratorAutoAccessors'] as const;

const SETTINGS = {
  errorRecovery: true,
  attachComment: false,
  allowReturnOutsideFunction: true,
  allowSuperOutsideMethod: true,
  allowNewTargetOutsideFunction: true,
  allowUndeclaredExports: true,
};

function dialectsOf(file: string): readonly (readonly unknown[])[] {
  if (/\.d\.[cm]?ts$/.test(file)) return [[['typescript', { dts: true }]], ['typescript']];
  if (/\.[cm]?ts$/.test(file)) return [['typescript']];
  if (file.endsWith('.tsx')) return [['typescript', 'jsx']];
  return [['jsx'], ['jsx', 'flow'], ['jsx', 'typescript']];
}

/** Each dialect as what it seems to be, and as a script, which is read less strictly. */
const waysToRead = (file: string) =>
  dialectsOf(file).flatMap((dialect) =>
    ['unambiguous', 'script'].map((sourceType) => ({ dialect, sourceType })),
  );

export function createEngine(parser: Parser, Editor: Editor): Engine {
  function parse(source: string, file: string): Tree {
    let first: unknown;
    for (const { dialect, sourceType } of waysToRead(file)) {
      try {
        const {
          program,
          comments,
          errors = [],
        } = parser.parse(source, {
          ...SETTINGS,
          sourceType,
          plugins: [...PLUGINS, ...dialect],
        });
        const fault = errors.find(({ reasonCode = '' }) => !HARMLESS.has(reasonCode));
        if (fault !== undefined) throw fault;
        return { source, program, comments, nodes: walk(program) };
      } catch (error) {
        first ??= error;
      }
    }
    throw new UnreadableSource(reasonOf(first));
  }

  return {
    parse,
    parseExpression(source) {
      try {
        return parser.parseExpression(source, { plugins: PLUGINS });
      } catch (error) {
        throw new UnreadableSource(reasonOf(error));
      }
    },
    apply(source, edits) {
      const text = new Editor(source);
      for (const edit of edits) {
        if (edit.start === edit.end) text.appendLeft(edit.start, edit.text);
        else if (edit.text === '') text.remove(edit.start, edit.end);
        else text.overwrite(edit.start, edit.end, edit.text);
      }
      return text.toString();
    },
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof RangeError && /call stack/.test(error.message))
    return 'it nests too deeply for the parser';
  return error instanceof Error ? error.message : String(error);
}
