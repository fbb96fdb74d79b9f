/** Measures windows of many sizes beside each other, and a bare call. */
import { createWindowLoops } from './cases/windows.mjs';
import { bare } from './loops.mjs';
import { measure } from './measure.mjs';
import { answerParent, loadRecloser, order } from './process.mjs';
import { succeed } from './tasks.mjs';

const loops = await createWindowLoops(await loadRecloser());
answerParent(await measure([{ name: 'bare', loop: bare.resolves(succeed) }, ...loops], order.effort));
