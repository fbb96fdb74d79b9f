import { installOnDemand } from '../support/on-demand.mjs';
import { fromRoot } from '../support/root.js';

export function setup(): void {
  installOnDemand(fromRoot('test/clients'));
}
