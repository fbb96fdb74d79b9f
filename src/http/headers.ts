/** Reading the headers of anybody's response: of fetch, undici, axios or Node. Nothing here throws. */

interface WithHeaders {
  readonly status?: unknown;
  readonly statusCode?: unknown;
  readonly headers?: unknown;
}

/** The value of a header, whose name is in lower case. */
export function headerOf(response: unknown, name: string): string | undefined {
  try {
    const { headers } = response as WithHeaders;
    if (typeof (headers as Headers).get === 'function') return wordOf((headers as Headers).get(name));
    const key = Object.keys(headers as object).find((it) => it.toLowerCase() === name);
    return wordOf((headers as Record<string, unknown>)[key as string]);
  } catch {
    return undefined; // there are none, or its members throw
  }
}

/** Node joins what it may, and lists the rest: the first is as good as any. */
function wordOf(value: unknown): string | undefined {
  const first = Array.isArray(value) ? value[0] : value;
  return first == null ? undefined : String(first).trim();
}

/** The status of a response; `undefined` for anything that is none. */
export function statusOf(response: unknown): number | undefined {
  try {
    const { status, statusCode } = response as WithHeaders;
    const found = status ?? statusCode;
    return typeof found === 'number' ? found : undefined;
  } catch {
    return undefined;
  }
}
