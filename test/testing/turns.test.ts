import { createManualClock } from 'recloser/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';

/** A channel whose messages come among microtasks, as those of Deno and workerd do. */
class HastyChannel {
  readonly port1 = { onmessage: (): void => {}, close: () => this.closed++ };
  readonly port2 = {
    postMessage: () => queueMicrotask(() => queueMicrotask(() => this.port1.onmessage())),
    close: () => this.closed++,
  };
  closed = 0;
}

/** What is told by a task of many microtasks and the timer after it, where channels are of this class. */
async function orderWith(Channel: unknown): Promise<string[]> {
  vi.stubGlobal('MessageChannel', Channel);
  const clock = createManualClock();
  const told: string[] = [];
  const slow = async (name: string) => {
    for (let i = 0; i < 50; i++) await null;
    told.push(name);
  };

  for (const name of ['first', 'second', 'third']) {
    clock.setTimeout(() => void slow(name), 10);
    clock.setTimeout(() => told.push('–'), 10);
  }
  await clock.advance(20);
  clock.setTimeout(() => told.push('–'), 10);
  await clock.advance(20);

  return told;
}

describe('microtasks run dry between timers', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  const EXPECTED = ['first', '–', 'second', '–', 'third', '–', '–'];

  it('where messages wait for them', async () => {
    const told = await orderWith(MessageChannel);

    expect(told).toEqual(EXPECTED);
  });

  it('where messages come among them, and no channel stays open', async () => {
    const channels: HastyChannel[] = [];
    class Noted extends HastyChannel {
      constructor() {
        super();
        channels.push(this);
      }
    }

    const told = await orderWith(Noted);

    expect(told).toEqual(EXPECTED);
    expect(channels.map(({ closed }) => closed)).toEqual([2]);
  });

  it('by one channel for moves that follow one another, closed a turn after the last', async () => {
    const closed: number[] = [];
    class Noted extends MessageChannel {
      constructor() {
        super();
        const index = closed.push(0) - 1;
        for (const port of [this.port1, this.port2]) {
          const close = port.close.bind(port);
          port.close = () => {
            closed[index] = (closed[index] ?? 0) + 1;
            close();
          };
        }
      }
    }
    vi.stubGlobal('MessageChannel', Noted);
    const clock = createManualClock();

    for (let n = 0; n < 20; n++) await clock.advance(10);

    expect(closed).toEqual([0]);
    await new Promise((resolve) => setTimeout(resolve));
    expect(closed).toEqual([2]);
    await clock.advance(10);
    expect([clock.now(), closed.length]).toEqual([210, 2]);
  });

  it('where messages come among them, as is known from then on: no other channel is opened', async () => {
    let opened = 0;
    class Noted extends HastyChannel {
      constructor() {
        super();
        opened++;
      }
    }

    const told = [await orderWith(Noted), await orderWith(Noted)];

    expect(told).toEqual([EXPECTED, EXPECTED]);
    expect(opened).toBe(1);
  });

  it('by messages where those wait, and by no timer of the platform', async () => {
    let messages = 0;
    class Noted extends MessageChannel {
      constructor() {
        super();
        const post = this.port2.postMessage.bind(this.port2);
        this.port2.postMessage = (message: unknown) => {
          messages++;
          post(message);
        };
      }
    }

    await orderWith(Noted);
    const first = messages;
    await orderWith(Noted);

    // Three rounds tell what the messages of this class are worth.
    expect([first, messages - first]).toEqual([first, first - 3]);
    expect(first).toBeGreaterThan(10);
  });

  it('though a message comes that nobody waits for', async () => {
    const { port2 } = await new Promise<MessageChannel>((resolve) => {
      class Noted extends MessageChannel {
        constructor() {
          super();
          resolve(this);
        }
      }
      vi.stubGlobal('MessageChannel', Noted);
      void createManualClock().advance(1);
    });
    vi.unstubAllGlobals();

    port2.postMessage(0);

    expect(await orderWith(MessageChannel)).toEqual(EXPECTED);
  });

  it('where there are no messages', async () => {
    const told = await orderWith(undefined);

    expect(told).toEqual(EXPECTED);
  });
});
