/** Every kernel against the oracle: metrics × dimensions × where rows lie × who is measured beside them. */
import { METRICS, measure } from './oracle.js';
import { integer, normal, random } from './random.js';

export const DIMENSIONS = [...Array.from({ length: 67 }, (_, i) => i + 1), 96, 100, 128, 256, 384, 512, 768, 1024, 1536];

/** Rows of an index: enough for every alignment of a row and for batches of every length modulo 4. */
const ROWS = 11;

/** @returns {Promise<string[]>} what is wrong, one line each */
export async function checkKernel({ VectorIndex }, metric, dimensions, seed = dimensions) {
  const wrong = [];
  const next = random(seed * 5 + METRICS.indexOf(metric));
  // one component in three is shared, so that hamming has something to find
  const base = row(next, dimensions, 1);
  const scales = [1, 1, 1, 1e-3, 1e3];
  const rows = Array.from({ length: ROWS }, (_, i) => row(next, dimensions, scales[i % 5]).map((value, j) => (j % 3 ? value : base[j])));
  const index = await VectorIndex.create({ dimensions, metric, type: 'flat', idTable: false });
  rows.forEach((vector, slot) => index.add(slot, vector));
  for (const query of [base, rows[4], base.map((value) => -value)]) {
    const { ids, distances } = index.search(query, { k: ROWS });
    if (ids.length !== ROWS) wrong.push(`${metric} ${dimensions}: expected ${ROWS} hits, got ${ids.length}`);
    for (let i = 0; i < ids.length; i++) {
      const { distance, tolerance } = measure(metric, query, rows[ids[i]]);
      if (!(Math.abs(distances[i] - distance) <= tolerance)) {
        wrong.push(`${metric} ${dimensions}: expected ${distance} ± ${tolerance} for row ${ids[i]}, got ${distances[i]}`);
      }
    }
    wrong.push(...checkIndependence(index, query, ids, distances, `${metric} ${dimensions}`));
  }
  index.dispose();
  return wrong;
}

/** A row's distance is the same to the bit, whichever rows it is measured with. */
function checkIndependence(index, query, ids, distances, name) {
  const wrong = [];
  for (let count = 1; count < ROWS; count++) {
    for (const first of [0, ROWS - count]) {
      const some = Array.from({ length: count }, (_, i) => first + i);
      const hits = index.search(query, { k: ROWS, filter: some });
      for (let i = 0; i < hits.ids.length; i++) {
        const expected = distances[ids.indexOf(hits.ids[i])];
        if (hits.distances[i] !== expected) wrong.push(`${name}: expected ${expected} for row ${hits.ids[i]} among ${count}, got ${hits.distances[i]}`);
      }
    }
  }
  return wrong;
}

/** Small integers: sums are exact in f32, so the distances must be. */
export async function checkExactness({ VectorIndex }, metric, dimensions) {
  const wrong = [];
  const next = random(dimensions);
  const rows = Array.from({ length: 7 }, () => Float32Array.from({ length: dimensions }, () => integer(next, -8, 9)));
  const index = await VectorIndex.create({ dimensions, metric, type: 'flat', idTable: false });
  rows.forEach((vector, slot) => index.add(slot, vector));
  for (const query of rows) {
    const { ids, distances } = index.search(query, { k: 7 });
    for (let i = 0; i < 7; i++) {
      const { distance } = measure(metric, query, rows[ids[i]]);
      if (distances[i] !== distance) wrong.push(`${metric} ${dimensions}: expected exactly ${distance} for row ${ids[i]}, got ${distances[i]}`);
    }
  }
  index.dispose();
  return wrong;
}

function row(next, dimensions, scale) {
  return Float32Array.from({ length: dimensions }, () => scale * (normal(next) || 1));
}
