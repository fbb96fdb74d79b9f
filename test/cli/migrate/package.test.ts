import { describe, expect, it } from 'vitest';
import { project } from './project.js';

const SOURCE = "import CircuitBreaker from 'opossum';\n";

/** What becomes of a package.json beside a source that was migrated. */
async function changed(manifest: string, source = SOURCE, line = 'opossum src --package') {
  const { run, read } = project({ 'package.json': manifest, 'src/a.ts': source });
  const { status, stdout, stderr } = await run(line);
  return { text: read('package.json'), status, stdout, stderr };
}

describe('--package', () => {
  it('puts recloser where the old package stood, in its own indentation, and takes the types away', async () => {
    const { text, stdout, status } = await changed(`{
\t"name": "shop",
\t"dependencies": {
\t\t"axios": "^1.0.0",
\t\t"opossum": "^8.1.4",
\t\t"pg": "^8.0.0"
\t},
\t"devDependencies": { "@types/node": "*", "@types/opossum": "^8.1.0" }
}
`);

    expect(text).toBe(`{
\t"name": "shop",
\t"dependencies": {
\t\t"axios": "^1.0.0",
\t\t"recloser": "^1.2.3",
\t\t"pg": "^8.0.0"
\t},
\t"devDependencies": { "@types/node": "*" }
}
`);
    expect(status).toBe(0);
    expect(stdout).toBe(
      'changed src/a.ts\nchanged package.json\n1 file read, 2 changed, 0 places to look at\n',
    );
  });

  it.each([
    ['{"dependencies":{"opossum":"9"}}', '{"dependencies":{"recloser":"^1.2.3"}}'],
    ['{"dependencies":{"opossum":"9","recloser":"1"}}', '{"dependencies":{"recloser":"1"}}'],
    ['{"devDependencies":{"@types/opossum":"8","opossum":"9"}}', '{"devDependencies":{"recloser":"^1.2.3"}}'],
    [
      '{\r\n  "dependencies": {\r\n    "opossum": "9"\r\n  }\r\n}',
      '{\r\n  "dependencies": {\r\n    "recloser": "^1.2.3"\r\n  }\r\n}',
    ],
    [
      '{"peerDependencies":{"opossum":"9"},"peerDependenciesMeta":{"opossum":{"optional":true}}}',
      '{"peerDependencies":{"recloser":"^1.2.3"},"peerDependenciesMeta":{"recloser":{"optional":true}}}',
    ],
  ])('changes nothing else: %s', async (manifest, expected) => {
    expect((await changed(manifest)).text).toBe(expected);
  });

  it('keeps the old package if a source that is not read still names it', async () => {
    const { run, read } = project({
      'package.json': '{"dependencies":{"opossum":"9"}}',
      'src/a.ts': SOURCE,
      'src/B.vue': `<script>${SOURCE}</script>`,
    });

    const { stderr } = await run('opossum src --package');

    expect(read('package.json')).toBe('{"dependencies":{"opossum":"9","recloser":"^1.2.3"}}');
    expect(stderr).toContain('package.json keeps opossum, which src/B.vue still needs');
  });

  it('keeps the old package, beside recloser, if a place to look at needs it', async () => {
    const { text, stderr } = await changed(
      '{\n  "dependencies": {\n    "opossum": "^9.0.0"\n  },\n  "devDependencies": {\n    "@types/opossum": "8"\n  }\n}\n',
      `${SOURCE}import Status from 'opossum/lib/status';\n`,
    );

    expect(text).toBe(
      '{\n  "dependencies": {\n    "opossum": "^9.0.0",\n    "recloser": "^1.2.3"\n  },\n  "devDependencies": {\n    "@types/opossum": "8"\n  }\n}\n',
    );
    expect(stderr).toBe('recloser: package.json keeps opossum, which src/a.ts still needs\n');
  });

  it('keeps it if a file that was not looked at imports it', async () => {
    const { run, read } = project({
      'package.json': '{"dependencies":{"opossum":"9"}}',
      'src/a.ts': SOURCE,
      'test/a.test.ts': SOURCE,
    });

    const { stderr } = await run('opossum src --package');

    expect(read('package.json')).toBe('{"dependencies":{"opossum":"9","recloser":"^1.2.3"}}');
    expect(stderr).toBe('recloser: package.json keeps opossum, which test/a.test.ts still needs\n');
  });

  it('keeps cockatiel as long as a file is left to a person', async () => {
    const source = "import { retry } from 'cockatiel';\nretry();\n";

    const { text } = await changed('{"dependencies":{"cockatiel":"3"}}', source, 'cockatiel src --package');

    expect(text).toBe('{"dependencies":{"cockatiel":"3","recloser":"^1.2.3"}}');
  });

  it('finds the package of each file, above a package.json that only names a type of modules', async () => {
    const { run, read } = project({
      'package.json': '{"dependencies":{"opossum":"9"}}',
      'src/package.json': '{"type":"module"}',
      'src/a.ts': SOURCE,
      'packages/b/package.json': '{"dependencies":{"opossum":"8"}}',
      'packages/b/src/b.ts': SOURCE,
    });

    await run('opossum . --package');

    expect(read('package.json')).toBe('{"dependencies":{"recloser":"^1.2.3"}}');
    expect(read('src/package.json')).toBe('{"type":"module"}');
    expect(read('packages/b/package.json')).toBe('{"dependencies":{"recloser":"^1.2.3"}}');
  });

  it('works after the sources have been migrated, and changes nothing the second time', async () => {
    const { run, read } = project({ 'package.json': '{"dependencies":{"opossum":"9"}}', 'src/a.ts': SOURCE });
    await run('opossum src');

    await run('opossum src --package');
    const { status } = await run('opossum src --package --check');

    expect(read('package.json')).toBe('{"dependencies":{"recloser":"^1.2.3"}}');
    expect(status).toBe(0);
  });

  it('is part of the diff', async () => {
    const { run, git, write, read } = project({
      'package.json': '{\n  "dependencies": {\n    "opossum": "9"\n  }\n}\n',
      'src/a.ts': SOURCE,
    });
    git('init', '-q');

    const { bytes } = await run('opossum src --package --dry');
    write({ 'a.diff': bytes });
    git('apply', 'a.diff');

    expect(read('package.json')).toBe('{\n  "dependencies": {\n    "recloser": "^1.2.3"\n  }\n}\n');
  });

  it('says when there is none', async () => {
    const { run } = project({ 'src/a.ts': SOURCE });

    const { status, stderr } = await run('opossum src --package');

    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: 'recloser: no package.json above src depends on opossum\n',
    });
  });

  it('goes back with --undo, with a range in which the API is the same', async () => {
    const { text, stderr } = await changed(
      '{"dependencies":{"recloser":"^1.2.3"}}',
      "import X from 'recloser/opossum';\n",
      'opossum src --undo --package',
    );

    expect(text).toBe('{"dependencies":{"opossum":"8 - 10"}}');
    expect(stderr).toContain('package.json has opossum "8 - 10" again: name your version there');
  });

  it('keeps recloser with --undo where its core is imported', async () => {
    const { text } = await changed(
      '{"dependencies":{"recloser":"^1.2.3"}}',
      "import X from 'recloser/opossum';\nimport { CircuitBreaker } from 'recloser';\n",
      'opossum src --undo --package',
    );

    expect(text).toBe('{"dependencies":{"recloser":"^1.2.3","opossum":"8 - 10"}}');
  });
});
