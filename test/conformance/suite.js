/**
 * What every runtime must do alike: kernels, codecs, graph, scripts of operations, images, errors. No Node, no test runner: the
 * caller passes the engine's exports in and reports what comes back.
 *
 *   const { passed, failures } = await conformance(await import('vectile/engine'));
 */
import { checkGolden } from './check-golden.js';
import { CODECS, SHORT_DIMENSIONS, checkCodec, checkRescored } from './codecs.js';
import { GOLDEN } from './golden.js';
import { DIMENSIONS, checkExactness, checkKernel } from './kernels.js';
import { runScript, sameBytes } from './model.js';
import { METRICS, hitsWithin, nearestDistances } from './oracle.js';
import { clustered, random, sequence, vector } from './random.js';

/**
 * @param {{ VectorIndex: any, VectileError: any, init?: any }} engine
 * @param {{ log?: (line: string) => void, module?: WebAssembly.Module, now?: () => number }} [options]
 *   `module`: the binary to test, instead of the one the entry chooses
 * @returns {Promise<{ passed: number, failures: string[] }>}
 */
export async function conformance(engine, { log = () => {}, module, now = () => Date.now() } = {}) {
  if (module) await engine.init({ module });
  const failures = [];
  let passed = 0;
  for (const [name, check] of checks()) {
    const started = now();
    try {
      const wrong = (await check(engine)) ?? [];
      if (wrong.length) throw new Error(wrong.slice(0, 3).join('; ') + (wrong.length > 3 ? `; and ${wrong.length - 3} more` : ''));
      passed++;
      log(`ok   ${name} ${now() - started} ms`);
    } catch (error) {
      failures.push(`${name}: ${error?.message ?? error}`);
      log(`FAIL ${name}: ${error?.message ?? error}`);
    }
  }
  return { passed, failures };
}

function* checks() {
  for (const metric of METRICS) {
    yield [`kernel ${metric}`, async (engine) => {
      const wrong = [];
      for (const dimensions of DIMENSIONS) wrong.push(...(await checkKernel(engine, metric, dimensions)));
      return wrong;
    }];
    if (metric === 'cosine') continue;
    yield [`kernel ${metric} on integers`, async (engine) => {
      const wrong = [];
      for (const dimensions of [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 100, 384]) wrong.push(...(await checkExactness(engine, metric, dimensions)));
      return wrong;
    }];
  }
  for (const codec of CODECS) {
    for (const metric of codec.metrics) {
      yield [`codec ${codec.name} ${metric}`, async (engine) => {
        const wrong = [];
        for (const dimensions of SHORT_DIMENSIONS) wrong.push(...(await checkCodec(engine, codec, metric, dimensions)));
        wrong.push(...(await checkCodec(engine, codec, metric, 47, 'hnsw')));
        for (const type of ['flat', 'hnsw']) wrong.push(...(await checkRescored(engine, codec, metric, 33, type)));
        return wrong;
      }];
    }
  }
  for (const codec of CODECS) yield [`change to ${codec.name} and an image`, (engine) => checkChange(engine, codec)];
  for (const metric of ['cosine', 'l2-squared']) yield [`recall ${metric}`, (engine) => checkRecall(engine, metric)];
  let seed = 500;
  for (const type of ['hnsw', 'flat']) {
    for (const idTable of [true, false]) {
      for (const metric of METRICS) {
        const script = { seed: ++seed, type, metric, idTable, dimensions: 4 + (seed % 5), operations: 300, data: ['spread', 'grid', 'same'][seed % 3], maxConnections: 4 };
        yield [`script ${type} ${metric} ${idTable ? 'ids' : 'slots'}`, async ({ VectorIndex }) => { await runScript({ VectorIndex, ...script }); }];
      }
    }
  }
  for (const { version, name, image, answers } of GOLDEN) {
    yield [`golden ${version}/${name}`, async ({ VectorIndex }) => checkGolden(await VectorIndex.deserialize(bytesOf(image)), answers)];
  }
  yield ['image in chunks', checkChunks];
  yield ['image flipped', checkFlips];
  yield ['errors', checkErrors];
  yield ['growth', checkGrowth];
}

/** Floats become codes while vectors are added and removed; an image in the middle and one at the end go on as their index does. */
async function checkChange({ VectorIndex }, { codec, only }) {
  const dimensions = 20, metric = 'l2-squared', count = 120;
  const next = random(6);
  const rows = new Map(Array.from({ length: count }, (_, id) => [id, vector(next, dimensions)]));
  const wrong = [];
  const check = (told, index) => {
    if (index.size !== rows.size) wrong.push(`${told}: expected ${rows.size} vectors, got ${index.size}`);
    for (const [id, row] of rows) if (String(index.get(id)) !== String(row)) wrong.push(`${told}: expected ${row} for ${id}, got ${index.get(id)}`);
    for (const id of [100, 110, 119]) {
      const { ids, distances } = index.search(rows.get(id), { k: 5, oversampling: 30 });
      if (ids[0] !== id || distances[0] !== 0 || ids.length !== 5) wrong.push(`${told}: expected ${id} at distance 0 first, got ${ids} at ${distances}`);
    }
  };
  let index = await VectorIndex.create({ dimensions, metric, type: only ?? 'hnsw', maxConnections: 6 });
  for (const [id, row] of rows) index.add(id, row);
  index.setCodec({ codec: codec(dimensions) });
  for (let i = 0, more = true; more; i++) {
    more = index.work(0);
    if (i === 2) index = await VectorIndex.deserialize(index.serialize());
    if (i > 40) continue;
    index.remove(i);
    rows.delete(i);
    rows.set(1000 + i, vector(next, dimensions));
    index.add(1000 + i, rows.get(1000 + i));
  }
  const { codec: present, recoding } = index.stats();
  const { type } = typeof codec(dimensions) === 'string' ? { type: codec(dimensions) } : codec(dimensions);
  if (present.type !== type || recoding) wrong.push(`expected ${type}, got ${JSON.stringify({ present, recoding })}`);
  check('changed', index);
  const image = index.serialize();
  const again = await VectorIndex.deserialize(image);
  sameBytes(again.serialize(), image, 'image of an opened image');
  check('opened', again);
  return wrong;
}

