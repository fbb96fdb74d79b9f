/** What recursion does at its end, at many depths: a framework turns the error into an answer and goes on. */

/** Fills the stack with fat frames, which are quicker than many: so many of them, and then runs something. */
function at(depth: number, run: () => unknown, ballast: readonly number[]): unknown {
  return depth <= 0 ? run() : [pile(depth, run, ballast, ...ballast)];
}

function pile(depth: number, run: () => unknown, ballast: readonly number[], ..._: number[]): unknown {
  deepest = Math.min(deepest, depth);
  return at(depth - 1, run, ballast);
}

let deepest = 0;
const HEAVY: readonly number[] = Array.from({ length: 500 }, () => 0);

/** How many fat frames the stack takes. */
function limit(): number {
  const many = 100_000;
  deepest = many;
  try {
    at(many, () => {}, HEAVY);
  } catch {}
  return many - deepest;
}

/** Runs something with ever more of the stack left to it, from next to nothing: so many amounts. */
export async function atTheEdgeOfTheStack(run: () => unknown, edges: number): Promise<void> {
  let most = limit();
  for (let step = 0, tries = 0; step < edges && tries < 20 * edges; tries++) {
    const depth = most - (step % 12);
    const light = HEAVY.slice(0, (step * 37) % HEAVY.length);
    let isReached = false;
    const begin = () => {
      isReached = true;
      return at(1, run, light);
    };
    deepest = depth;
    try {
      await settle(at(depth, begin, HEAVY));
    } catch {}
    // The engine compiles frames anew meanwhile, to others that may take more of the stack.
    if (isReached) step++;
    else most -= Math.max(deepest - 1, 1);
  }
}

/** What `at` hands up is as deep as the stack was. */
async function settle(answer: unknown): Promise<void> {
  let inner = answer;
  while (Array.isArray(inner)) inner = inner[0];
  await inner;
}
