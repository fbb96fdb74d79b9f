/** The kinds of flags, and how their texts are read. */

/** How the text after a flag is read. What makes no sense stays text, and the options' own checks refuse it. `alone` has none; `several` are texts, each given by itself. */
export type FlagKind = 'text' | 'several' | 'number' | 'duration' | 'list' | 'switch' | 'alone';

/** A flag, and what the help says of it. */
export interface Flag {
  readonly kind: FlagKind;
  readonly help: string;
}

/** The flags of a command by their names; `<label>` stands for any word. */
export type Flags = Readonly<Record<string, Flag>>;

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export const READERS: Readonly<Record<Exclude<FlagKind, 'alone'>, (text: string) => unknown>> = {
  text: (text) => text,
  several: (text) => text,
  number: (text) => (text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text)),
  duration: (text) => {
    const [, figure, unit = 'ms'] = /^(\d+)(ms|[smhd])?$/.exec(text) ?? [];
    if (figure !== undefined) return Number(figure) * (UNITS[unit] as number);
    return text === 'false' ? false : text;
  },
  list: (text) => text.split(','),
  switch: (text) => (text === 'true' || text === 'false' ? text === 'true' : text),
};
