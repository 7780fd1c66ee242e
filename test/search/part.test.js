/** Parts built of objects hold what a plain oracle says. */
import { describe, expect, it } from 'vitest';
import { Analyzer } from '../../ts/search/analyzer.js';
import { buildPart } from '../../ts/search/part-writer.js';
import { SectionedPart } from '../../ts/search/part.js';
import { integer, random, shuffled } from '../conformance/random.js';
import { expectEqual, expected, held, listed, ordinalsOf } from './support/part-oracle.js';
import { SPECS, STEMMERS, docOf } from './support/random-docs.js';

const FIRST_SEED = Number(process.env.VECTILE_SEED ?? 1);

const analyzer = new Analyzer(SPECS, STEMMERS);
const json = (properties) => new TextEncoder().encode(JSON.stringify(properties));
const doc = (slot, properties) => ({ slot, created: 5, updated: 6, properties: json(properties) });
const spec = (name, dataType, more) => ({ name, dataType, filterable: true, searchable: false, ...more });
const partOf = (docs, specs) => SectionedPart.of(buildPart(docs, new Analyzer(specs, STEMMERS)));

function randomObjects(next, count) {
  const gap = integer(next, 1, 5);
  let slot = integer(next, -1, 3);
  const objects = Array.from({ length: count }, () => docOf(next, slot += integer(next, 1, gap + 1)));
  return Array.from(shuffled(next, count), (i) => objects[i]);
}

describe('a part', () => {
  it('of no objects has no sections but slots', () => {
    const sections = buildPart([], analyzer);
    expect([...sections.keys()]).toEqual(['slots']);
    expect(SectionedPart.of(sections).slots.length).toBe(0);
  });

  it('has objects without any indexed property, and their times', () => {
    const part = partOf([doc(7, {}), doc(3, { other: 1 })], [spec('name', 'text', { searchable: true })]);
    expect([...part.slots]).toEqual([3, 7]);
    expect(part.names).toEqual(['numbers:created', 'numbers:updated']);
    expect(ordinalsOf(part.numbers('created'), 0, 1)).toEqual([0, 1]);
    expect(part.terms('name')).toBeUndefined();
    expect(part.liveTokens('name')).toEqual({ tokens: 0, objects: 0 });
    expect(part.liveCountOf('name', 0)).toBe(0);
  });

  it('takes names of prototypes for what they are', () => {
    const specs = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'].map((name) => spec(name, 'text'));
    const properties = new TextEncoder().encode('{"__proto__":"a","hasOwnProperty":"b"}');
    const part = partOf([{ slot: 0, created: 0, updated: 0, properties }, doc(1, {})], specs);
    expect(part.terms('__proto__').find('a')).toBe(0);
    expect(part.terms('hasOwnProperty').find('b')).toBe(0);
    expect(part.terms('constructor')).toBeUndefined();
    expect(part.terms('toString')).toBeUndefined();
  });

  it('sorts terms by code points and finds them', () => {
    const terms = ['', 'a', 'a\u0000', 'ab', 'b', '\u00e9', '\ud7ff', '\ue000', '\ufffd', '\uffff', '\u{10000}', '\u{1f600}', '\u{10ffff}'];
    const part = partOf([doc(0, { name: [...terms].reverse() })], [spec('name', 'uuid[]')]);
    const section = part.terms('name');
    expect(Array.from({ length: section.count }, (_, i) => section.term(i))).toEqual(terms);
    for (const [i, term] of terms.entries()) {
      expect(section.find(term)).toBe(i);
      expect(section.lowerBound(term)).toBe(i);
      expect(section.find(`${term}!`)).toBe(-1);
    }
    expect(section.lowerBound('aa')).toBe(3);
    expect(section.lowerBound('\u{10ffff}a')).toBe(terms.length);
    expect(section.find('\ud83d')).toBe(section.find('\ufffd'));
  });

  it('counts a number once that a list has twice, -0 as 0, and lengths in code points', () => {
    const part = partOf(
      [{ ...doc(0, {}), properties: new TextEncoder().encode('{"n":[3,3,-0,0],"t":"a\u{1f600}\\ud83d"}') }, doc(1, { n: [], t: '' })],
      [spec('n', 'number[]'), spec('t', 'text')],
    );
    expect([...part.numbers('value:n').keys]).toEqual([0, 3]);
    expect(Object.is(part.numbers('value:n').keys[0], 0)).toBe(true);
    expect(part.numbers('value:n').countOf(1)).toBe(1);
    expect([...part.numbers('length:n').keys]).toEqual([0, 4]);
    expect([...part.numbers('length:t').keys]).toEqual([0, 3]);
  });

  it('keeps counts of tokens in one, two and four bytes', () => {
    for (const tokens of [255, 256, 65_535, 65_536]) {
      const part = partOf([doc(0, { t: 'a '.repeat(tokens) }), doc(1, { t: 'a b' })], [spec('t', 'text', { tokenization: 'word', searchable: true })]);
      expect(part.terms('t').tokensOf(0)).toBe(tokens);
      expect(part.terms('t').tokensOf(1)).toBe(2);
      expect(listed(part.terms('t').postings(0), part.slots, true)).toEqual([[0, tokens], [1, 1]]);
      expect(part.liveTokens('t')).toEqual({ tokens: tokens + 2, objects: 2 });
    }
  });

  it('reads sections that begin anywhere in a buffer', () => {
    const docs = randomObjects(random(5), 40);
    const sections = buildPart(docs.map(({ doc }) => doc), analyzer);
    for (const shift of [0, 1, 4]) {
      const moved = new Map([...sections].map(([name, bytes]) => {
        const buffer = new Uint8Array(bytes.length + 8);
        buffer.set(bytes, shift);
        return [name, buffer.subarray(shift, shift + bytes.length)];
      }));
      expectEqual(held(SectionedPart.of(moved)), expected(docs));
    }
  });

  it('asks for a section once until it is dropped', () => {
    const sections = buildPart([doc(0, { t: 'a' })], new Analyzer([spec('t', 'text')], STEMMERS));
    const asked = [];
    const part = new SectionedPart((name) => {
      asked.push(name);
      return sections.get(name);
    }, ['terms:t']);
    const view = part.terms('t');
    expect(part.terms('t')).toBe(view);
    part.drop('terms:t');
    expect(part.terms('t')).not.toBe(view);
    expect(asked).toEqual(['slots', 'terms:t', 'terms:t']);
  });

  it('refuses terms of what has none, and specs without their stemmer', () => {
    expect(() => analyzer.termsOf('price', 'a')).toThrow(/^property: expected /);
    expect(() => analyzer.termsOf('hidden', 'a')).toThrow(/^property: expected /);
    expect(() => new Analyzer([spec('t', 'text', { stemming: 'none' })], STEMMERS)).toThrow(expect.objectContaining({ code: 'STEMMER_MISSING' }));
    expect(analyzer.termsOf('body', 'Cats  CATS dog')).toEqual(['cat', 'cat', 'dog']);
    expect(analyzer.termsOf('ref', 'ABC')).toEqual(['abc']);
  });

  it('equals the oracle for random objects, and counts live ones', () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + 80; seed++) {
      const next = random(seed);
      const objects = randomObjects(next, integer(next, 1, seed % 10 === 0 ? 500 : 50));
      const part = SectionedPart.of(buildPart(objects.map(({ doc }) => doc), analyzer));
      try {
        expectEqual(held(part), expected(objects));
        const live = new Map(objects.map((object) => [object.doc.slot, object]));
        for (let round = 0; round < 3; round++) {
          for (const { doc: { slot } } of objects) {
            if (next() < 0.3 && part.markStale(slot) !== live.delete(slot)) throw new Error(`slot ${slot} was stale, or was not`);
          }
          expect(part.markStale(1e9)).toBe(false);
          checkLive(part, objects, live);
        }
        // Stale ones stay in the lists.
        expectEqual(held(part), expected(objects));
      } catch (error) {
        error.message = `seed ${seed}: ${error.message}`;
        throw error;
      }
    }
  });
});

