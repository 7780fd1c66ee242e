/**
 * Random scripts of operations on an index, held against a Map and brute force. A flat index must be exact; of an hnsw
 * index every hit must be live, allowed, measured right and in order, there must be as many as there can be, and how many
 * of them are the nearest is counted.
 */
import { integer, normal, pick, random } from './random.js';
import { length, measure, ranked } from './oracle.js';

/**
 * @param {{ VectorIndex: any, seed: number, operations: number, type: string, metric: string, dimensions: number,
 *   data?: 'spread' | 'grid' | 'same', maxConnections?: number, efConstruction?: number, idTable?: boolean, ids?: number,
 *   storages?: object[], reads?: boolean, inspect?: (index: any) => void }} script
 *   `data`: all distinct, many equal, nearly all equal; `ids`: how many different ids there are; `storages`: what setCodec
 *   changes to, the first of them from the start; `reads`: a reader gives full vectors; `inspect` looks at the index now
 *   and then
 * @returns {Promise<{ searches: number, found: number, wanted: number }>} found of wanted nearest neighbors
 */
export async function runScript(script) {
  const model = new Model(script);
  await model.open();
  let operation = 0;
  let name = 'create';
  try {
    for (; operation < script.operations; operation++) {
      name = model.choose();
      await model[name]();
      if (script.inspect && operation % 16 === 0) script.inspect(model.index);
    }
    model.index.dispose();
  } catch (error) {
    const { VectorIndex, inspect, ...rest } = script;
    error.message = `operation ${operation} (${name}) of ${JSON.stringify(rest)}: ${error.message}`;
    throw error;
  }
  return model.recall;
}

const WEIGHTS = {
  add: 20, replace: 8, remove: 14, addMany: 2, search: 14, searchFiltered: 10, searchPrepared: 8, searchMany: 1, searchInto: 2,
  get: 4, has: 4, ids: 1, work: 10, workUp: 0.5, reserve: 0.5, reopen: 1, removeMany: 0.5,
};
const NAMES = Object.keys(WEIGHTS);
/** Changes of storage, out of a thousand operations. */
const CHANGES = 8;

/** A mix of operations of its own for every script: what is rare in one is frequent in another. */
function swarm(next) {
  return NAMES.map((name) => WEIGHTS[name] * pick(next, [0, 0.2, 1, 1, 5]) + (name === 'add' ? 5 : 0) + (name === 'search' ? 1 : 0));
}

class Model {
  constructor({ VectorIndex, seed, type, metric, dimensions, data = 'spread', maxConnections, efConstruction, idTable = true, ids = 400, storages = [], reads = false }) {
    this.VectorIndex = VectorIndex;
    this.next = random(seed);
    this.storages = storages;
    this.reader = reads ? (asked, out) => this.read(asked, out) : undefined;
    this.options = { type, metric, dimensions, maxConnections, efConstruction, seed, idTable, ...storages[0], ...(reads && { reader: this.reader }) };
    this.data = data;
    this.vectors = new Map();
    /** What codes were seen to stand for. */
    this.decoded = new Map();
    this.recall = { searches: 0, found: 0, wanted: 0 };
    this.prepared = [];
    this.allIds = Array.from({ length: ids }, (_, i) => (idTable ? [0, 2 ** 32 - 1][i] ?? Math.floor(this.next() * 2 ** 32) : i));
    this.weights = swarm(this.next);
    this.total = this.weights.reduce((sum, weight) => sum + weight, 0);
    this.centers = Array.from({ length: 6 }, () => this.freshVector());
  }

  async open() { this.index = await this.VectorIndex.create(this.options); }

  choose() {
    if (this.storages.length > 1 && this.next() < CHANGES / 1000) return 'setCodec';
    let at = this.next() * this.total;
    return NAMES.find((_, i) => (at -= this.weights[i]) < 0) ?? 'search';
  }

  // material

  freshVector() {
    const { dimensions } = this.options;
    const vector = new Float32Array(dimensions);
    do {
      for (let i = 0; i < dimensions; i++) vector[i] = this.data === 'spread' ? normal(this.next) : integer(this.next, -1, 2);
    } while (!vector.some((value) => value !== 0));
    return vector;
  }

  someVector() {
    if (this.data === 'same') return this.next() < 0.85 ? this.centers[0].slice() : this.freshVector();
    if (this.data === 'grid') return this.freshVector();
    const center = pick(this.next, this.centers);
    return center.map((value) => value + 0.3 * normal(this.next));
  }

  someId() { return pick(this.next, this.allIds); }
  liveId() { return this.vectors.size ? pick(this.next, [...this.vectors.keys()]) : undefined; }
  someK() { return pick(this.next, [1, 2, 5, 10, 10, 10, 30, 1000]); }
  someStrategy() { return pick(this.next, [undefined, 'auto', 'traverse', 'traverse', 'traverse', 'scan']); }

  // changes

  add() { this.put(this.someId(), this.someVector()); }

  replace() {
    const id = this.liveId();
    if (id !== undefined) this.put(id, this.someVector());
  }

