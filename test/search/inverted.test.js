/** The list of parts: scripts of writes, queries, merges and snapshots against a Map; eviction, damage, and readers of both kinds. */
import { describe, expect, it } from 'vitest';
import { VectileError } from '../../ts/errors.js';
import { Analyzer } from '../../ts/search/analyzer.js';
import { InvertedIndex } from '../../ts/search/inverted.js';
import { planMerge } from '../../ts/search/merge-plan.js';
import { SectionCache } from '../../ts/search/section-cache.js';
import { BLOCK } from '../../ts/search/types.js';
import { crc32c } from '../../ts/storage/crc32c.js';
import { pick, randomOf } from '../reliability/support/random.js';

const SPECS = [
  { name: 'text', dataType: 'text', tokenization: 'word', filterable: true, searchable: true },
  { name: 'tags', dataType: 'text[]', tokenization: 'field', filterable: true, searchable: false },
  { name: 'n', dataType: 'int', filterable: true, searchable: false },
];
const LATER = { name: 'price', dataType: 'number', filterable: true, searchable: false };
const NAMES = ['terms:text', 'numbers:length:text', 'present:text', 'terms:tags', 'numbers:length:tags', 'present:tags', 'numbers:value:n', 'present:n',
  'numbers:created', 'numbers:updated', 'numbers:value:price', 'present:price'];
const WORDS = ['ein', 'zwei', 'drei', 'übel', 'naïve', '😀😀', 'five', 'six', 'seven', 'eight'];
const analyzer = new Analyzer(SPECS, new Map());
const widerAnalyzer = new Analyzer([...SPECS, LATER], new Map());

const integer = (next, below) => Math.floor(next() * below);

function docOf(next, slot) {
  const properties = {};
  if (next() < 0.9) properties.text = Array.from({ length: integer(next, 8) }, () => pick(next, WORDS)).join(' ');
  if (next() < 0.5) properties.tags = Array.from({ length: integer(next, 3) }, () => pick(next, WORDS));
  if (next() < 0.7) properties.n = integer(next, 5);
  if (next() < 0.5) properties.price = integer(next, 100) / 4;
  return { slot, created: integer(next, 20), updated: integer(next, 20), properties: new TextEncoder().encode(JSON.stringify(properties)) };
}

/** A text of lines "section key slot frequency": all that parts say of objects that are live. */
function linesOf(parts) {
  const lines = [];
  const ordinals = new Uint32Array(BLOCK);
  const frequencies = new Uint32Array(BLOCK);
  for (const part of parts) {
    const isLive = (ordinal) => !part.live || part.live[ordinal >>> 5] >>> (ordinal & 31) & 1;
    const slotsOf = (postings, key, told) => {
      for (let block = 0; block < postings.blockCount; block++) {
        const count = postings.decode(block, ordinals, told ? frequencies : undefined);
        for (let i = 0; i < count; i++) if (isLive(ordinals[i])) lines.push(`${key} ${part.slots[ordinals[i]]} ${told ? frequencies[i] : ''}`);
      }
    };
    part.slots.forEach((slot, ordinal) => { if (isLive(ordinal)) lines.push(`slot ${slot}`); });
    for (const name of NAMES) {
      const [kind, ...rest] = name.split(':');
      if (kind === 'present') {
        const postings = part.present(rest[0]);
        if (postings) slotsOf(postings, name, false);
      } else if (kind === 'terms') {
        const terms = part.terms(rest[0]);
        for (let i = 0; i < (terms?.count ?? 0); i++) slotsOf(terms.postings(i), `${name} ${terms.term(i)}`, terms.hasFrequencies);
      } else {
        const numbers = part.numbers(rest.join(':'));
        for (let i = 0; i < (numbers?.keys.length ?? 0); i++) {
          const slots = new Set();
          numbers.each(i, i + 1, (list, count) => { for (const ordinal of list.subarray(0, count)) if (isLive(ordinal)) slots.add(part.slots[ordinal]); });
          for (const slot of slots) lines.push(`${name} ${numbers.keys[i]} ${slot}`);
        }
      }
    }
  }
  return lines.sort().join('\n');
}

