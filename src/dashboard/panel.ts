/** What a panel answers to whom, in which order it refuses, whatever the server is. */

import { isCircuitBreakerError } from '../index.js';
import { readOrder } from './action.js';
import type { Books } from './books.js';
import { detailsOf } from './details.js';
import type { Answer, Asked, Route } from './exchange.js';
import { json, mediaTypeOf, text } from './exchange.js';
import { admit, isFromElsewhere, isFromPage, isKnownHost } from './gate.js';
import { type Levers, RefusedOrder } from './levers.js';
import type { DashboardHistory, ResolvedOptions } from './options.js';
import { PAGE } from './page-text.js';
import type { Picture } from './picture.js';
import type { Redact } from './redaction.js';
import type { Viewers } from './viewers.js';

/** What answers are made of. */
export interface PanelParts {
  readonly books: Books;
  readonly history: DashboardHistory;
  readonly options: ResolvedOptions;
  readonly redact: Redact;
  readonly picture: Picture;
  readonly viewers: Viewers;
  readonly levers: Levers;
  readonly token: () => string;
  readonly isClosed: () => boolean;
}

const VIEW = 'GET, HEAD';
const ALLOWED: Readonly<Record<Route, string>> = {
  page: VIEW,
  report: VIEW,
  breaker: VIEW,
  events: VIEW,
  actions: 'POST',
};

const STREAM = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
};

const refusal = (status: number, error: string): Answer => json(status, JSON.stringify({ ok: false, error }));

/** Answers a request; a `Response` is what `authorize` has answered itself. */
export async function answerTo(asked: Asked, parts: PanelParts): Promise<Answer | Response> {
  const { method, route, host } = asked;
  const { options } = parts;
  if (parts.isClosed()) return text(503, 'The dashboard has been closed');
  const allowed = ALLOWED[route];
  if (!allowed.split(', ').includes(method)) return text(405, `Use ${allowed}`, { allow: allowed });
  if (route === 'actions') return act(asked, parts);
  if (!isKnownHost(options, host)) return text(403, 'Forbidden: not one of `hosts`');
  if (route !== 'page' && isFromElsewhere(asked)) return text(403, 'Forbidden: another page asks');
  const verdict = await admit(asked, options, 'view', route === 'breaker' ? nameIn(asked) : null);
  if ('response' in verdict) return verdict.response;
  return 'refused' in verdict ? text(403, verdict.refused) : show(asked, parts);
}

const nameIn = ({ query }: Asked) => query.get('name');

async function show(asked: Asked, parts: PanelParts): Promise<Answer> {
  const { picture, books, viewers } = parts;
  switch (asked.route) {
    case 'report':
      return json(200, await picture.state(false, (state) => state));
    case 'breaker': {
      const entry = books.entries.get(nameIn(asked) ?? '');
      if (entry === undefined) return text(404, 'There is no breaker of this name');
      const context = {
        ...parts,
        resilience: parts.options.resilience,
        time: books.time,
        row: picture.row(entry),
      };
      return json(200, JSON.stringify(detailsOf(entry, context)));
    }
    case 'events': {
      if (viewers.isFull) return text(503, 'Too many streams: ask for report.json', { 'retry-after': '5' });
      const answer = { status: 200, headers: STREAM, body: '' };
      return asked.method === 'HEAD' ? answer : { ...answer, open: viewers.admit() };
    }
    default:
      return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: PAGE };
  }
}

/** The order of what is refused is part of the contract: nothing is told to those who may not know it. */
async function act(asked: Asked, parts: PanelParts): Promise<Answer | Response> {
  const { options, books, levers, token } = parts;
  const { headers, host } = asked;
  if (!options.controls) return refusal(403, 'Forbidden: `controls` is false');
  if (!isKnownHost(options, host) || !isFromPage(asked, options))
    return refusal(403, 'Forbidden: not from a page of this host');
  if (mediaTypeOf(headers) !== 'application/json') return refusal(415, 'Send application/json');
  const body = await asked.body();
  if (body === 'too large') return refusal(413, 'Too large');
  const order = body === 'no JSON' ? undefined : readOrder(body.json);
  if (order === undefined)
    return refusal(400, 'Send { action, breaker, reason, minutes?, options?, scope? } of the right types');
  if (headers.get('x-recloser-token') !== token())
    return refusal(409, 'This page is of another process or an earlier one: load it again');
  const verdict = await admit(asked, options, order.action, order.breaker);
  if ('response' in verdict) return verdict.response;
  if ('refused' in verdict) return refusal(403, verdict.refused);
  const entry = books.entries.get(order.breaker);
  if (entry === undefined) return refusal(404, 'There is no breaker of this name');
  try {
    return json(200, JSON.stringify(await levers.pull(entry, order, verdict.as)));
  } catch (error) {
    if (error instanceof RefusedOrder || isInvalidOptions(error)) return refusal(422, error.message);
    return refusal(502, parts.redact(messageOf(error)) || 'It failed');
  }
}

function messageOf(error: unknown): string {
  const { message } = (error ?? {}) as { readonly message?: unknown };
  return typeof message === 'string' ? message : '';
}

/** Of whatever copy of the package. */
function isInvalidOptions(error: unknown): error is Error {
  return isCircuitBreakerError(error) && error.code === 'ERR_INVALID_OPTIONS';
}
