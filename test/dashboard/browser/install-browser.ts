import { fileURLToPath } from 'node:url';
import { findChromium } from '../../runtimes/hosts/chromium.mjs';
import { installOnDemand } from '../../support/on-demand.mjs';

export function setup(): void {
  installOnDemand(fileURLToPath(new URL('.', import.meta.url)));
  findChromium();
}
