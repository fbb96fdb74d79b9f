import { chmodSync, lstatSync, mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { project } from './project.js';

const OLD = "import CircuitBreaker from 'opossum';\n";
const NEW = "import CircuitBreaker from 'recloser/opossum';\n";

describe('the files', () => {
  it('are those with an ending of JavaScript or TypeScript, outside of what is built and of dot folders', async () => {
    const read = ['a.js', 'b/c.cjs', 'b/d.mjs', 'e.jsx', 'f.ts', 'g.cts', 'h.mts', 'i.tsx'];
    const unread = [
      'node_modules/a.js',
      'b/dist/a.js',
      'build/a.js',
      'coverage/a.js',
      '.git/a.js',
      'a.json',
      'a.txt',
    ];
    const { run, read: text } = project(Object.fromEntries([...read, ...unread].map((file) => [file, OLD])));

    const { status, stdout, stderr } = await run('opossum .');

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(read.filter((file) => text(file) !== NEW)).toEqual([]);
    expect(unread.filter((file) => text(file) !== OLD)).toEqual([]);
    expect(stdout).toBe(
      `${read.map((file) => `changed ${file}\n`).join('')}8 files read, 8 changed, 0 places to look at\n`,
    );
  });

  it('are told of if scripts stand in them among other things, and name the library: they are not read', async () => {
    const script = `<script>\n${OLD}</script>\n`;
    const files = { 'a.vue': script, 'b.svelte': '<p>opossum</p>', 'c.astro': script };
    const { run, read } = project(files);

    const { status, stdout, stderr } = await run('opossum .');

    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: '0 files read, 0 changed, 0 places to look at\n',
    });
    expect(stderr.split('\n').map((line) => line.split(':', 2).join(':'))).toEqual([
      'recloser: a.vue names opossum, and is left out',
      'recloser: c.astro names opossum, and is left out',
      '',
    ]);
    expect(read('a.vue')).toBe(script);
  });

  it.each(['src', './src', 'src/', 'src src/a.ts', 'src/a.ts'])(
    'are named as they were given: %s',
    async (paths) => {
      const { run } = project({ 'src/a.ts': OLD });

      expect((await run(`opossum ${paths}`)).stdout).toBe(
        'changed src/a.ts\n1 file read, 1 changed, 0 places to look at\n',
      );
    },
  );

  it('may be named by an absolute path, or have blanks and other letters in their names', async () => {
    const { run, at, read } = project({ 'für alle/a b.ts': OLD });

    const { stdout } = await run(['opossum', at('für alle')]);

    expect(stdout).toContain(`changed ${at('für alle/a b.ts')}\n`);
    expect(read('für alle/a b.ts')).toBe(NEW);
  });

  it('are not touched if nothing in them changes', async () => {
    const { run, at } = project({ 'a.ts': '// opossum' });
    const { mtimeMs, ino } = statSync(at('a.ts'));

    await run('opossum .');

    expect(statSync(at('a.ts'))).toMatchObject({ mtimeMs, ino });
  });

  it('keep their rights, and leave nothing beside them', async () => {
    const { run, at, cwd } = project({ 'a.js': `#!/usr/bin/env node\n${OLD}` });
    chmodSync(at('a.js'), 0o755);

    await run('opossum .');

    expect(statSync(at('a.js')).mode & 0o777).toBe(0o755);
    expect(readdirSync(cwd)).toEqual(['a.js']);
  });

  it('keep CRLF, a byte order mark, and bytes that are no UTF-8', async () => {
    const latin1 = Buffer.concat([
      Buffer.from(`// caf`),
      Buffer.from([0xe9, 0xff]),
      Buffer.from(`\r\n${OLD}`),
    ]);
    const marked = Buffer.concat([Buffer.from('\uFEFF'), latin1]);
    const utf16 = Buffer.from(`\uFEFF// ü\r\n${OLD}`, 'utf16le');
    const { run, bytes } = project({
      'bom.ts': `\uFEFF${OLD}x();\r\n`,
      'latin1.ts': latin1,
      'marked.ts': marked,
      'utf16.ts': utf16,
    });

    const { status } = await run('opossum .');

    expect(status).toBe(0);
    expect(bytes('bom.ts')).toEqual(Buffer.from(`\uFEFF${NEW}x();\r\n`));
    expect(bytes('utf16.ts')).toEqual(Buffer.from(`\uFEFF// ü\r\n${NEW}`, 'utf16le'));
    expect(bytes('marked.ts').toString('latin1')).toBe(marked.toString('latin1').replace(OLD, NEW));
    expect(bytes('latin1.ts')).toEqual(Buffer.from(latin1.toString('latin1').replace(OLD, NEW), 'latin1'));
  });

  it('that cannot be parsed stay as they are and are named; the others are done', async () => {
    const broken = `${OLD}const = (`;
    const { run, json, read } = project({ 'a.ts': broken, 'b.ts': OLD });

    const { status, stdout, stderr } = await run('opossum .');

    expect(status).toBe(2);
    expect(stderr).toMatch(/^recloser: a\.ts: cannot be parsed, and stays as it is: .+ \(2:6\)\n$/);
    expect(stdout).toBe('changed b.ts\n2 files read, 1 changed, 0 places to look at, 1 failed\n');
    expect(read('a.ts')).toBe(broken);
    expect(read('b.ts')).toBe(NEW);
    const { files, totals } = await json('opossum a.ts');
    expect(files).toEqual([
      { file: 'a.ts', changed: false, report: [], error: expect.stringContaining('cannot be parsed') },
    ]);
    expect(totals).toEqual({ files: 1, changed: 0, places: 0, failed: 1 });
  });

  it('that nest too deeply for the parser are told so', async () => {
    const { run } = project({ 'a.js': `${OLD}x = ${'['.repeat(100_000)}` });

    expect((await run('opossum .')).stderr).toContain(
      'a.js: cannot be parsed, and stays as it is: it nests too deeply',
    );
  });

  it('without the word are not parsed, however broken', async () => {
    const { run } = project({ 'a.ts': 'const = (' });

    expect(await run('opossum . --check')).toMatchObject({ status: 0, stderr: '' });
  });

  it('of a megabyte are changed, and of many megabytes left to a person', async () => {
    const line = `export const f = (a, b) => ({ ...a, text: 'some text', list: [1, 2, b] });\n`;
    let n = 0;
    const million = OLD + line.repeat(Math.ceil(2 ** 20 / line.length)).replace(/\bf\b/g, () => `f${n++}`);
    const { run, read } = project({ 'a.js': million, 'b.js': `${OLD}//${' '.repeat(2 ** 23)}` });

    const { status, stderr } = await run('opossum .');

    expect(read('a.js')).toBe(million.replace(OLD, NEW));
    expect(status).toBe(2);
    expect(stderr).toBe(
      'recloser: b.js: has 8.0 MB, more than the 8 MB that are parsed: change it by hand\n',
    );
  });

  it.each(['JSX', 'Flow', 'decorators', 'decorators of parameters', 'TypeScript in .js', 'a script'])(
    'may be written with %s',
    async (dialect) => {
      const files: Record<string, [string, string]> = {
        JSX: ['a.jsx', '<A b={<></>} opossum="no">{1}</A>;'],
        Flow: ['a.js', '// @flow\ntype A = {| b: ?string |}; (x: any);'],
        decorators: ['a.ts', '@a() export class B { @c accessor d = 1; @e() f() {} }'],
        'decorators of parameters': ['a.ts', 'class A { constructor(@B(C) private readonly d: D) {} }'],
        'TypeScript in .js': ['a.js', 'enum A { B }\nlet x = y as const;'],
        'a script': ['a.cjs', 'return with_(010);'],
      };
      const [file, text] = files[dialect]!;
      const { run, read } = project({ [file]: `const C = require('opossum');\n${text}` });

      const { status, stderr } = await run('opossum .');

      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(read(file)).toBe(`const C = require('recloser/opossum');\n${text}`);
    },
  );
});

