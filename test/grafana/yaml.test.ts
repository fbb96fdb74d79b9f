import { type AlertRule, alertRules, type RuleFile, toYaml } from 'recloser/grafana';
import { describe, expect, it } from 'vitest';

const RULE: AlertRule = {
  alert: 'Test',
  expr: 'up == 0',
  for: '5m',
  labels: { severity: 'warning' },
  annotations: { summary: 'Down', description: 'It is down' },
};

const fileOf = (rule: Partial<AlertRule>): RuleFile => ({
  groups: [{ name: 'tests', rules: [{ ...RULE, ...rule }] }],
});

/** How a text looks as the value of a label. */
function written(text: string): string | undefined {
  const lines = toYaml(fileOf({ labels: { label: text } })).split('\n');
  const at = lines.findIndex((line) => line.trimStart().startsWith('label:'));
  const end = lines.findIndex((line) => line.trimStart().startsWith('annotations:'));
  return lines
    .slice(at, end)
    .join('\n')
    .replace(/^ *label: /, '');
}

describe('toYaml', () => {
  it('writes a rule file as a person would', () => {
    expect(toYaml(fileOf({ expr: 'up{job="a"}\n  == 0' }))).toBe(`groups:
  - name: tests
    rules:
      - alert: Test
        expr: |-
          up{job="a"}
            == 0
        for: 5m
        labels:
          severity: warning
        annotations:
          summary: Down
          description: It is down
`);
  });

  it.each(['word', 'two words', 'kebab-case', 'snake_case', '90s', '1500ms'])(
    'leaves %s as it is',
    (text) => {
      expect(written(text)).toBe(text);
    },
  );

  it.each([
    '',
    'true',
    'No',
    'on',
    'NULL',
    'y',
    '~',
    '1',
    '1.5',
    '0x1f',
    '.5',
    '1e3',
    '1:30',
    '2026-11-21',
    '- a',
    'a: b',
    'a #b',
    '#a',
    '[a]',
    '{a}',
    '*a',
    '&a',
    '!a',
    '|',
    '>',
    '@a',
    '`a`',
    '%a',
    '? a',
    "'a'",
    ' a',
    'a ',
    'a,b',
    'ä',
    '=',
    '<<',
    '{{ $value }}',
  ])('quotes %j, which would mean something else', (text) => {
    expect(written(text)).toBe(JSON.stringify(text));
  });

  it.each([
    ['a tab', 'a\tb'],
    ['a space at the end of a line', 'a \nb'],
    ['a space at the beginning', ' a\nb'],
    ['a line break at the end', 'a\nb\n'],
    ['an empty line', 'a\n\nb'],
    ['a carriage return', 'a\r\nb'],
    ['a letter beyond ASCII', 'ä\nb'],
  ])('puts no text with %s into a block', (_, text) => {
    expect(written(text)).toBe(JSON.stringify(text));
  });

  it.each([
    ['\u007f', '"a\\u007fb"'],
    ['\u0085', '"a\\u0085b"'],
    ['\u009f', '"a\\u009fb"'],
    ['\u2028', '"a\\u2028b"'],
    ['\u2029', '"a\\u2029b"'],
    ['\ufeff', '"a\\ufeffb"'],
    ['\uffff', '"a\\uffffb"'],
  ])('escapes %j, which a reader refuses or takes for the end of a line', (character, text) => {
    expect(written(`a${character}b`)).toBe(text);
  });

  it('leaves characters beyond the first plane as they are', () => {
    expect(written('a😀b')).toBe('"a😀b"');
  });

  it('puts text that has quotes or lines into a block', () => {
    expect(written('a "b"\nc: d')).toBe('|-\n            a "b"\n            c: d');
  });

  it('quotes the names of labels that would mean something else', () => {
    expect(toYaml(fileOf({ labels: { on: 'a' } }))).toContain('\n          "on": a\n');
  });

  it('writes what others have added, and nothing for what is undefined', () => {
    const rule = { ...RULE, keep_firing_for: '10m', limit: 3, labels: undefined, list: [] };
    const yaml = toYaml({
      groups: [{ name: 'tests', interval: '30s', rules: [rule] }],
    } as unknown as RuleFile);

    expect(yaml).toContain('    interval: 30s\n');
    expect(yaml).toContain('        keep_firing_for: 10m\n        limit: 3\n        list: []\n');
    expect(yaml).not.toContain('labels');
  });

  it('writes rules of which all are off', () => {
    const off = {
      open: false,
      failureRate: false,
      openTooLong: false,
      health: false,
      fallbacks: false,
      flapping: false,
      retryBudget: false,
      retries: false,
      queue: false,
      degraded: false,
      fleetDetached: false,
      fleetSplit: false,
    };

    expect(toYaml(alertRules(off))).toBe('groups:\n  - name: circuit-breakers\n    rules: []\n');
  });
});