/** The same of documents, without parts; `hasPrice(slot)`: they were indexed when there was such a property. */
function linesOfDocs(docs, hasPrice = () => false) {
  const lines = [];
  for (const { slot, created, updated, properties } of docs.values()) {
    const value = JSON.parse(new TextDecoder().decode(properties));
    lines.push(`slot ${slot}`, `numbers:created ${created} ${slot}`, `numbers:updated ${updated} ${slot}`);
    const put = (name, of) => { if (of in value) lines.push(name); };
    put(`present:text ${slot} `, 'text');
    put(`present:tags ${slot} `, 'tags');
    put(`present:n ${slot} `, 'n');
    if (hasPrice(slot)) put(`present:price ${slot} `, 'price');
    if ('text' in value) {
      lines.push(`numbers:length:text ${[...value.text].length} ${slot}`);
      const counts = new Map();
      for (const word of analyzer.termsOf('text', value.text)) counts.set(word, (counts.get(word) ?? 0) + 1);
      for (const [word, count] of counts) lines.push(`terms:text ${word} ${slot} ${count}`);
    }
    if ('tags' in value) {
      lines.push(`numbers:length:tags ${value.tags.length} ${slot}`);
      for (const tag of new Set(value.tags.flatMap((text) => analyzer.termsOf('tags', text)))) lines.push(`terms:tags ${tag} ${slot} `);
    }
    if ('n' in value) lines.push(`numbers:value:n ${value.n} ${slot}`);
    if (hasPrice(slot) && 'price' in value) lines.push(`numbers:value:price ${value.price} ${slot}`);
  }
  return lines.sort().join('\n');
}

/** Files in memory; `isLater`: reads take a while. */
class Files {
  files = new Map();
  reads = 0;
  #number = 0;

  constructor(isLater = false) {
    this.isLater = isLater;
  }