async function checkRecall({ VectorIndex }, metric) {
  const count = 2000, dimensions = 24, k = 10;
  const data = clustered(random(1), count + 20, dimensions);
  const index = await VectorIndex.create({ dimensions, metric, maxConnections: 12, efConstruction: 60 });
  const ids = sequence(count);
  index.addMany(ids, data.rows.subarray(0, count * dimensions));
  let found = 0;
  for (let i = 0; i < 20; i++) {
    const query = data.row(count + i);
    found += hitsWithin(index.search(query, { k, ef: 50, filterStrategy: 'traverse' }).distances, nearestDistances(metric, query, ids, data.row, k));
  }
  return found >= 0.95 * 20 * k ? [] : [`expected recall 0.95, got ${found / (20 * k)}`];
}

async function small({ VectorIndex }) {
  const next = random(3);
  const index = await VectorIndex.create({ dimensions: 4, metric: 'dot', maxConnections: 3 });
  for (let id = 0; id < 100; id++) index.add(id * 7, vector(next, 4));
  for (let id = 0; id < 100; id += 9) index.remove(id * 7);
  index.work(0);
  return index;
}

async function checkChunks(engine) {
  const index = await small(engine);
  const image = index.serialize();
  const chunks = [];
  await index.writeImage(async (chunk) => { await null; chunks.push(chunk.slice()); });
  const written = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  chunks.reduce((at, chunk) => { written.set(chunk, at); return at + chunk.length; }, 0);
  sameBytes(written, image, 'writeImage');
  for (const size of [1, 100, 1e6]) {
    const parts = Array.from({ length: Math.ceil(image.length / size) }, (_, i) => image.subarray(i * size, (i + 1) * size));
    sameBytes((await engine.VectorIndex.readImage(parts)).serialize(), image, `readImage by ${size}`);
  }
}

async function checkFlips(engine) {
  const image = (await small(engine)).serialize();
  const wrong = [];
  for (let bit = 5; bit < image.length * 8; bit += 997) {
    image[bit >> 3] ^= 1 << (bit & 7);
    wrong.push(...(await expectError(engine, `bit ${bit}`, /^IMAGE_/, () => engine.VectorIndex.deserialize(image))));
    image[bit >> 3] ^= 1 << (bit & 7);
  }
  wrong.push(...(await expectError(engine, 'truncated', /^IMAGE_TRUNCATED$/, () => engine.VectorIndex.deserialize(image.subarray(0, 600)))));
  wrong.push(...(await expectError(engine, 'foreign', /^IMAGE_FOREIGN$/, () => engine.VectorIndex.deserialize(new Uint8Array(600)))));
  return wrong;
}

async function checkErrors(engine) {
  const { VectorIndex } = engine;
  const index = await VectorIndex.create({ dimensions: 2 });
  index.add(1, [1, 2]);
  const gone = await VectorIndex.create({ dimensions: 2 });
  gone.dispose();
  const cases = [
    ['INVALID_ARGUMENT', () => VectorIndex.create({ dimensions: 0 })],
    ['INVALID_ARGUMENT', () => index.add(-1, [1, 2])],
    ['INVALID_ARGUMENT', () => index.search([1, 2], { k: 0 })],
    ['DIMENSION_MISMATCH', () => index.add(2, [1])],
    ['NOT_FINITE', () => index.add(2, [1, NaN])],
    ['NOT_FINITE', () => index.search([1, Infinity])],
    ['ZERO_VECTOR', () => index.add(2, [0, 0])],
    ['INDEX_FULL', () => index.reserve(2 ** 31)],
    ['DISPOSED', () => gone.search([1, 2])],
  ];
  const wrong = [];
  for (const [code, call] of cases) wrong.push(...(await expectError(engine, String(call), new RegExp(`^${code}$`), call)));
  if (index.size !== 1) wrong.push(`expected one vector after all that, got ${index.size}`);
  return wrong;
}

/** Memory grows under the index's feet; views must follow. */
async function checkGrowth({ VectorIndex }) {
  const next = random(8);
  const index = await VectorIndex.create({ dimensions: 200, metric: 'l2-squared', type: 'flat' });
  const rows = Array.from({ length: 1500 }, () => vector(next, 200));
  rows.forEach((row, id) => index.add(id, row));
  const wrong = [];
  for (let id = 0; id < rows.length; id += 50) {
    const { ids, distances } = index.search(rows[id], { k: 1 });
    if (ids[0] !== id || distances[0] !== 0) wrong.push(`expected ${id} at distance 0, got ${ids[0]} at ${distances[0]}`);
  }
  return wrong;
}

async function expectError({ VectileError }, name, code, call) {
  try {
    await call();
  } catch (error) {
    return error instanceof VectileError && code.test(error.code) ? [] : [`${name}: expected ${code}, got ${error}`];
  }
  return [`${name}: expected ${code}, got no error`];
}

const bytesOf = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
