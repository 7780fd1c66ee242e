/** What the golden databases hold, and how it is compared: objects, answers to queries by measuring everything, configurations. */

export const NOW = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const OBJECTS = 120;

/** mulberry32: the same numbers everywhere. */
export function randomOf(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const vectorOf = (random, dimensions) => Float32Array.from({ length: dimensions }, () => Math.fround(2 * random() - 1));

export const things = {
  name: 'Thing',
  description: 'one property of each type',
  properties: [
    { name: 'text', dataType: 'text' },
    { name: 'word', dataType: 'text', tokenization: 'field', description: 'a key' },
    { name: 'texts', dataType: 'text[]' },
    { name: 'int', dataType: 'int' },
    { name: 'ints', dataType: 'int[]' },
    { name: 'number', dataType: 'number' },
    { name: 'numbers', dataType: 'number[]' },
    { name: 'boolean', dataType: 'boolean' },
    { name: 'booleans', dataType: 'boolean[]' },
    { name: 'date', dataType: 'date' },
    { name: 'dates', dataType: 'date[]' },
    { name: 'uuid', dataType: 'uuid' },
    { name: 'uuids', dataType: 'uuid[]' },
    { name: 'place', dataType: 'geoCoordinates' },
    { name: 'places', dataType: 'geoCoordinates[]' },
    { name: 'blob', dataType: 'blob' },
    { name: 'object', dataType: 'object', nestedProperties: [{ name: 'date', dataType: 'date' }, { name: '__proto__', dataType: 'text' }] },
    { name: 'objects', dataType: 'object[]', nestedProperties: [{ name: 'blob', dataType: 'blob' }] },
  ],
  vectors: {
    graph: { dimensions: 12, metric: 'l2-squared', index: { type: 'hnsw', maxConnections: 8, efConstruction: 60 } },
    exact: { dimensions: 5, metric: 'dot', index: { type: 'flat' } },
    coded: { dimensions: 16, metric: 'cosine', index: { type: 'hnsw', maxConnections: 8, ef: 150 }, quantizer: { type: 'pq', segments: 4, centroids: 16, trainingLimit: 64 } },
    grown: { dimensions: 6, metric: 'l2-squared', index: { type: 'dynamic', maxConnections: 8, threshold: 50 } },
    small: { dimensions: 3, metric: 'manhattan', index: { type: 'dynamic' } },
    outside: { dimensions: 8, metric: 'l2-squared', index: { type: 'flat' }, quantizer: 'rq8', fullVectors: 'external' },
  },
};

const uuidOf = (i) => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;

/** @param {number} i its number, of which all else follows */
export function thing(i) {
  const random = randomOf(i + 1);
  const date = (days) => new Date(NOW + days * 86_400_000);
  const all = {
    text: `thing ${i}, größer \u0000 ${i % 50 ? '🜲' : '\ud800'}`,
    word: `key-${i}`,
    texts: Array.from({ length: i % 3 }, (_, j) => `text ${j}`),
    int: i % 7 ? i : Number.MAX_SAFE_INTEGER,
    ints: [i, -i],
    number: i / 7,
    numbers: [1e-300, i * 1e300],
    boolean: i % 2 === 0,
    booleans: [true, false],
    date: date(i),
    dates: [date(-i), date(0)],
    uuid: uuidOf(i),
    uuids: [uuidOf(i + 1)],
    place: { latitude: (i % 180) - 90, longitude: i % 360 - 180 },
    places: [{ latitude: 0.5, longitude: i / 1000 }],
    blob: Uint8Array.from({ length: i % 5 }, (_, j) => i + j),
    object: JSON.parse(`{"__proto__":"own ${i}"}`),
    objects: [{ blob: new Uint8Array([i]) }, {}],
  };
  all.object.date = date(i / 2);
  const names = Object.keys(all);
  // every tenth has all, others some
  const properties = i % 10 ? Object.fromEntries(names.filter(() => random() < 0.2).map((name) => [name, all[name]])) : all;
  const vector = {
    graph: vectorOf(random, 12),
    ...i % 4 && { exact: vectorOf(random, 5) },
    coded: vectorOf(random, 16),
    grown: vectorOf(random, 6),
    ...i % 5 === 0 && { small: vectorOf(random, 3) },
    outside: vectorOf(random, 8),
  };
  return { id: i % 3 ? uuidOf(i) : `thing ${i} – ${'x'.repeat(i % 90)}`, properties, vector };
}

export const first = Array.from({ length: OBJECTS }, (_, i) => thing(i));
export const later = Array.from({ length: 12 }, (_, i) => thing(OBJECTS + i));

const measures = {
  'l2-squared': (a, b) => a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0),
  dot: (a, b) => -a.reduce((sum, value, i) => sum + value * b[i], 0),
  cosine: (a, b) => 1 - a.reduce((sum, value, i) => sum + value * b[i], 0) / Math.sqrt(a.reduce((sum, v) => sum + v * v, 0) * b.reduce((sum, v) => sum + v * v, 0)),
  manhattan: (a, b) => a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0),
};

/** All that a database is expected to say, as plain JSON: dates and bytes have a mark. */
export async function contentOf(db) {
  const content = { collections: {} };
  for (const config of await db.collections.listAll()) {
    const collection = db.collections.use(config.name);
    const objects = [];
    for await (const object of collection.iterator({ includeVector: true, returnMetadata: ['creationTime', 'updateTime', 'revision'] })) objects.push(object);
    content.collections[config.name] = plain({ config, length: await collection.length(), objects, answers: await answersOf(collection, config, objects) });
  }
  return content;
}

/** The five nearest by each named vector; throws if they are not what measuring all of them says. */
async function answersOf(collection, { vectors }, objects) {
  const answers = {};
  for (const [name, { dimensions, metric }] of Object.entries(vectors)) {
    if (dimensions === undefined) continue;
    answers[name] = [];
    for (let seed = 1; seed <= 5; seed++) {
      const query = vectorOf(randomOf(1000 + seed), dimensions);
      const found = await collection.query.nearVector(query, { targetVector: name, limit: 5, ef: 300, oversampling: 50, returnMetadata: ['distance'] });
      const expected = objects.filter((object) => object.vectors[name])
        .map((object) => ({ id: object.id, distance: measures[metric]([...query], [...object.vectors[name]]) }))
        .sort((a, b) => a.distance - b.distance).slice(0, 5);
      expected.forEach(({ id, distance }, i) => {
        const hit = found.objects[i];
        if (hit?.id !== id || !(Math.abs(hit.metadata.distance - distance) < 1e-4)) {
          throw new Error(`${name}, query ${seed}, hit ${i}: expected ${id} at ${distance}, got ${hit?.id} at ${hit?.metadata.distance}`);
        }
      });
      answers[name].push(expected.map(({ id }) => id));
    }
  }
  return answers;
}

function plain(value) {
  if (value instanceof Date) return { $date: value.toISOString() };
  if (value instanceof Uint8Array) return { $bytes: [...value] };
  if (value instanceof Float32Array) return { $floats: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  // as pairs, because a name may be __proto__
  return { $object: Object.keys(value).map((name) => [name, plain(Object.getOwnPropertyDescriptor(value, name).value)]) };
}