  put(id, vector) {
    this.vectors.set(id, vector); // a reader knows it first
    this.decoded.delete(id);
    this.index.add(id, this.next() < 0.3 ? [...vector] : vector);
  }

  addMany() {
    const count = integer(this.next, 0, 30);
    const { dimensions } = this.options;
    const ids = new Uint32Array(count);
    const vectors = new Float32Array(count * dimensions);
    for (let i = 0; i < count; i++) {
      ids[i] = i && this.next() < 0.1 ? ids[i - 1] : this.someId();
      const vector = this.someVector();
      vectors.set(vector, i * dimensions);
      this.vectors.set(ids[i], vector);
      this.decoded.delete(ids[i]);
    }
    this.index.addMany(ids, vectors);
  }

  remove() {
    const id = this.next() < 0.8 ? this.liveId() ?? this.someId() : this.someId();
    same(this.index.remove(id), this.vectors.delete(id), `remove(${id})`);
    this.decoded.delete(id);
  }

  removeMany() {
    for (const id of [...this.vectors.keys()]) if (this.next() < 0.7) { this.index.remove(id); this.vectors.delete(id); this.decoded.delete(id); }
  }

  work() { this.index.work(0); }

  workUp() {
    for (let steps = 0; this.index.work(0); steps++) if (steps > 100_000) throw new Error('work never ends');
    const { tombstones, recoding } = this.index.stats();
    same(tombstones, 0, 'tombstones after work');
    if (recoding && !(this.vectors.size < recoding.trainingLimit)) throw new Error(`work left a change to ${JSON.stringify(recoding)}`);
  }

  setCodec() { this.index.setCodec(pick(this.next, this.storages)); }

  read(ids, out) {
    ids.forEach((id, i) => {
      const vector = this.vectors.get(id);
      if (!vector) throw new Error(`reader: expected live ids, got ${id}`);
      out.set(vector, i * this.options.dimensions);
    });
  }

  reserve() { this.index.reserve(integer(this.next, 0, 300)); }

  async reopen() {
    const image = this.index.serialize();
    same(image.length, this.index.stats().bytes.total, 'bytes of the image');
    const again = await this.VectorIndex.deserialize(image, { reader: this.reader });
    sameBytes(again.serialize(), image, 'image of an opened image');
    if (this.next() < 0.5) return;
    this.index.dispose();
    this.index = again;
    this.prepared = this.prepared.map(({ ids }) => ({ ids, filter: again.filter(ids) }));
  }

  // looks

  get() { this.look(this.someId()); }

  look(id) {
    const vector = this.index.get(id);
    const expected = this.vectors.get(id);
    same(vector?.length, expected?.length, `length of get(${id})`);
    if (!expected) return;
    if (this.storages.length && this.index.stats().vectors === 'decoded') {
      // what is kept of it does not change, however often other codes are made of it
      const before = this.decoded.get(id) ?? vector;
      this.decoded.set(id, vector);
      return same(String(vector), String(before), `get(${id})`);
    }
    const slack = this.options.metric === 'cosine' ? length(expected) * 2 ** -21 : 0;
    for (let i = 0; i < expected.length; i++) {
      if (!(Math.abs(vector[i] - expected[i]) <= slack)) throw new Error(`get(${id}): expected ${expected[i]} at ${i}, got ${vector[i]}`);
    }
  }

  has() {
    const id = this.someId();
    same(this.index.has(id), this.vectors.has(id), `has(${id})`);
  }

  ids() {
    same(String(this.index.ids().sort()), String(Uint32Array.from(this.vectors.keys()).sort()), 'ids');
    same(this.index.size, this.vectors.size, 'size');
    same(this.index.stats().count, this.vectors.size, 'stats().count');
    if (this.storages.length) for (const id of this.vectors.keys()) this.look(id);
  }

  search() { this.searchWith(undefined, undefined); }

  searchFiltered() {
    const ids = this.someIds();
    const form = pick(this.next, [(list) => list, (list) => new Set(list), (list) => Uint32Array.from(list)]);
    this.searchWith(form(ids), new Set(ids));
  }

  /** The same few filters again and again, over all that happens meanwhile. */
  searchPrepared() {
    if (this.prepared.length < 4) {
      const ids = this.someIds();
      this.prepared.push({ ids, filter: this.index.filter(ids) });
    }
    const { ids, filter } = pick(this.next, this.prepared);
    const allowed = new Set(ids);
    this.searchWith(filter, allowed);
    let size = 0;
    for (const id of allowed) if (this.vectors.has(id)) size++;
    same(filter.size, size, 'size of the filter');
    if (this.next() < 0.02) this.prepared = [];
  }

  someIds() {
    const share = pick(this.next, [0, 0.02, 0.1, 0.5, 0.9, 1]);
    return this.allIds.filter(() => this.next() < share);
  }

  searchMany() {
    const { dimensions } = this.options;
    const queries = [this.query(), this.query(), this.query()];
    const flat = new Float32Array(3 * dimensions);
    queries.forEach((query, i) => flat.set(query, i * dimensions));
    const k = this.someK();
    const options = { k, filterStrategy: this.someStrategy(), ...this.someRescoring(k) };
    const all = this.index.searchMany(flat, options);
    same(all.length, 3, 'answers of searchMany');
    queries.forEach((query, i) => this.check(query, options, all[i], undefined));
  }

