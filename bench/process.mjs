/** How the parts of the bench run in processes of their own: an order goes in as an argument, an answer comes out. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const MARK = '\u0000answer ';

/** In a child: what it was told to do. */
export const order = process.argv[2]?.startsWith('{') ? JSON.parse(process.argv[2]) : {};

/** In a child: the build that is measured. */
export const loadRecloser = () => import(order.recloser);

/** In a child: hands back what it found, and ends; some libraries leave timers behind that would not let it. */
export function answerParent(answer) {
  process.stdout.write(`${MARK}${JSON.stringify(answer)}\n`, () => process.exit());
}

/** In the parent: runs one file of this folder. */
export async function runChild(node, file, childOrder, flags = []) {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const { stdout } = await promisify(execFile)(node, [...flags, path, JSON.stringify(childOrder)], {
    maxBuffer: 2 ** 26,
  });
  return JSON.parse(stdout.slice(stdout.indexOf(MARK) + MARK.length));
}