  read(name, offset, bytes) {
    this.reads++;
    if (!this.isLater) return this.#read(name, offset, bytes);
    return new Promise((resolve, reject) => {
      setImmediate(() => {
        try {
          resolve(this.#read(name, offset, bytes));
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  /** Writes what is not written; returns files, and `commit`, which tells the index of them and deletes all others. */
  write(frozen) {
    const files = [];
    const fresh = [];
    for (const part of frozen) {
      if (!part.file) {
        const bytes = new Uint8Array(Buffer.concat(part.encode()));
        const name = `part-${this.#number++}`;
        this.files.set(name, bytes);
        fresh.push([part, { name, bytes: bytes.length }]);
      }
      files.push(part.file ?? { ...fresh.at(-1)[1], count: part.count });
    }
    const commit = () => {
      for (const [part, file] of fresh) part.written(file);
      const named = new Set(files.map(({ name }) => name));
      for (const name of this.files.keys()) if (!named.has(name)) this.files.delete(name);
    };
    return { files, commit };
  }

  #read(name, offset, bytes) {
    const file = this.files.get(name);
    if (!file) throw new VectileError('BLOB_MISSING', `${name}: expected a blob, got none`);
    return Buffer.from(file.subarray(offset, offset + bytes)); // at any offset of its ArrayBuffer
  }
}

const optionsOf = (reader, bytesMax = 1 << 20) => ({ analyzer, cache: new SectionCache(bytesMax), reader, checksum: crc32c });

const READ_ALL = (parts) => linesOf(parts);

function settle(index) {
  while (index.work(1)) { /* more */ }
}

describe('an inverted index', () => {
  it('has each live object in one part, once a query asks', () => {
    const next = randomOf(1);
    const index = new InvertedIndex(optionsOf(new Files()));
    const docs = new Map();
    for (const slot of [5, 3, 70_000, 3]) {
      docs.set(slot, docOf(next, slot));
      index.put(docs.get(slot));
    }
    expect(index.stats()).toMatchObject({ parts: 0, pending: 3 });
    expect(index.read(NAMES, READ_ALL)).toEqual(linesOfDocs(docs));
    expect(index.stats()).toMatchObject({ parts: 1, pending: 0 });
    index.remove(5);
    index.remove(5);
    index.remove(4);
    docs.delete(5);
    expect(index.size).toBe(2);
    expect(index.all().toArray()).toEqual(Uint32Array.of(3, 70_000));
    expect(index.load(NAMES)).toBe(undefined);
    expect(linesOf(index.parts)).toEqual(linesOfDocs(docs));
  });

  it('seals by work what is enough for a part, and merges by levels', () => {
    const next = randomOf(2);
    const index = new InvertedIndex(optionsOf(new Files()));
    const docs = new Map();
    let most = 0;
    for (let slot = 0; slot < 20_000; slot++) {
      const doc = docOf(next, slot);
      docs.set(slot, doc);
      index.put(doc);
      if (slot % 100 === 0) {
        index.work(0);
        most = Math.max(most, index.stats().parts);
      }
    }
    settle(index);
    const { parts, pending } = index.stats();
    expect(pending).toBeLessThan(512);
    expect(parts).toBeLessThan(16);
    expect(most).toBeLessThan(32);
    expect(index.read(NAMES, READ_ALL)).toEqual(linesOfDocs(docs));
    while (index.work(1, true)) { /* more */ }
    expect(index.stats().parts).toBe(1);
    expect(index.read(NAMES, READ_ALL)).toEqual(linesOfDocs(docs));
  });

  it('gives up parts of which nothing is live, and writes anew those of which little is', () => {
    const next = randomOf(3);
    const index = new InvertedIndex(optionsOf(new Files()));
    for (let slot = 0; slot < 600; slot++) index.put(docOf(next, slot));
    settle(index);
    expect(index.stats()).toMatchObject({ parts: 1, pending: 88 });
    for (let slot = 0; slot < 300; slot++) index.remove(slot);
    settle(index);
    expect(index.parts[0].slots.length).toBe(212);
    for (let slot = 300; slot < 512; slot++) index.remove(slot);
    settle(index);
    expect(index.stats()).toMatchObject({ parts: 0, pending: 88 });
    index.read(NAMES, READ_ALL);
    for (let slot = 512; slot < 600; slot++) index.remove(slot);
    settle(index);
    expect(index.stats().bytes).toMatchObject({ resident: 0, unwritten: 0 });
  });

  it('gives the same answers whatever fits in memory, and goes back to its budget', () => {
    const next = randomOf(4);
    const docs = new Map();
    const files = new Files();
    const index = new InvertedIndex(optionsOf(files));
    for (let slot = 0; slot < 3000; slot++) docs.set(slot, docOf(next, slot)).size % 400 || index.load([]);
    for (const doc of docs.values()) index.put(doc);
    index.load([]);
    const { files: list } = files.write(index.freeze());
    const whole = linesOfDocs(docs);
    return Promise.all([0, 100, 20_000, 1 << 24].flatMap((bytesMax) => [false, true].map(async (isLater) => {
      const reader = new Files(isLater);
      reader.files = files.files;
      const options = optionsOf(reader, bytesMax);
      const opened = await InvertedIndex.open(list, (slot) => docs.has(slot), options);
      expect(opened.size).toBe(3000);
      expect(options.cache.bytes).toBe(0);
      expect(reader.reads).toBeLessThanOrEqual(2 * list.length);
      for (let round = 0; round < 3; round++) {
        expect(await opened.read(NAMES, READ_ALL)).toEqual(whole);
        expect(options.cache.bytes).toBeLessThanOrEqual(bytesMax);
        await Promise.all(NAMES.map((name) => opened.read([name], (parts) => {
          const [kind, ...rest] = name.split(':');
          for (const part of parts) part[kind](rest.join(':'));
        })));
        expect(options.cache.bytes).toBeLessThanOrEqual(bytesMax);
      }
      expect(opened.stats().bytes).toMatchObject({ budget: bytesMax, unwritten: 0 });
      expect(opened.stats().bytes.resident).toBe(options.cache.bytes);
      const before = reader.reads;
      await opened.read(NAMES, READ_ALL);
      if (bytesMax === 1 << 24) expect(reader.reads).toBe(before);
      if (bytesMax === 0) expect(() => opened.parts[0].terms('text')).toThrow('terms:text: expected to have been loaded');
      opened.reset();
      expect(options.cache.bytes).toBe(0);
    })));
  });

  it('refuses a file with any byte changed, or answers as if it were not', async () => {
    const next = randomOf(5);
    const docs = new Map();
    const files = new Files();
    const index = new InvertedIndex(optionsOf(files));
    for (let slot = 0; slot < 4; slot++) {
      docs.set(slot, docOf(next, slot));
      index.put(docs.get(slot));
    }
    const { files: list } = files.write(index.freeze());
    const bytes = files.files.get('part-0');
    const whole = linesOfDocs(docs);
    let refused = 0;
    for (let at = 0; at < bytes.length; at++) {
      bytes[at] ^= 1 << integer(next, 8);
      const damaged = bytes.slice();
      files.files.set('part-0', damaged);
      let opened;
      try {
        opened = await InvertedIndex.open(list, (slot) => docs.has(slot), optionsOf(files));
        expect(opened.read(NAMES, READ_ALL)).toEqual(whole);
      } catch (error) {
        expect(error).toMatchObject({ code: 'STORAGE_CORRUPT', message: expect.stringMatching(/^part-0, byte \d+: expected/) });
        refused++;
        // what its owner does then
        opened?.reset();
        for (const doc of docs.values()) opened?.put(doc);
        expect(opened?.read(NAMES, READ_ALL) ?? whole).toEqual(whole);
      }
      const original = encodedAgain();
      bytes.set(original);
    }
    expect(refused).toBeGreaterThan(bytes.length * 0.8);
    files.files.delete('part-0');
    await expect(InvertedIndex.open(list, () => true, optionsOf(files))).rejects.toMatchObject({ code: 'BLOB_MISSING' });

    function encodedAgain() {
      const again = new InvertedIndex(optionsOf(files));
      for (const doc of docs.values()) again.put(doc);
      return Buffer.concat(again.freeze()[0].encode());
    }
  });

  it('tells of damage that a merge meets, at once or by its next work', async () => {
    for (const isLater of [false, true]) {
      const next = randomOf(6);
      const files = new Files(isLater);
      let calls = 0;
      const index = new InvertedIndex({ ...optionsOf(files, 0), onWork: () => { calls++; } });
      for (let slot = 0; slot < 8; slot++) {
        index.put(docOf(next, slot));
        index.load([]);
      }
      files.write(index.freeze()).commit();
      index.load([]); // all is evicted
      expect(index.stats().bytes.resident).toBe(0);
      const damaged = files.files.get('part-3');
      damaged[damaged.length - 10] ^= 4;
      if (isLater) {
        expect(index.work(1)).toBe(false);
        while (!calls) await new Promise((resolve) => { setImmediate(resolve); });
      }
      expect(() => index.work(1)).toThrow(expect.objectContaining({ code: 'STORAGE_CORRUPT', message: expect.stringMatching(/^part-3, byte/) }));
      index.reset();
      expect(index.work(1)).toBe(false);
      expect(index.stats()).toMatchObject({ parts: 0, bytes: { resident: 0 } });
    }
  });

  it('indexes what is pending as it was configured last', () => {
    const next = randomOf(7);
    const index = new InvertedIndex(optionsOf(new Files()));
    const docs = new Map();
    for (let slot = 0; slot < 60; slot++) {
      if (slot === 30) {
        index.load([]);
        index.configure(widerAnalyzer);
      }
      docs.set(slot, docOf(next, slot));
      index.put(docs.get(slot));
    }
    const whole = linesOfDocs(docs, (slot) => slot >= 30);
    expect(index.read(NAMES, READ_ALL)).toEqual(whole);
    while (index.work(1, true)) { /* more */ }
    expect(index.stats().parts).toBe(1);
    expect(index.read(NAMES, READ_ALL)).toEqual(whole);
  });

  it('answers queries that wait for files by what is there when they are answered', async () => {
    const next = randomOf(8);
    const docs = new Map();
    const files = new Files(true);
    const index = new InvertedIndex(optionsOf(files, 500));
    const put = (slot) => {
      docs.set(slot, docOf(next, slot));
      index.put(docs.get(slot));
    };
    for (let slot = 0; slot < 200; slot++) {
      put(slot);
      if (slot % 20 === 0) index.load([]);
    }
    files.write(index.freeze()).commit();
    for (let round = 0; round < 40; round++) {
      const queries = Array.from({ length: 5 }, (_, i) => index.read(i % 2 ? NAMES : NAMES.slice(i), (parts) => {
        // nothing comes between this and the answer
        const whole = linesOfDocs(docs);
        if (i % 2) expect(linesOf(parts)).toEqual(whole);
        return i;
      }));
      for (let i = 0; i < 3; i++) put(integer(next, 220));
      index.work(0);
      const removed = integer(next, 200);
      index.remove(removed);
      docs.delete(removed);
      if (round % 5 === 0) files.write(index.freeze()).commit();
      await Promise.all(queries);
    }
  });

  it('does not mind that files go which it waits for but does not need any more', async () => {
    const next = randomOf(10);
    const files = new Files(true);
    const options = optionsOf(files, 1000);
    const index = new InvertedIndex({ ...options, onWork: () => {} });
    for (let slot = 0; slot < 8; slot++) {
      index.put(docOf(next, slot));
      index.load([]);
    }
    const { files: list } = files.write(index.freeze());
    for (const areThere of [false, true]) {
      const opened = await InvertedIndex.open(list, () => true, options);
      const all = new Map(files.files);
      expect(opened.work(1)).toBe(false);
      const query = opened.read(NAMES, READ_ALL);
      if (!areThere) files.files.clear();
      opened.reset();
      const doc = docOf(next, 3);
      opened.put(doc);
      expect(await query).toBe(linesOfDocs(new Map([[3, doc]])));
      await new Promise((resolve) => { setImmediate(() => setImmediate(resolve)); });
      expect(opened.work(1)).toBe(false);
      opened.reset();
      index.reset();
      expect(options.cache.bytes).toBe(0);
      files.files = all;
    }
  });

  it('equals a Map after random scripts', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      try {
        await runScript(seed);
      } catch (error) {
        throw new Error(`seed ${seed}: ${error.message}`, { cause: error });
      }
    }
  });
});

async function runScript(seed) {
  const next = randomOf(seed);
  const files = new Files(next() < 0.5);
  const slots = pick(next, [10, 100, 1000]);
  const bytesMax = pick(next, [0, 300, 5000, 1 << 20]);
  let options = optionsOf(files, bytesMax);
  let index = new InvertedIndex(options);
  let docs = new Map();
  let saved = { files: [], docs: new Map() };
  let writing; // a snapshot that is not valid yet
  for (let step = 0; step < 120; step++) {
    const dice = next();
    if (dice < 0.45) {
      for (let i = integer(next, next() < 0.03 ? 1500 : 12); i >= 0; i--) {
        const slot = integer(next, slots);
        docs.set(slot, docOf(next, slot));
        index.put(docs.get(slot));
      }
    } else if (dice < 0.55) {
      for (let i = integer(next, 12); i >= 0; i--) {
        const slot = integer(next, slots);
        docs.delete(slot);
        index.remove(slot);
      }
    } else if (dice < 0.7) {
      expect(await index.read(NAMES, READ_ALL)).toEqual(linesOfDocs(docs));
      expect(index.stats().bytes.resident).toBe(options.cache.bytes);
    } else if (dice < 0.75) {
      index.load([]);
    } else if (dice < 0.88) {
      index.work(next() < 0.5 ? 0 : 5, next() < 0.1);
      if (files.isLater) await new Promise((resolve) => { setImmediate(resolve); });
    } else if (dice < 0.97) {
      if (!writing) writing = { ...files.write(index.freeze()), docs: new Map(docs) };
      if (next() < 0.5) {
        writing.commit();
        saved = writing;
        writing = undefined;
      }
    } else {
      index.reset();
      expect(options.cache.bytes).toBe(0);
      writing = undefined;
      docs = new Map(saved.docs);
      options = optionsOf(files, bytesMax);
      index = await InvertedIndex.open(saved.files, (slot) => docs.has(slot), options);
    }
    expect(index.size).toBe(docs.size);
  }
  expect([...index.all().toArray()]).toEqual([...docs.keys()].sort((a, b) => a - b));
  expect(await index.read(NAMES, READ_ALL)).toEqual(linesOfDocs(docs));
  for (let quiet = 0; quiet < 4; quiet++) {
    const { reads } = files;
    if (index.work(5) || files.reads > reads) quiet = 0;
    await new Promise((resolve) => { setImmediate(resolve); });
  }
  expect(await index.read(NAMES, READ_ALL)).toEqual(linesOfDocs(docs));
  const { resident, unwritten } = index.stats().bytes;
  expect(resident).toBe(options.cache.bytes);
  expect(resident).toBeLessThanOrEqual(Math.max(bytesMax, unwritten));
}

describe('the plan of merges', () => {
  const partsOf = (...sizes) => sizes.map((bytes) => ({ bytes, count: 100, staleCount: 0 }));

  it('is to merge eight of a size, or more, and not a large one with small ones', () => {
    expect(planMerge(partsOf(8, 8, 8, 8, 8, 8, 8), false)).toBe(undefined);
    expect(planMerge(partsOf(8, 8, 8, 8, 8, 8, 8, 8), false)).toEqual({ from: 0, to: 8 });
    expect(planMerge(partsOf(1000, 8, 8, 8, 8, 8, 8, 8), false)).toBe(undefined);
    expect(planMerge(partsOf(1000, 8, 8, 8, 8, 8, 8, 8, 9), false)).toEqual({ from: 1, to: 9 });
    expect(planMerge(partsOf(1000, 8, 8), true)).toEqual({ from: 0, to: 3 });
    expect(planMerge(partsOf(1000), true)).toBe(undefined);
  });

  it('is to leave alone what would make more than 64 MB', () => {
    expect(planMerge(partsOf(...Array(8).fill(9 << 20)), false)).toBe(undefined);
    expect(planMerge(partsOf(60 << 20, 1 << 20, 9 << 20), true)).toEqual({ from: 0, to: 2 });
  });

  it('writes each byte few times, and keeps few parts, whatever the sizes that come', () => {
    const next = randomOf(9);
    for (const sizeOf of [() => 40_000, () => 500, () => 2 ** (9 + integer(next, 10)), (i) => (i % 10 ? 500 : 300_000)]) {
      let parts = [];
      let put = 0;
      let written = 0;
      let most = 0;
      for (let i = 0; i < 3000; i++) {
        const bytes = Math.round(sizeOf(i));
        put += bytes;
        parts.push({ bytes, count: 100, staleCount: 0 });
        for (let run; (run = planMerge(parts, false));) {
          const total = parts.slice(run.from, run.to).reduce((sum, part) => sum + part.bytes, 0);
          written += total;
          parts = parts.toSpliced(run.from, run.to - run.from, { bytes: total, count: 100, staleCount: 0 });
        }
        most = Math.max(most, parts.length);
      }
      expect(most).toBeLessThanOrEqual(33);
      expect(written / put).toBeLessThan(8);
    }
  });
});
