/** Levers: a dialog says what callers will feel and asks why; what came of it is told, and can be taken back. */
import { type ActionOrder, NUMERIC_OPTIONS } from '../action.js';
import type { Details } from '../details.js';
import type { Done } from '../levers.js';
import { make, say } from './dom.js';
import { ACTION_WORDS } from './lists.js';
import type { Model, ShownRow } from './model.js';
import { age, perSecond, STATE_WORDS } from './words.js';

type Action = ActionOrder['action'];
type Result = 'ok' | 'invalid' | 'refused' | 'stale' | 'lost';

export interface LeverHost {
  readonly model: Model;
  readonly base: string;
}

/** What came of an order. */
interface Outcome {
  readonly result: Result;
  readonly words: string;
  readonly done?: Done;
}

export class Levers {
  readonly element = make('div', { class: 'levers', role: 'group', 'aria-label': 'Levers' });
  /** What came of the last one. */
  readonly result = make('div', { 'aria-live': 'polite' });
  readonly #host: LeverHost;
  readonly #buttons: ReadonlyMap<Action, HTMLButtonElement>;
  #row: ShownRow | undefined;
  #options: Details['options'] = {};

  constructor(host: LeverHost) {
    this.#host = host;
    this.#buttons = new Map(
      (Object.keys(ACTION_WORDS) as Action[]).map((action) => {
        const button = make('button', { type: 'button', 'data-action': action }, ACTION_WORDS[action]);
        button.addEventListener('click', () => this.#ask(action));
        return [action, button];
      }),
    );
    this.element.append(...this.#buttons.values());
  }

  paint(row: ShownRow, options: Details['options']): void {
    if (this.#row?.name !== row.name) this.result.replaceChildren();
    this.#row = row;
    this.#options = options;
    this.element.hidden = !this.#host.model.head?.controls;
    const trip = this.#buttons.get('trip') as HTMLButtonElement;
    trip.disabled = row.mode.startsWith('forced');
    trip.title = trip.disabled ? 'It is forced: reset it first' : '';
  }

  #ask(action: Action): void {
    const row = this.#row;
    if (row === undefined) return;
    const name = `${ACTION_WORDS[action]}${action === 'update' ? ' of' : ''} ${row.name}`;
    const isForce = action === 'forceOpen' || action === 'forceClosed';
    const reason = make('input', { name: 'reason', required: true, maxlength: 200, autocomplete: 'off' });
    const minutes = make('input', {
      name: 'minutes',
      type: 'number',
      min: 1,
      max: 1_440,
      step: 'any',
      placeholder: 'until somebody resets it',
    });
    const scope = make(
      'select',
      { name: 'scope' },
      make('option', { value: 'instance' }, 'this instance alone'),
      make('option', { value: 'fleet' }, 'every instance'),
    );
    const hasScope = this.#host.model.fleet !== undefined && (isForce || action === 'reset');
    const figures = action === 'update' ? this.#figures() : [];
    const alert = make('p', { class: 'alert', role: 'alert' });
    const submit = make(
      'button',
      { type: 'submit', class: `act${action === 'update' ? '' : ' danger'}`, 'data-submit': true },
      name,
    );
    const cancel = make('button', { type: 'button' }, 'Cancel');
    const title = make('h2', { id: 'lever-title' }, name);
    const form = make(
      'form',
      { method: 'dialog', novalidate: true },
      title,
      make('p', {}, feelingOf(action, row, this.#options)),
      figures.length > 0 && make('div', { class: 'two' }, ...figures.map(({ label }) => label)),
      isForce && make('label', {}, 'Take back after minutes', minutes),
      hasScope && make('label', {}, 'Where', scope),
      make('label', {}, 'Reason', reason),
      make(
        'p',
        { class: 'small' },
        'Callers and colleagues read it: who is told, which incident, until when.',
      ),
      alert,
      make('div', { class: 'ends' }, cancel, submit),
    );
    const dialog = make('dialog', { 'data-action': action, 'aria-labelledby': 'lever-title' }, form);
    cancel.addEventListener('click', () => dialog.close());
    dialog.addEventListener('close', () => dialog.remove());
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const options = changesOf(figures);
      const problem = typeof options === 'string' ? options : problemOf(action, reason.value, options);
      if (problem !== undefined) return tell(alert, 'invalid', problem);
      submit.disabled = true;
      const order: ActionOrder = {
        action,
        breaker: row.name,
        reason: reason.value,
        ...(isForce && minutes.value !== '' && { minutes: Number(minutes.value) }),
        ...(hasScope && scope.value === 'fleet' && { scope: 'fleet' as const }),
        ...(action === 'update' && typeof options === 'object' && { options }),
      };
      void this.#send(order).then((outcome) => {
        submit.disabled = false;
        if (outcome.done === undefined) return tell(alert, outcome.result, outcome.words);
        dialog.close();
        this.#tell(order, outcome);
      });
    });
    document.body.append(dialog);
    dialog.showModal();
    (figures[0]?.input ?? reason).focus();
  }

  async #send(order: ActionOrder): Promise<Outcome> {
    let response: Response;
    try {
      response = await fetch(`${this.#host.base}actions`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-recloser-token': this.#host.model.head?.token ?? '',
        },
        body: JSON.stringify(order),
      });
    } catch {
      return {
        result: 'lost',
        words: 'Nobody answered: it may have been done or not. Look at the state before you try again.',
      };
    }
    const answer = (await response.json().catch(() => ({}))) as Partial<Done> & { readonly error?: string };
    if (response.ok && answer.ok) return { result: 'ok', words: '', done: answer as Done };
    const words = answer.error ?? `The server answered ${response.status}`;
    if (response.status === 409) return { result: 'stale', words: `${words}.` };
    return { result: [400, 413, 415, 422].includes(response.status) ? 'invalid' : 'refused', words };
  }

  /** What came of it, and the way back. */
  #tell(order: ActionOrder, { done }: Outcome): void {
    if (done === undefined) return;
    const { state, mode, undo } = done;
    const forced = mode.startsWith('forced') ? `, ${mode.replace('-', ' ')}` : '';
    const words = make('span', {}, `${order.breaker} is ${STATE_WORDS[state]}${forced}`);
    const back = make('button', { type: 'button', 'data-undo': true }, 'Take back');
    const result = make('p', { class: 'result', 'data-result': 'ok' }, words, undo !== null && back);
    this.result.replaceChildren(result);
    back.addEventListener('click', () => {
      if (undo === null) return;
      back.disabled = true;
      const again = { ...undo, reason: `Taken back: ${order.reason ?? ''}`.slice(0, 200) };
      void this.#send(again).then((outcome) => {
        back.disabled = false;
        if (outcome.done !== undefined) return this.#tell(again, outcome);
        result.dataset.result = outcome.result;
        say(words, outcome.words);
      });
    });
  }

  /** The figures of a breaker as fields. */
  #figures(): Figure[] {
    return NUMERIC_OPTIONS.map((option) => {
      const value = this.#options[option]?.value;
      const isPlain = typeof value === 'number' || value === false || value === null;
      const present = isPlain ? (typeof value === 'number' ? String(value) : 'off') : '';
      const input = make('input', {
        name: option,
        value: present,
        autocomplete: 'off',
        inputmode: 'decimal',
        placeholder: isPlain ? undefined : 'a function',
      });
      return { option, input, present, label: make('label', {}, option, input) };
    });
  }
}

