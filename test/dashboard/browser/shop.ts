/** A shop whose breakers are on a page, and a browser that looks at it. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { CircuitBreakerRegistry, type RegistryOptions } from 'recloser';
import { type DashboardOptions, dashboard } from 'recloser/dashboard';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { findChromium } from '../../runtimes/hosts/chromium.mjs';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-sync',
  '--no-first-run',
];

let browser: Browser;

/** Starts a browser for the tests of a file. */
export function useBrowser(): void {
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: findChromium(), args: FLAGS });
  });
  afterAll(() => browser.close());
}

export interface Shop {
  readonly breakers: CircuitBreakerRegistry;
  /** Where the page is, without the slash at its end. */
  readonly url: string;
  /** What stands before the panel; by default nothing. */
  before: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Cuts every line, as a network does that goes away. */
  cut(): void;
  /** Another process takes over. */
  restart(instance: string): void;
}

/** Serves the breakers of a shop at `/ops/breakers`. */
export async function openShop(
  options: DashboardOptions = {},
  defaults: RegistryOptions['defaults'] = {},
): Promise<Shop> {
  const breakers = new CircuitBreakerRegistry({ defaults });
  const make = (instance: string) =>
    dashboard(breakers, { title: 'shop', path: '/ops/breakers', refresh: 250, instance, ...options });
  let panel = make('pod-1');
  const sockets = new Set<Socket>();
  const shop: Shop = {
    breakers,
    url: '',
    before: () => true,
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    restart(instance) {
      panel.close();
      panel = make(instance);
      shop.cut();
    },
  };
  const server = createServer((request, response) => {
    if (shop.before(request, response)) panel.node(request, response);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    panel.close();
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(shop, {
    url: `http://localhost:${(server.address() as AddressInfo).port}/ops/breakers`,
  });
}

export interface Visit {
  readonly page: Page;
  /** What went wrong on the page: errors, refusals of its policy, dialogs that nobody asked for. */
  readonly problems: string[];
}

/** Looks at a page, once it shows something. */
export async function visit(
  url: string,
  options: BrowserContextOptions = {},
  stream = 'live',
): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1_400, height: 900 }, ...options });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('dialog', (dialog) => {
    problems.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('console', (message) => {
    // What a browser says of an answer that is no success is what the test asked for.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      problems.push(message.text());
  });
  await page.goto(url);
  await page.waitForSelector(`body[data-stream=${stream}]`);
  return { page, problems };
}

export const fine = async () => 'fine';
export const refused = async () => {
  throw Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:443'), { code: 'ECONNREFUSED' });
};

/** A shop on a good day: whoever calls is answered. */
export async function goodDay({ breakers }: Shop): Promise<void> {
  const names = ['catalogue', 'mail', 'payments', 'prices', 'search', 'stock'];
  for (const [at, name] of names.entries())
    for (let i = 0; i < 20 + 7 * at; i++)
      await breakers.getOrCreate(name, { maxConcurrentCalls: 50 }).call(fine);
}

/** A shop on a bad day: two circuits open, one probing, one forced, one failing. */
export async function badDay({ breakers }: Shop, more = 0): Promise<void> {
  const of = (name: string, options = {}) =>
    breakers.getOrCreate(name, { maxConcurrentCalls: 50, ...options });
  const names = ['catalogue', 'mail', 'prices', 'recommendations', 'stock', 'users'];
  for (let i = 0; i < more; i++) names.push(`partner-${String(i).padStart(4, '0')}`);
  for (const name of names) for (let i = 0; i < 12; i++) await of(name).call(fine);
  for (let i = 0; i < 9; i++) await of('payments').call(fine);
  for (let i = 0; i < 5; i++) await of('payments').tryCall(refused);
  for (let i = 0; i < 40; i++) await of('payments').tryCall(fine);
  of('search').trip('the provider says maintenance until 14:00');
  for (let i = 0; i < 7; i++) await of('search').tryCall(fine);
  const reviews = of('reviews', { recoveryTimeout: 0, successThreshold: 3 });
  for (let i = 0; i < 5; i++) await reviews.tryCall(refused);
  await reviews.tryCall(fine);
  of('mail').forceOpen('drill of the mail team (bob)');
  for (let i = 0; i < 4; i++) await of('users').tryCall(refused);
}
