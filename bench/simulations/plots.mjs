/** Plots as SVG, by hand: a few lines, a few bars. */

const COLOURS = ['#0b6e4f', '#c1121f', '#4361ee', '#b5651d', '#6a4c93'];
const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [720, 320, 60, 20, 40, 50];

const escaped = (text) => String(text).replace(/&/g, '&amp;').replace(/</g, '&lt;');
const text = (x, y, words, more = '') =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${escaped(words)}</text>`;
const short = (figure) => String(Number(figure.toPrecision(3)));

const frame = (title, height, content) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="#333">
<title>${escaped(title)}</title>
<rect width="${WIDTH}" height="${height}" fill="#fff"/>
${text(LEFT, 22, title, 'font-size="14" font-weight="600"')}
${content.join('\n')}
</svg>
`;

/** @param {{ title: string, x: string, y: string, isLog?: boolean, series: { name: string, points: number[][] }[] }} plot */
export function lines({ title, x, y, isLog = false, series }) {
  const all = series.flatMap(({ points }) => points);
  const [left, right] = [Math.min(...all.map(([at]) => at)), Math.max(...all.map(([at]) => at))];
  const scaled = (value) => (isLog ? Math.log10(Math.max(value, 1)) : value);
  const top = Math.max(...all.map(([, value]) => scaled(value)), isLog ? 1 : 0.01);
  const px = (at) => LEFT + ((at - left) / (right - left)) * (WIDTH - LEFT - RIGHT);
  const py = (value) => HEIGHT - BOTTOM - (scaled(value) / top) * (HEIGHT - TOP - BOTTOM);
  const ticks = isLog
    ? [1, 10, 100, 1_000].filter((it) => scaled(it) <= top)
    : [0, 0.25, 0.5, 0.75, 1].map((it) => it * top);
  const content = [
    ...ticks.map(
      (it) =>
        `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${py(it).toFixed(1)}" y2="${py(it).toFixed(1)}" stroke="#ddd"/>` +
        text(LEFT - 6, py(it) + 4, short(it), 'text-anchor="end"'),
    ),
    ...[0, 0.25, 0.5, 0.75, 1].map((it) =>
      text(
        px(left + it * (right - left)),
        HEIGHT - BOTTOM + 16,
        short(left + it * (right - left)),
        'text-anchor="middle"',
      ),
    ),
    text((LEFT + WIDTH) / 2, HEIGHT - 14, x, 'text-anchor="middle"'),
    text(LEFT, 36, y, 'fill="#777"'),
  ];
  for (const [at, { name, points }] of series.entries()) {
    const path = points.map(([px0, value]) => `${px(px0).toFixed(1)},${py(value).toFixed(1)}`).join(' ');
    content.push(`<polyline points="${path}" fill="none" stroke="${COLOURS[at]}" stroke-width="2"/>`);
    content.push(text(WIDTH - RIGHT, TOP + 14 + 16 * at, name, `text-anchor="end" fill="${COLOURS[at]}"`));
  }
  return frame(title, HEIGHT, content);
}

/** @param {{ title: string, groups: { name: string, values: number[] }[], series: string[] }} plot */
export function bars({ title, groups, series }) {
  const most = Math.max(...groups.flatMap(({ values }) => values), 1);
  const each = 14 * series.length + 28;
  const height = TOP + 20 + groups.length * each + 20;
  const width = (value) => (Math.log10(1 + value) / Math.log10(1 + most)) * (WIDTH - LEFT - 120);
  const content = [text(LEFT, 36, 'logarithmic', 'fill="#777"')];
  for (const [at, { name, values }] of groups.entries()) {
    const top = TOP + 16 + at * each;
    content.push(text(LEFT, top + 10, name, 'font-weight="600"'));
    for (const [which, value] of values.entries()) {
      const y = top + 16 + 14 * which;
      content.push(
        `<rect x="${LEFT}" y="${y}" width="${Math.max(width(value), 1).toFixed(1)}" height="11" fill="${COLOURS[which]}"/>`,
        text(
          LEFT + Math.max(width(value), 1) + 5,
          y + 10,
          `${Math.round(value)}  ${series[which]}`,
          'font-size="10"',
        ),
      );
    }
  }
  return frame(title, height, content);
}
