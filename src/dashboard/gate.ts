/**
 * Who gets in. Without `authorize` that is whoever sits at this machine and asks it directly, to look; with it, whom it
 * lets in. What browsers are made to send by other pages never gets as far as that.
 */
import type { Action } from './action.js';
import type { Asked } from './exchange.js';
import type { AuthorizeRequest, ResolvedOptions } from './options.js';

/** Somebody may; the name is for the records. */
export interface Granted {
  readonly as: string | null;
}

/** Whether somebody may: by a name, not and why not, or what `authorize` answers itself. */
export type Verdict = Granted | { readonly refused: string } | { readonly response: Response };

const LONGEST_NAME = 80;

/** Whether it answers under this name. */
export function isKnownHost({ hosts }: ResolvedOptions, host: string): boolean {
  return hosts === undefined || hosts.some((known) => matches(known.toLowerCase(), host));
}

function matches(known: string, host: string): boolean {
  return host === known || (nameOf(known) === known && nameOf(host) === known);
}

/** A host without its port. */
function nameOf(host: string): string {
  return host.replace(/:\d+$/, '').replace(/\.$/, '');
}

/** Whether another page has made a browser ask for data. */
export function isFromElsewhere({ headers }: Asked): boolean {
  return ['cross-site', 'same-site'].includes(headers.get('sec-fetch-site') ?? '');
}

/** Whether an action comes from the page itself, or from no browser. */
export function isFromPage(asked: Asked, options: ResolvedOptions): boolean {
  const { headers, host } = asked;
  const site = headers.get('sec-fetch-site');
  if (site !== null && site !== 'same-origin') return false;
  const origin = headers.get('origin');
  if (origin === null) return true;
  const from = hostOfOrigin(origin);
  if (from === undefined) return false;
  if (options.hosts !== undefined) return isKnownHost(options, from);
  return site !== null || from === host || from === host.replace(/:(80|443)$/, '');
}

/** `undefined` for an origin that names no host. */
function hostOfOrigin(origin: string): string | undefined {
  try {
    return new URL(origin).host.toLowerCase() || undefined;
  } catch {
    return undefined;
  }
}

/** Asks whoever decides. It never throws. */
export async function admit(
  asked: Asked,
  { authorize }: ResolvedOptions,
  action: 'view' | Action,
  breaker: string | null,
): Promise<Verdict> {
  if (authorize === undefined) return admitNeighbour(asked);
  const { headers, ip, request } = asked;
  const question: AuthorizeRequest = {
    action,
    ...(breaker !== null && { breaker }),
    headers,
    ...(ip !== undefined && { ip }),
    request,
  };
  try {
    const answer: unknown = await authorize(question);
    if (answer === true) return { as: null };
    if (isResponse(answer)) return { response: answer };
    const { as } = (answer ?? {}) as { readonly as?: unknown };
    if (typeof as === 'string' && as.trim() !== '') return { as: nameFrom(as) };
  } catch {} // it tells nothing
  return { refused: 'Forbidden' };
}

function nameFrom(as: string): string {
  const line = as.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return Array.from(line).slice(0, LONGEST_NAME).join('');
}

/** Of whatever realm. */
function isResponse(answer: unknown): answer is Response {
  const { status, headers, arrayBuffer } = (answer ?? {}) as Partial<Response>;
  return typeof status === 'number' && typeof headers === 'object' && typeof arrayBuffer === 'function';
}

/** Whoever asks from this machine, by one of its own names, and not through something in between. */
function admitNeighbour({ ip, host, headers, isOld }: Asked): Verdict {
  const problem =
    ip === undefined
      ? 'nobody told who asks'
      : !isLoopback(ip)
        ? 'you ask from another machine'
        : !isLocalName(nameOf(host))
          ? 'you ask under a name that is not of this machine'
          : isOld || isForwarded(headers)
            ? 'you ask through a proxy'
            : undefined;
  if (problem === undefined) return { as: null };
  return {
    refused: `Forbidden, since ${problem}: give the dashboard a function \`authorize\` to let others in`,
  };
}

function isLoopback(ip: string): boolean {
  return /^(::ffff:)?127(\.\d{1,3}){3}$/i.test(ip) || ip === '::1';
}

function isLocalName(name: string): boolean {
  return /^([^.]+\.)*localhost$/.test(name) || /^127(\.\d{1,3}){3}$/.test(name) || name === '[::1]';
}

const FORWARDED = ['forwarded', 'x-real-ip', 'via'];

function isForwarded(headers: Asked['headers']): boolean {
  if (FORWARDED.some((name) => headers.has(name))) return true;
  let isSaid = false;
  (headers as unknown as Headers).forEach((_, name) => {
    isSaid ||= name.startsWith('x-forwarded-');
  });
  return isSaid;
}