function checkLive(part, objects, live) {
  expect(part.staleCount).toBe(objects.length - live.size);
  expect(part.live !== undefined).toBe(part.staleCount > 0);
  const isLive = (ordinal) => !part.live || (part.live[ordinal >>> 5] >>> (ordinal & 31) & 1) === 1;
  expectEqual([...part.slots].filter((_, ordinal) => isLive(ordinal)), [...live.keys()].sort((x, y) => x - y));
  if (part.live) expect(part.live.reduce((sum, word) => sum + word.toString(2).replaceAll('0', '').length, 0)).toBe(live.size);
  const { terms } = expected([...live.values()]);
  for (const { name, searchable, filterable } of SPECS) {
    const section = part.terms(name);
    if (!section || !filterable && !searchable) continue;
    const wanted = terms[`p ${name}`] ?? { tokens: [], list: [] };
    if (searchable) {
      const tokens = wanted.tokens.reduce((sum, count) => sum + count, 0);
      expect(part.liveTokens(name)).toEqual({ tokens, objects: wanted.tokens.filter((count) => count > 0).length });
    }
    const counts = new Map(wanted.list.map(([term, slots]) => [term, slots.length]));
    for (let i = 0; i < section.count; i++) {
      const count = part.liveCountOf(name, i);
      if (count !== (counts.get(section.term(i)) ?? 0)) throw new Error(`${name}: ${count} live objects have ${section.term(i)}`);
    }
  }
}
