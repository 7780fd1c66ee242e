/** A collection with random objects that were written, changed and deleted in random order, and what must be in it. */
import { integer, pick, random } from '../conformance/random.js';
import { memory, open } from './support.js';

/** Plain tokens, so that an oracle can cut texts at spaces. Some are stopwords, some differ by a typo. */
const WORDS = ['parcel', 'parcels', 'parsel', 'refund', 'refunds', 'lost', 'late', 'the', 'of', 'blue', 'blew', 'card', 'cart', 'pay', 'payment', 'a', '7', 'x1'];
export const STOPWORDS = ['the', 'of', 'a'];

export const CONFIG = {
  name: 'Ticket',
  properties: [
    { name: 'title', dataType: 'text' }, { name: 'text', dataType: 'text' },
    { name: 'notes', dataType: 'text[]', tokenization: 'whitespace' }, { name: 'status', dataType: 'text', tokenization: 'field', indexSearchable: false },
    { name: 'price', dataType: 'int' }, { name: 'rate', dataType: 'number' }, { name: 'hidden', dataType: 'number', indexFilterable: false },
    { name: 'paid', dataType: 'boolean' }, { name: 'opened', dataType: 'date' }, { name: 'seen', dataType: 'date[]' }, { name: 'scores', dataType: 'int[]' },
    { name: 'ref', dataType: 'uuid' }, { name: 'place', dataType: 'geoCoordinates' }, { name: 'image', dataType: 'blob' }, { name: 'author', dataType: 'object', nestedProperties: [{ name: 'name', dataType: 'text' }] },
  ],
  vectors: { default: { dimensions: 4, metric: 'l2-squared', index: { type: 'flat' } } },
};

export const phrase = (next, longest = 7) => Array.from({ length: integer(next, 0, longest) }, () => pick(next, WORDS)).join(' ');
export const vectorOf = (next) => Float32Array.from({ length: 4 }, () => next() * 2 - 1);
const list = (next, of) => Array.from({ length: integer(next, 0, 4) }, of);
const day = (next) => new Date(Date.UTC(2024, 0, integer(next, 1, 9)));

export function randomProperties(next) {
  const all = {
    title: phrase(next, 4), text: phrase(next, 12), notes: list(next, () => phrase(next, 4)),
    status: pick(next, ['open', 'closed', '', '\uffee', '😀', 'Open']), price: integer(next, -3, 8), rate: pick(next, [-0, 0, 0.5, 1e300, -1e-9, next()]), hidden: integer(next, 0, 5),
    paid: next() < 0.5, opened: day(next), seen: list(next, () => day(next)), scores: list(next, () => integer(next, 0, 4)),
    ref: `0000000${integer(next, 0, 3)}-0000-4000-8000-000000000000`,
  };
  for (const name of Object.keys(all)) if (next() < 0.2) delete all[name];
  return all;
}

/** The store as one of a browser: what is on it must be waited for, for so many turns. */
export function awaited(store, turns = () => 1) {
  return {
    ...store,
    async open(options) {
      const opened = await store.open(options);
      const names = ['put', 'putIfAbsent', 'putIfMatch', 'get', 'list', 'delete', 'release'];
      const blobs = Object.fromEntries(names.map((name) => [name, (...given) => opened.blobs[name](...given)]));
      return { ...opened, blobs: { ...blobs, getRange: async (...range) => { for (let i = turns(); i > 0; i--) await new Promise((resolve) => setImmediate(resolve)); return opened.blobs.getRange(...range); } } };
    },
  };
}

/** With every other seed nothing of the inverted index stays in memory, and it must be waited for. `objects`: by id { id, properties, vector }. Ids are of both kinds, and sorted in neither order. */
export class RandomTickets {
  objects = new Map();
  #next;
  #options;
  #time = 0;

  constructor(seed) {
    this.#next = random(seed);
    this.#options = seed % 2 ? { store: memory() } : { store: awaited(memory()), invertedBytesMax: 0 };
  }

  async open() {
    this.db = await open({ ...this.#options, now: () => this.#time++ });
    const exists = await this.db.collections.exists('Ticket');
    this.tickets = exists ? this.db.collections.use('Ticket') : await this.db.collections.create(CONFIG);
  }

  async reopen() {
    await this.db.close();
    await this.open();
  }

  close() { return this.db.close(); }

  async write(count) {
    const next = this.#next;
    for (let left = count; left > 0;) {
      const batch = new Map();
      for (let i = integer(next, 1, 40); i > 0 && left > 0; i--, left--) {
        const number = integer(next, 0, 250);
        const id = number % 3 ? `${(number * 7919) % 1000}` : `0000${1000 + number}-0000-4000-8000-000000000000`;
        batch.set(id, { id, properties: randomProperties(next), ...next() < 0.9 && { vector: vectorOf(next) } });
      }
      const { errors } = await this.tickets.data.insertMany([...batch.values()]);
      if (errors.length) throw errors[0].error;
      for (const [id, object] of batch) this.objects.set(id, object);
      for (const id of this.objects.keys()) {
        if (next() > 0.05) continue;
        await this.tickets.data.deleteById(id);
        this.objects.delete(id);
      }
    }
  }

  /** Of slots: ties are decided by it. */
  async inOrder() {
    const { objects } = await this.tickets.query.fetchObjects({ limit: 10_000 });
    return objects.map(({ id }) => this.objects.get(id));
  }
}

/** A filter, or none, and what it means. */
export function randomFilter(next) {
  const price = integer(next, -3, 8);
  const word = pick(next, WORDS);
  const opened = day(next);
  return pick(next, [
    {}, {},
    { filters: (f) => f.byProperty('price').lessThan(price), matches: ({ properties }) => properties.price < price },
    { filters: (f) => f.byProperty('title').equal(word), matches: ({ properties }) => (properties.title ?? '').split(' ').includes(word) },
    { filters: (f) => f.byProperty('title').isNull(true), matches: ({ properties }) => properties.title === undefined },
    { filters: { operator: 'Or', filters: [{ operator: 'Equal', property: 'paid', value: true }, { operator: 'GreaterThan', property: 'opened', value: opened }] }, matches: ({ properties }) => properties.paid === true || properties.opened > opened },
    { filters: (f) => f.not(f.byProperty('scores').containsAny([1, 2])), matches: ({ properties }) => !(properties.scores ?? []).some((score) => score === 1 || score === 2) },
    { filters: (f) => f.byProperty('price').greaterThan(100), matches: () => false },
  ]);
}
