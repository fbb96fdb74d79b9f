/** Panels, questions to them, and streams that are read as they come. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CircuitBreakerRegistry, type RegistryOptions } from 'recloser';
import { type Dashboard, type DashboardOptions, dashboard } from 'recloser/dashboard';
import { createManualClock } from 'recloser/testing';
import { onTestFinished } from 'vitest';

/** A registry and its panel, by a clock that stands still. */
export function createPanel(options: DashboardOptions = {}, defaults: RegistryOptions['defaults'] = {}) {
  const clock = createManualClock();
  const breakers = new CircuitBreakerRegistry({ clock, defaults });
  const panel = dashboard(breakers, options);
  onTestFinished(() => panel.close());
  return { clock, breakers, panel, ask: askOf(panel) };
}

/** Asks a panel as somebody at its own machine does. */
export function askOf(panel: Dashboard) {
  return (path: string, init: RequestInit = {}, ip = '127.0.0.1') =>
    panel.fetch(new Request(`http://localhost${path}`, init), { ip });
}

/** Lets one `call()` fail or succeed. */
export const failing = () => Promise.reject(new Error('no answer'));
export const fine = () => Promise.resolve('fine');

/** Orders a lever, as a page does. */
export async function order(
  panel: Dashboard,
  body: object | string,
  headers: Record<string, string> = {},
): Promise<{ status: number; answer: Record<string, unknown> }> {
  const { token } = await (await askOf(panel)('/report.json')).json();
  const response = await askOf(panel)('/actions', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'sec-fetch-site': 'same-origin',
      'x-recloser-token': token,
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, answer: await response.json() };
}

export interface StreamEvent {
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it looks for
  readonly data: any;
}

/** Reads the events of a stream, as a browser does. */
export class EventReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #text = '';
  raw = '';
  isOver = false;

  constructor(response: Response) {
    this.#reader = (response.body as ReadableStream<Uint8Array>).getReader();
  }

  /** The next event; of these kinds alone, if some are named. */
  async next(kinds?: readonly string[]): Promise<StreamEvent> {
    let event = await this.#next();
    while (event.event !== 'end' && kinds?.includes(event.event) === false) event = await this.#next();
    return event;
  }

  async #next(): Promise<StreamEvent> {
    for (;;) {
      const end = this.#text.indexOf('\n\n');
      if (end >= 0) {
        const block = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        const [, event] = /^event: (.*)$/m.exec(block) ?? [];
        const [, data] = /^data: (.*)$/m.exec(block) ?? [];
        if (event !== undefined) return { event, data: JSON.parse(data as string) };
        continue;
      }
      const { done, value } = await this.#reader.read();
      if (done) {
        this.isOver = true;
        return { event: 'end', data: undefined };
      }
      const text = new TextDecoder().decode(value);
      this.raw += text;
      this.#text += text;
    }
  }

  async close(): Promise<void> {
    await this.#reader.cancel().catch(() => {});
  }
}

/** Serves on a free port of this machine; answers the address. */
export async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Lets the loop turn often enough for whatever is made in slices. */
export async function arrivals(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
}