interface Figure {
  readonly option: string;
  readonly input: HTMLInputElement;
  readonly present: string;
  readonly label: HTMLElement;
}

/** What was changed, or what is wrong with it. */
function changesOf(figures: readonly Figure[]): Record<string, number | false> | string {
  const changes: Record<string, number | false> = {};
  for (const { option, input, present } of figures) {
    const given = input.value.trim();
    if (given === present) continue;
    const value = given === 'off' || given === 'false' ? false : Number(given);
    if (given === '' || Number.isNaN(value)) return `${option} must be a number, or off`;
    changes[option] = value;
  }
  return changes;
}

function problemOf(action: Action, reason: string, options: object): string | undefined {
  if (reason.trim() === '') return 'Say why: a reason of 1 to 200 characters';
  return action === 'update' && Object.keys(options).length === 0 ? 'No option was changed' : undefined;
}

function tell(alert: HTMLElement, result: Result, words: string): void {
  alert.dataset.result = result;
  say(alert, words);
}

/** What callers will feel. */
function feelingOf(action: Action, row: ShownRow, options: Details['options']): string {
  const calls = row.ok + row.failed + row.rejected;
  const now =
    calls === 0
      ? 'Nobody calls at present.'
      : `${perSecond(calls).replace('/s', '')} calls a second are made at present.`;
  const recovery = options.recoveryTimeout?.value;
  const after = typeof recovery === 'number' ? ` after ${age(recovery)}` : '';
  switch (action) {
    case 'trip':
      return `Every call is refused at once, then probes try it again${after}: it recovers by itself. ${now}`;
    case 'forceOpen':
      return `Every call is refused at once, nothing probes, and it stays so until it is reset. Callers get their fallback, or an error. ${now}`;
    case 'forceClosed':
      return `Every call passes, however many fail, and no rule opens it until it is reset. Callers wait for whatever it answers. ${now}`;
    case 'reset':
      return `The circuit closes and forgets what it has counted: every call passes at once. If it is still broken, callers feel that until a rule opens it again. ${now}`;
    case 'update':
      return 'They hold from the next decision on, in this instance, until it starts again. Write “off” for none.';
  }
}
