// usearch, a prebuilt addon. ef is fixed when an index is made, so there is one loaded copy per ef; only one is used at
// a time, and garbage collection alone frees them.

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const sharedNotes = ['ef cannot be changed after construction: one loaded copy of the index per ef', 'one thread'];

export const usearch = describe('usearch', 'f32', {});
export const usearchI8 = describe('usearch-i8', 'i8', { metrics: ['cosine'], notes: [...sharedNotes, '8-bit codes without rescoring, so recall has a ceiling'] });

/** @returns {import('./index.js').Peer} */
function describe(name, quantization, rest) {
  return {
    name,
    packages: ['usearch@2.25.3'],
    kind: 'native',
    notes: sharedNotes,
    ...rest,
    async load(modules) {
      const { Index } = await modules.import('usearch');
      return async ({ dimensions, metric, m, efConstruction }) => {
        const settings = { dimensions, metric: metric === 'cosine' ? 'cos' : 'l2sq', quantization, connectivity: m, expansion_add: efConstruction, expansion_search: 64, multi: false };
        return engine(new Index(settings), (ef) => new Index({ ...settings, expansion_search: ef }));
      };
    },
  };
}

/** @returns {import('./index.js').Engine} */
function engine(index, emptyWithEf) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-usearch-'));
  const file = join(folder, 'index');
  const byEf = new Map();
  let savedBytes = 0;
  const forEf = (ef) => {
    const copy = emptyWithEf(ef);
    copy.load(file);
    byEf.set(ef, copy);
    return copy;
  };
  const save = (path) => { index.save(path); savedBytes = statSync(path).size; };
  return {
    add: (vectors, ids) => index.add(BigUint64Array.from(ids, BigInt), vectors, 1),
    prepare(efs) { save(file); for (const ef of efs) if (!byEf.has(ef)) forEf(ef); },
    search: (query, k, ef) => (byEf.get(ef) ?? index).search(query, k, 1).keys,
    bytes: () => (savedBytes ? { index: savedBytes, from: 'index file' } : undefined),
    save,
    async reopen(path) { const again = emptyWithEf(64); again.load(path); return engine(again, emptyWithEf); },
    dispose() { byEf.clear(); rmSync(folder, { recursive: true, force: true }); },
  };
}
