/** Installs the bench's own packages, unless they are there. */
import { fileURLToPath } from 'node:url';
import { installOnDemand } from '../test/support/on-demand.mjs';

installOnDemand(fileURLToPath(new URL('.', import.meta.url)));