describe('links', () => {
  it('inside a folder are not followed, and are told if they lead out of it', async () => {
    const { run, at, read } = project({ 'src/a.ts': OLD, 'other/b.ts': OLD });
    symlinkSync(at('src/a.ts'), at('src/same.ts'));
    symlinkSync(at('other'), at('src/other'));
    symlinkSync(at('src'), at('src/loop'));
    symlinkSync(at('nothing.ts'), at('src/broken.ts'));

    const { status, stderr } = await run('opossum src');

    expect(status).toBe(0);
    expect(stderr.replaceAll(at('/'), '')).toBe(
      `recloser: src/broken.ts is left out: it is a link that leads nowhere
recloser: src/loop is left out: it is a link, name src if you mean it
recloser: src/other is left out: it is a link, name other if you mean it
`,
    );
    expect(read('other/b.ts')).toBe(OLD);
  });

  it('that are named are followed: the file changes, the link stays', async () => {
    const { run, at, read } = project({ 'a.ts': OLD });
    symlinkSync(at('a.ts'), at('b.ts'));

    await run('opossum b.ts');

    expect(read('a.ts')).toBe(NEW);
    expect(lstatSync(at('b.ts')).isSymbolicLink()).toBe(true);
  });
});

describe('--dry', () => {
  const lines = (n: number) => Array.from({ length: n }, (_, i) => `line(${i});\n`).join('');

  it('names files from the top of the work tree, as git does, wherever it runs', async () => {
    const { run, git, write, read, at } = project({ 'packages/a/src/b.ts': OLD });
    git('init', '-q');

    const { bytes } = await run('opossum src --dry', { cwd: at('packages/a') });
    write({ 'a.diff': bytes });
    git('-C', 'packages/a', 'apply', '../../a.diff');

    expect(read('packages/a/src/b.ts')).toBe(NEW);
  });

  it('keeps bytes in the diff that are no UTF-8', async () => {
    const latin1 = Buffer.concat([Buffer.from([0xe9, 0x20, 0x3d, 0x20, 0x31, 0x3b, 0x0a]), Buffer.from(OLD)]);
    const { run, git, write, bytes } = project({ 'a.js': latin1 });
    git('init', '-q');

    write({ 'a.diff': (await run('opossum . --dry')).bytes });
    git('apply', 'a.diff');

    expect(bytes('a.js')).toEqual(Buffer.from(latin1.toString('latin1').replace(OLD, NEW), 'latin1'));
  });

  it.each([
    ['near each other and far apart', `${OLD}${lines(5)}require('opossum');\n${lines(30)}import('opossum')`],
    ['at the first and the last line', `require('opossum');\n${lines(3)}require('opossum')\n`],
    ['in a line alone', "require('opossum')"],
    ['with CRLF', `${OLD}x();\n${lines(9)}`.replaceAll('\n', '\r\n')],
    ['after a byte order mark', `\uFEFF${OLD}x();\n`],
  ])('writes nothing, and a diff that git applies: changes %s', async (_, text) => {
    const { run, git, read, bytes, write } = project({ 'src/a b.js': text, 'src/c.js': OLD });
    git('init', '-q');

    const { status, bytes: diff, stderr } = await run(['opossum', 'src', '--dry']);

    expect(status).toBe(0);
    expect(stderr).toMatch(
      /^changed src\/a b\.js\nchanged src\/c\.js\n2 files read, 2 to change, .*nothing was written\n$/,
    );
    expect(read('src/a b.js')).toBe(text);
    write({ 'a.diff': diff });
    git('apply', 'a.diff');
    expect(bytes('src/a b.js')).toEqual(Buffer.from(text.replaceAll("'opossum'", "'recloser/opossum'")));
    expect(read('src/c.js')).toBe(NEW);
  });
});

