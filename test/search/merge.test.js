/** Merging parts gives the very bytes that building anew from the live objects gives. */
import { describe, expect, it } from 'vitest';
import { Analyzer } from '../../ts/search/analyzer.js';
import { mergeParts } from '../../ts/search/merge.js';
import { buildPart } from '../../ts/search/part-writer.js';
import { SectionedPart } from '../../ts/search/part.js';
import { integer, pick, random } from '../conformance/random.js';
import { expectEqual, expected, held } from './support/part-oracle.js';
import { SPECS, STEMMERS, docOf } from './support/random-docs.js';

const FIRST_SEED = Number(process.env.VECTILE_SEED ?? 1);

const analyzer = new Analyzer(SPECS, STEMMERS);
const built = (objects) => buildPart(objects.map(({ doc }) => doc), analyzer);

function finished(steps, between = () => {}) {
  for (let count = 1; ; count++) {
    const { done, value } = steps.next();
    if (done) return { sections: value, count };
    between();
  }
}

function expectSame(sections, wanted) {
  expect([...sections.keys()].sort()).toEqual([...wanted.keys()].sort());
  for (const [name, bytes] of wanted) if (Buffer.compare(sections.get(name), bytes) !== 0) throw new Error(`section ${name} differs`);
}

describe('merging', () => {
  it('of nothing, and of parts with nothing live, is a part without objects', () => {
    const objects = [docOf(random(1), 4), docOf(random(2), 5)];
    const part = SectionedPart.of(built(objects));
    part.markStale(4);
    part.markStale(5);
    for (const inputs of [[], [part], [part, part]]) expect([...finished(mergeParts(inputs)).sections.keys()]).toEqual(['slots']);
  });

  it('keeps what specs added later have, beside objects without it', () => {
    const before = new Analyzer(SPECS.slice(0, 3), STEMMERS);
    const objects = Array.from({ length: 60 }, (_, i) => docOf(random(i + 1), i));
    const old = objects.slice(0, 30).map(({ doc, properties }) => {
      const known = Object.fromEntries(SPECS.slice(0, 3).flatMap(({ name }) => (properties[name] === undefined ? [] : [[name, properties[name]]])));
      return { properties: known, doc: { ...doc, properties: new TextEncoder().encode(JSON.stringify(known)) } };
    });
    const parts = [SectionedPart.of(buildPart(old.map(({ doc }) => doc), before)), SectionedPart.of(built(objects.slice(30)))];
    expectSame(finished(mergeParts(parts)).sections, built([...old, ...objects.slice(30)]));
  });

  it('equals building anew, byte for byte, whatever happens between two steps', () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + 100; seed++) {
      const next = random(seed);
      const extent = integer(next, 1, seed % 10 === 0 ? 1200 : 120);
      const parts = [];
      const holders = [];
      // Consecutive slots per part, as an import gives them, or scattered over all; some are written anew in a later part.
      const isScattered = next() < 0.6;
      const partCount = integer(next, 1, 10);
      for (let p = 0; p < partCount; p++) {
        const objects = [];
        for (let slot = 0; slot < extent; slot++) {
          const isHere = isScattered ? next() < 1.5 / partCount : Math.floor(slot * partCount / extent) === p || next() < 0.05;
          if (isHere) objects.push(docOf(next, slot));
        }
        if (objects.length === 0 && next() < 0.8) continue;
        const part = SectionedPart.of(built(objects));
        for (const { doc: { slot } } of objects) for (const earlier of parts) earlier.markStale(slot);
        parts.push(part);
        for (const object of objects) holders[object.doc.slot] = object;
      }
      for (let slot = 0; slot < extent; slot++) {
        if (holders[slot] && next() < 0.1) {
          for (const part of parts) part.markStale(slot);
          delete holders[slot];
        }
      }
      const live = holders.filter(Boolean);
      try {
        const steps = mergeParts(next() < 0.5 ? parts : [...parts].reverse());
        const { sections } = finished(steps, () => {
          // From now on inputs may change, and lose their sections.
          for (const part of parts) {
            part.markStale(integer(next, 0, extent));
            if (part.names.length) part.drop(pick(next, part.names));
          }
        });
        expectSame(sections, built(live));
        if (seed % 5 === 0) expectEqual(held(SectionedPart.of(sections)), expected(live));
      } catch (error) {
        error.message = `seed ${seed}: ${error.message}`;
        throw error;
      }
    }
  });

  it('takes many short steps', () => {
    const specs = [
      { name: 'n', dataType: 'number', filterable: true, searchable: false },
      { name: 't', dataType: 'text', tokenization: 'word', filterable: true, searchable: true },
    ];
    const small = new Analyzer(specs, STEMMERS);
    const next = random(3);
    const encoder = new TextEncoder();
    const docs = Array.from({ length: 40_000 }, (_, slot) => ({
      slot, created: slot >> 5, updated: slot,
      properties: encoder.encode(JSON.stringify({ n: next(), t: `all w${integer(next, 0, 50)} v${integer(next, 0, 5000)} all` })),
    }));
    const parts = [0, 1, 2, 3].map((p) => SectionedPart.of(buildPart(docs.filter(({ slot }) => slot % 4 === p), small)));
    const { sections, count } = finished(mergeParts(parts));
    expectSame(sections, buildPart(docs, small));
    expect(count).toBeGreaterThan(30);
  });
});
