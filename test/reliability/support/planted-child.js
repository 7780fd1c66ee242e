/** All checks, in a smaller form and one after another, on sources with a bug: which of them finds it? */
import { writeSync } from 'node:fs';
import { cutLog } from './cut.js';
import { SimulatedFiles } from '../../storage/simulated-files.js';
import { flipBits } from './flips.js';
import { powerCuts } from './power.js';
import { fs } from './vectile.js';

const SEEDS = 150;
const FLIPS = 330;

async function twoWriters() {
  const files = new SimulatedFiles();
  await fs('/data', { files }).open({ readOnly: false });
  const second = await fs('/data', { files }).open({ readOnly: false }).catch(({ code }) => code);
  return { wrong: second === 'STORE_LOCKED' ? [] : ['a second writer is let in'] };
}

const CHECKS = {
  'two writers': twoWriters,
  'log cut': () => cutLog(2048),
  'power cuts': () => powerCuts({ first: 1, seeds: SEEDS, isBrief: true }),
  'bit flips': () => flipBits(FLIPS, 1),
};

process.on('unhandledRejection', () => {}); // of a bug
let by;
let what;
for (const [name, check] of Object.entries(CHECKS)) {
  const { wrong } = await check().catch((error) => ({ wrong: [String(error.stack)] }));
  if (!wrong.length) continue;
  by = name;
  what = wrong[0];
  break;
}
writeSync(1, `${JSON.stringify({ by, what: what?.slice(0, 300) })}\n`);
process.exit(0);
