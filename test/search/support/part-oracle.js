/** What parts should hold, from the objects themselves by plain means; and what they do hold, by their interfaces. */
import { expect } from 'vitest';
import { tokenize } from '../../../ts/search/tokenizer.js';
import { BLOCK } from '../../../ts/search/types.js';
import { SPECS, STEMMERS } from './random-docs.js';

/** Plain data; `expect` compares the same much more slowly, so it is asked only to tell the difference. */
export function expectEqual(found, wanted) {
  if (JSON.stringify(found) !== JSON.stringify(wanted)) expect(found).toEqual(wanted);
}

const NAMES = SPECS.map(({ name }) => name).sort();
const KEYS = ['created', 'updated', ...NAMES.flatMap((name) => [`value:${name}`, `length:${name}`])].sort((x, y) => (`k ${x}` < `k ${y}` ? -1 : 1));

const listOf = (value) => (Array.isArray(value) ? value : [value]);

/** `objects`: { doc, properties }[]. Everything is by slot, so that parts of other ordinals can be compared. */
export function expected(objects) {
  const sorted = [...objects].sort((x, y) => x.doc.slot - y.doc.slot);
  const all = { slots: sorted.map(({ doc }) => doc.slot), terms: {}, numbers: {}, places: {}, present: {} };
  const numbers = (key, value, slot) => {
    const slots = ((all.numbers[key] ??= new Map()).get(value) ?? new Set()).add(slot);
    all.numbers[key].set(value, slots);
  };
  for (const { doc: { slot, created, updated }, properties } of sorted) {
    numbers('created', created, slot);
    numbers('updated', updated, slot);
    for (const { name, dataType, filterable, searchable, tokenization, stemming } of SPECS) {
      const value = properties[name];
      if (value === undefined || !filterable && !searchable) continue;
      const type = dataType.replace('[]', '');
      if (filterable) {
        (all.present[`p ${name}`] ??= []).push(slot);
        if (dataType !== type) numbers(`length:${name}`, value.length, slot);
        else if (type === 'text') numbers(`length:${name}`, [...value].length, slot);
      }
      for (const element of listOf(value)) {
        if (type === 'text' || type === 'uuid') {
          const tokens = type === 'uuid' ? [element] : tokenize(element, tokenization).map((token) => (stemming ? STEMMERS.get(stemming)(token) : token));
          for (const token of tokens) {
            const terms = all.terms[`p ${name}`] ??= { searchable, tokens: new Map(), postings: new Map() };
            const slots = terms.postings.get(token) ?? new Map();
            slots.set(slot, (slots.get(slot) ?? 0) + 1);
            terms.postings.set(token, slots);
            terms.tokens.set(slot, (terms.tokens.get(slot) ?? 0) + 1);
          }
        } else if (type === 'geoCoordinates') {
          (all.places[`p ${name}`] ??= []).push([element.latitude, element.longitude, slot]);
        } else {
          numbers(`value:${name}`, type === 'date' ? new Date(element).getTime() : Number(element), slot);
        }
      }
    }
  }
  const plain = { slots: all.slots, terms: {}, numbers: {}, places: {}, present: all.present };
  for (const [name, { searchable, tokens, postings }] of Object.entries(all.terms)) {
    plain.terms[name] = {
      hasFrequencies: searchable,
      tokens: searchable ? all.slots.map((slot) => tokens.get(slot) ?? 0) : all.slots.map(() => 0),
      list: [...postings].sort(([x], [y]) => Buffer.compare(Buffer.from(x), Buffer.from(y)))
        .map(([term, slots]) => [term, [...slots].map(([slot, frequency]) => [slot, searchable ? frequency : 1])]),
    };
  }
  // In one order, however the objects came.
  const ordered = (object) => Object.fromEntries(Object.keys(object).sort().map((key) => [key, object[key]]));
  for (const [key, map] of Object.entries(all.numbers)) plain.numbers[`k ${key}`] = [...map].sort(([x], [y]) => x - y).map(([value, slots]) => [value, [...slots]]);
  for (const [name, list] of Object.entries(all.places)) plain.places[name] = list.sort((x, y) => x[0] - y[0] || x[1] - y[1] || x[2] - y[2]);
  return { slots: plain.slots, terms: ordered(plain.terms), numbers: ordered(plain.numbers), places: ordered(plain.places), present: ordered(plain.present) };
}

/** In the same form. Stale objects are in it. */
export function held(part) {
  const slots = [...part.slots];
  const found = { slots, terms: {}, numbers: {}, places: {}, present: {} };
  for (const name of NAMES) {
    const terms = part.terms(name);
    if (terms) {
      found.terms[`p ${name}`] = {
        hasFrequencies: terms.hasFrequencies,
        tokens: slots.map((_, ordinal) => terms.tokensOf(ordinal)),
        list: Array.from({ length: terms.count }, (_, i) => [terms.term(i), listed(terms.postings(i), slots, terms.hasFrequencies)]),
      };
    }
    const places = part.places(name);
    if (places) found.places[`p ${name}`] = [...places.ordinals].map((ordinal, i) => [places.latitudes[i], places.longitudes[i], slots[ordinal]]);
    const present = part.present(name);
    if (present) found.present[`p ${name}`] = listed(present, slots, false).map(([slot]) => slot);
  }
  for (const key of KEYS) {
    const numbers = part.numbers(key);
    if (!numbers) continue;
    found.numbers[`k ${key}`] = [...numbers.keys].map((value, i) => [value, ordinalsOf(numbers, i, i + 1).map((ordinal) => slots[ordinal])]);
    for (const [i, [, of]] of found.numbers[`k ${key}`].entries()) if (numbers.countOf(i) !== of.length) throw new Error(`countOf(${i}) of ${key}: ${numbers.countOf(i)}`);
  }
  return found;
}

export function ordinalsOf(numbers, from, to) {
  const all = [];
  numbers.each(from, to, (ordinals, count) => all.push(...ordinals.subarray(0, count)));
  return all;
}

export function listed(postings, slots, hasFrequencies) {
  const list = [];
  const ordinals = new Uint32Array(BLOCK);
  const frequencies = new Uint32Array(BLOCK);
  for (let block = 0; block < postings.blockCount; block++) {
    const count = postings.decode(block, ordinals, frequencies);
    for (let i = 0; i < count; i++) list.push([slots[ordinals[i]], hasFrequencies ? frequencies[i] : 1]);
  }
  return list;
}
