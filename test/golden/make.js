/**
 * Makes the golden images of the format this build writes, and what must be found in them:
 *
 *   golden/<format version>/<name>.vectile   images, committed, opened by every later release
 *   golden/<format version>/answers.json     what each holds and answers
 *   conformance/golden.js                    the same as text, for runtimes without files
 *
 *   node test/golden/make.js           refuses to touch a version that is there
 *   node test/golden/make.js --force   before a format is released: makes it anew
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { VectorIndex } from '../../dist/engine.node.js';
import { random, vector } from '../conformance/random.js';

const here = new URL('./', import.meta.url);

const DIMENSIONS = 6;
const trainingLimit = 20;

/**
 * `steps`: slices of work between the first removals and the last, so that some images are in the middle of a sweep. What is
 * trained is trained on the first vectors, and the others come after.
 */
const INDEXES = {
  'hnsw-cosine': { options: { metric: 'cosine', maxConnections: 3, efConstruction: 12 }, steps: 4 },
  'hnsw-dot-slots': { options: { metric: 'dot', maxConnections: 4, efConstruction: 12, idTable: false }, steps: 9 },
  'flat-hamming': { options: { metric: 'hamming', type: 'flat' }, steps: 0 },
  'flat-cosine-slots': { options: { metric: 'cosine', type: 'flat', idTable: false }, steps: 0 },
  'hnsw-empty': { options: { metric: 'cosine' }, steps: 0, count: 0 },
  'hnsw-sq8-l2': { options: { metric: 'l2-squared', maxConnections: 3, efConstruction: 12, codec: { type: 'sq8', trainingLimit } }, steps: 5 },
  'hnsw-sq4-cosine-outside': { options: { metric: 'cosine', maxConnections: 3, efConstruction: 12, codec: { type: 'sq4', trainingLimit }, fullVectors: 'external' }, steps: 4 },
  'flat-sq4-dot-sq8': { options: { metric: 'dot', type: 'flat', codec: { type: 'sq4', trainingLimit }, fullVectors: 'sq8' }, steps: 0 },
  'hnsw-pq-manhattan': { options: { metric: 'manhattan', maxConnections: 3, efConstruction: 12, codec: { type: 'pq', segments: 3, centroids: 18, trainingLimit } }, steps: 3 },
  'flat-pq-l2-packed-outside': { options: { metric: 'l2-squared', type: 'flat', codec: { type: 'pq', segments: 3, centroids: 11, trainingLimit }, fullVectors: 'external' }, steps: 0 },
  'hnsw-bq-dot-centred-outside': { options: { metric: 'dot', maxConnections: 3, efConstruction: 12, codec: { type: 'bq', centred: true, trainingLimit }, fullVectors: 'external' }, steps: 4 },
  'hnsw-rq8-dot-slots': { options: { metric: 'dot', maxConnections: 3, efConstruction: 12, idTable: false, codec: 'rq8' }, steps: 4 },
  'flat-rq1-l2-outside': { options: { metric: 'l2-squared', type: 'flat', codec: 'rq1', fullVectors: 'external' }, steps: 0 },
  'hnsw-untrained': { options: { metric: 'cosine', maxConnections: 3, efConstruction: 12, codec: { type: 'pq', segments: 2, centroids: 9, trainingLimit: 50 }, fullVectors: 'external' }, steps: 4 },
};

async function make({ options, steps, count = 48 }) {
  const next = random(2024);
  const index = await VectorIndex.create({ dimensions: DIMENSIONS, seed: 12, ...options });
  const idOf = (i) => (options.idTable === false ? i : i ? Math.floor(next() * 2 ** 32) : 2 ** 32 - 1);
  for (let i = 0; i < count; i++) {
    // one in four equals another; hamming wants equal components
    const row = i % 4 === 1 ? new Float32Array(DIMENSIONS).fill(0.5) : vector(next, DIMENSIONS);
    index.add(idOf(i), options.metric === 'hamming' ? row.map(Math.round) : row);
    while (i === trainingLimit && index.work());
  }
  const remove = (every, from) => { for (const id of index.ids().filter((_, i) => i % every === from)) index.remove(id); };
  remove(5, 2);
  for (let i = 0; i < steps; i++) index.work(0);
  remove(9, 1);
  return index;
}

function describe(index) {
  const next = random(77);
  const ids = [...index.ids()];
  const allowed = ids.filter((_, i) => i % 3);
  const queries = Array.from({ length: 6 }, (_, i) => (i ? short(vector(next, DIMENSIONS)) : Array(DIMENSIONS).fill(0.5)));
  const { type, metric, dimensions, count, tombstones, twins, free, codec, fullVectors, recoding } = index.stats();
  return {
    stats: { type, metric, dimensions, count, tombstones, twins, free, codec, fullVectors, recoding },
    vectors: ids.map((id) => [id, short(index.get(id))]),
    allowed,
    searches: queries.map((query) => ({
      query,
      distances: short(index.search(query, { k: 12, filterStrategy: 'scan' }).distances),
      allowedDistances: short(index.search(query, { k: 12, filter: allowed, filterStrategy: 'scan' }).distances),
    })),
  };
}

/** Nine digits tell one f32 from the next. */
const short = (list) => Array.from(list, (value) => Number(value.toPrecision(9)));

const made = {};
for (const [name, recipe] of Object.entries(INDEXES)) {
  const index = await make(recipe);
  made[name] = { image: index.serialize(), answers: describe(index) };
}

const version = new DataView(Object.values(made)[0].image.buffer).getUint32(4, true);
const folder = new URL(`${version}/`, here);
if (existsSync(folder) && !process.argv.includes('--force')) {
  console.error(`golden: expected no images of format ${version}, found some. They must open forever; --force makes them anew.`);
  process.exit(1);
}
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
for (const [name, { image }] of Object.entries(made)) writeFileSync(new URL(`${name}.vectile`, folder), image);
writeFileSync(new URL('answers.json', folder), `${JSON.stringify(Object.fromEntries(Object.entries(made).map(([name, { answers }]) => [name, answers])))}\n`);

const versions = readdirSync(here, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();
const text = [];
for (const one of versions) {
  const answers = JSON.parse(readFileSync(new URL(`${one}/answers.json`, here), 'utf8'));
  for (const [name, expected] of Object.entries(answers)) {
    const image = readFileSync(new URL(`${one}/${name}.vectile`, here)).toString('base64');
    text.push(`  { version: ${one}, name: '${name}', image: '${image}', answers: ${JSON.stringify(expected)} },`);
  }
}
writeFileSync(new URL('../conformance/golden.js', here), `/** Made by test/golden/make.js: images of every format released, base64, and what they hold. */\nexport const GOLDEN = [\n${text.join('\n')}\n];\n`);
console.log(`golden/${version}: ${Object.entries(made).map(([name, { image, answers }]) => `${name} ${image.length} bytes, ${JSON.stringify(answers.stats)}`).join('\n  ')}`);
