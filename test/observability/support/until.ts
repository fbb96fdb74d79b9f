import { setTimeout as sleep } from 'node:timers/promises';

/** Asks until the answer is there. What has been asked for last is said if it never comes. */
export async function until<T>(what: string, ask: () => Promise<T | undefined>, within = 45_000): Promise<T> {
  for (const deadline = Date.now() + within; Date.now() < deadline; await sleep(100)) {
    const answer = await ask();
    if (answer !== undefined) return answer;
  }
  throw new Error(`Waited ${within} ms in vain: ${what}`);
}
