/** A walk through an outage of each kind, seen as a customer and as an operator see it: over HTTP. */

/**
 * @param {object} setup
 * @param {Awaited<ReturnType<typeof import('./system.mjs').startSystem>>} setup.system
 * @param {(ms: number) => void | Promise<void>} setup.wait
 * @param {(line: string) => void} setup.print
 */
export async function walkThrough({ system: { url, upstreams, breakers }, wait, print }) {
  const stop = breakers.on('transition', ({ breaker, from, to, reason }) =>
    print(`    ${breaker}: ${from} → ${to}, ${reason}`),
  );

  /** @param {number} [times] */
  const visit = async (times = 1) => {
    for (let visit = 1; visit <= times; visit++) {
      const response = await fetch(`${url}/products/7`);
      print(`  GET /products/7  ${response.status} ${describePage(await response.json())}`);
    }
    const response = await fetch(`${url}/health`);
    const { status, closed, total } = await response.json();
    print(`  GET /health      ${response.status} ${status}: ${closed} of ${total} circuits are closed`);
  };

  print('All is well.');
  await visit();

  print('The prices break: the last known price will do.');
  upstreams.prices.break();
  await visit(4);

  print('The catalogue breaks as well: there is nothing to show, and the callers hear it at once.');
  upstreams.catalogue.break();
  await visit(4);

  print('Both are healed, and the recovery time passes: the next call may probe.');
  upstreams.prices.heal();
  upstreams.catalogue.heal();
  await wait(1_100);
  await visit(2);

  stop();
}

/**
 * @param {{ error?: string, name: string, price: number | null, isFresh: boolean, reviews: readonly string[] }} page
 */
function describePage({ error, name, price, isFresh, reviews }) {
  if (error !== undefined) return error;
  return `${name}, ${price ?? 'no price'}${isFresh ? '' : ' (last known)'}, ${reviews.length} reviews`;
}