  searchInto() {
    const query = this.query();
    const k = this.someK();
    const ids = new Uint32Array(k).fill(77);
    const distances = new Float32Array(k).fill(-77);
    const options = { k, filterStrategy: this.someStrategy(), ...this.someRescoring(k) };
    const count = this.index.searchInto(query, ids, distances, options);
    this.check(query, options, { ids: ids.subarray(0, count), distances: distances.subarray(0, count) }, undefined);
    for (let i = count; i < k; i++) if (ids[i] !== 77 || distances[i] !== -77) throw new Error(`searchInto wrote beyond its ${count} hits`);
  }

  query() {
    const id = this.next() < 0.3 ? this.liveId() : undefined;
    return id === undefined ? this.someVector() : this.vectors.get(id).slice();
  }

  searchWith(filter, allowed) {
    const query = this.query();
    const k = this.someK();
    const ef = this.next() < 0.2 ? integer(this.next, 1, 300) : undefined;
    const options = { k, ef, filter, filterStrategy: this.someStrategy(), ...this.someRescoring(k) };
    this.check(query, options, this.index.search(query, options), allowed);
  }

  /** All there is measured again, or nothing, or as many as the index thinks fit. */
  someRescoring(k) {
    if (!this.storages.length) return {};
    const all = this.canRescore() ? { oversampling: Math.max(1, Math.ceil(this.vectors.size / k)) } : {};
    return pick(this.next, [all, all, {}, { rescore: false }]);
  }

  canRescore() {
    const { fullVectors } = this.index.stats();
    return fullVectors !== 'external' || this.reader !== undefined;
  }

  /** Vectors that distances must be of, by id; undefined where they are of codes. */
  measuredBy({ rescore, oversampling }) {
    const exact = { vectorOf: (id) => this.vectors.get(id), isExact: true };
    if (!this.storages.length) return exact;
    const { codec, fullVectors } = this.index.stats();
    if (codec.type === 'f32') return exact;
    if (rescore === false || !this.canRescore()) return undefined;
    if (fullVectors !== 'sq8') return { ...exact, isExact: oversampling !== undefined };
    // a reader does not tell what the codes are that stand for vectors
    return this.reader ? undefined : { vectorOf: (id) => this.index.get(id), isExact: false };
  }

  check(query, options, { ids, distances, rescored }, allowed) {
    const { metric, type } = this.options;
    const { k } = options;
    const measured = this.measuredBy(options);
    const matching = allowed ? [...this.vectors].filter(([id]) => allowed.has(id)) : [...this.vectors];
    const expected = ranked(metric, query, matching).slice(0, k);
    same(ids.length, expected.length, 'number of hits');
    same(distances.length, expected.length, 'number of distances');
    const last = expected.at(-1);
    const seen = new Set();
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i];
      if (!this.vectors.has(id)) throw new Error(`hit ${i}: expected a live id, got ${id}`);
      if (allowed && !allowed.has(id)) throw new Error(`hit ${i}: expected an allowed id, got ${id}`);
      if (seen.has(id)) throw new Error(`hit ${i}: expected each id once, got ${id} again`);
      seen.add(id);
      if (i && distances[i] < distances[i - 1]) throw new Error(`hit ${i}: expected nearest first, got ${distances[i]} after ${distances[i - 1]}`);
      if (!Number.isFinite(distances[i])) throw new Error(`hit ${i}: expected a distance, got ${distances[i]}`);
      if (!measured) continue;
      near(distances[i], measure(metric, query, measured.vectorOf(id)), `distance of hit ${i}, id ${id}`);
      if (type === 'flat' && measured.isExact) near(distances[i], expected[i], `distance of hit ${i}`);
      const own = measure(metric, query, this.vectors.get(id));
      if (own.distance <= last.distance + 2 * last.tolerance) this.recall.found++;
    }
    if (this.storages.length && rescored !== undefined) {
      const { codec, fullVectors } = this.index.stats();
      // a scan goes by full vectors where there are any, and measures nothing again
      const least = !measured || codec.type === 'f32' || fullVectors === 'memory' ? 0 : ids.length;
      if (!(rescored >= least && rescored <= this.vectors.size)) throw new Error(`expected ${least} … ${this.vectors.size} rescored, got ${rescored}`);
    }
    if (!measured) return;
    this.recall.searches++;
    this.recall.wanted += expected.length;
  }
}

function same(got, expected, what) {
  if (!Object.is(got, expected)) throw new Error(`${what}: expected ${expected}, got ${got}`);
}

function near(got, { distance, tolerance }, what) {
  if (!(Math.abs(got - distance) <= 2 * tolerance)) throw new Error(`${what}: expected ${distance} ± ${2 * tolerance}, got ${got}`);
}

export function sameBytes(got, expected, what) {
  same(got.length, expected.length, `length of ${what}`);
  for (let i = 0; i < got.length; i++) if (got[i] !== expected[i]) throw new Error(`${what}: expected byte ${expected[i]} at ${i}, got ${got[i]}`);
}