describe('the way it ends', () => {
  it('is 1 for --check if something is left to change, and nothing is written', async () => {
    const { run, read } = project({ 'a.ts': OLD });

    const { status, stdout } = await run('opossum . --check');

    expect(status).toBe(1);
    expect(stdout).toBe('changed a.ts\n1 file read, 1 to change, 0 places to look at, nothing was written\n');
    expect(read('a.ts')).toBe(OLD);
  });

  it('is 0 with places to look at', async () => {
    const { run } = project({ 'a.ts': "\nimport S from 'opossum/lib/status';" });

    const { status, stdout } = await run('opossum . --check');

    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^look a\.ts:2 deep-import .*\n1 file read, 0 to change, 1 place to look at, nothing was written\n$/,
    );
  });

  it.each([
    ['', /say what: opossum, cockatiel, scan/],
    ['src/app.ts', /say first what to move: recloser migrate opossum\|cockatiel\|scan src\/app.ts/],
    ['src', /say first what to move/],
    ['opossun src', /unknown "opossun", did you mean "opossum"\?/],
    ['opossum', /say where: `recloser migrate opossum src`/],
    ['opossum nowhere', /cannot read nowhere: it is not there \(ENOENT\)/],
    ['opossum . --dri', /unknown flag "--dri", did you mean "--dry"\?/],
    ['opossum . -n', /unknown flag "-n"/],
    ['opossum . --dry=true', /--dry=true: the flags of migrate take no value/],
    ['cockatiel . --undo', /--undo is for opossum alone/],
    ['scan . --dry', /--dry is not for scan, which writes nothing/],
  ])('is 2 for `%s`, in one sentence, and nothing is written', async (line, sentence) => {
    const { run, read } = project({ 'a.ts': OLD });

    const { status, stdout, stderr } = await run(line);

    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(sentence);
    expect(stderr).toMatch(/^recloser: .*\n$/);
    expect(read('a.ts')).toBe(OLD);
  });

  it.each(['--help', 'opossum -h'])('is 0 for %s', async (line) => {
    const { status, stdout } = await project({}).run(line);

    expect(status).toBe(0);
    expect(stdout).toMatch(/^Usage: recloser migrate opossum /);
  });

  it('takes a path after -- as it stands', async () => {
    const { run, read } = project({ '--json/a.ts': OLD });

    await run('opossum -- --json');

    expect(read('--json/a.ts')).toBe(NEW);
  });

  it('leaves out what is built, and files that are no sources, with a word', async () => {
    const { run, cwd } = project({ 'a.css': '', 'b.ts': OLD });
    mkdirSync(`${cwd}/dist`);

    const { status, stdout, stderr } = await run('opossum a.css b.ts dist');

    expect(status).toBe(0);
    expect(stdout).toContain('changed b.ts\n');
    expect(stderr).toBe(`recloser: a.css is left out: only .js .cjs .mjs .jsx .ts .cts .mts .tsx are read
recloser: dist is left out, as node_modules, dist, build and coverage are: name what is in it
`);
  });
});

describe('--json', () => {
  it('prints JSON alone, with the lines of the input', async () => {
    const { run } = project({ 'a.ts': `${OLD}\nnew CircuitBreaker(f, { capacity: 1 });`, 'b.ts': 'x();' });

    const { status, stdout, stderr } = await run('opossum . --json --dry');

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      files: [
        { file: 'a.ts', changed: true, report: [{ line: 3, rule: 'capacity', message: expect.any(String) }] },
      ],
      totals: { files: 2, changed: 1, places: 1, failed: 0 },
    });
  });
});
