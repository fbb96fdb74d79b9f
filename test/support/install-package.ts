import { rmSync } from 'node:fs';
import type { TestProject } from 'vitest/node';
import { installPackage } from './packed.mjs';

declare module 'vitest' {
  interface ProvidedContext {
    /** An empty project, outside the repository, into which the packed tarball was installed. */
    consumer: { readonly folder: string } | { readonly folder?: undefined; readonly error: string };
  }
}

/** Builds, packs and installs the package once for all tests of test/package, without the network. */
export default function setup(project: TestProject): (() => void) | undefined {
  try {
    const folder = installPackage();
    project.provide('consumer', { folder });
    return () => rmSync(folder, { recursive: true });
  } catch (error) {
    // Only the tests that need the installed package fail; thrown here, it would end the whole run.
    project.provide('consumer', { error: String(error) });
    return undefined;
  }
}
