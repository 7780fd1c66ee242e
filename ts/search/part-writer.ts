/** Builds a part from objects: keys are collected in the order of ordinals, then sorted, section by section. */
import type { Analyzer, Field, KeySink } from './analyzer.js';
import { writeNumbers } from './numbers.js';
import { writePresent, type Sections } from './part.js';
import { writePlaces } from './places.js';
import { PostingsWriter } from './postings.js';
import { bytesOf, finished, grown } from './section.js';
import { TermsWriter, encodeInto } from './terms.js';
import type { Doc, SectionName } from './types.js';

/** In any order, of distinct slots. */
export function buildPart(docs: readonly Doc[], analyzer: Analyzer): Sections {
  const sorted = [...docs].sort((x, y) => x.slot - y.slot);
  const collector = new Collector(analyzer.fields, sorted.length);
  const created = new NumberCollector();
  const updated = new NumberCollector();
  for (const [ordinal, doc] of sorted.entries()) {
    collector.ordinal = ordinal;
    created.add(doc.created, ordinal);
    updated.add(doc.updated, ordinal);
    analyzer.extract(doc.properties, collector);
  }
  const sections: Sections = new Map([['slots', bytesOf(Uint32Array.from(sorted, ({ slot }) => slot))]]);
  put(sections, 'numbers:created', created.section());
  put(sections, 'numbers:updated', updated.section());
  for (const [i, { name }] of analyzer.fields.entries()) {
    const { terms, values, lengths, places, present } = collector.columns[i]!;
    put(sections, `terms:${name}`, terms.section());
    put(sections, `numbers:value:${name}`, values.section());
    put(sections, `numbers:length:${name}`, lengths.section());
    put(sections, `places:${name}`, places.section());
    put(sections, `present:${name}`, finished(writePresent(present)));
  }
  return sections;
}

function put(sections: Sections, name: SectionName, section: Uint8Array | undefined): void {
  if (section) sections.set(name, section);
}

class Collector implements KeySink {
  /** The object whose keys come. */
  ordinal = 0;
  /** Of each field. */
  readonly columns: readonly {
    terms: TermCollector; values: NumberCollector; lengths: NumberCollector; places: PlaceCollector; present: PostingsWriter;
  }[];
  readonly #fields: readonly Field[];

  constructor(fields: readonly Field[], count: number) {
    this.#fields = fields;
    this.columns = fields.map(({ searchable }) => ({
      terms: new TermCollector(searchable ? new Uint32Array(count) : undefined),
      values: new NumberCollector(),
      lengths: new NumberCollector(),
      places: new PlaceCollector(),
      present: new PostingsWriter(),
    }));
  }

  present(field: number): void { this.columns[field]!.present.add(this.ordinal, 1); }
  length(field: number, length: number): void { this.columns[field]!.lengths.add(length, this.ordinal); }
  tokens(field: number, tokens: readonly string[]): void { this.columns[field]!.terms.add(tokens, this.ordinal); }

  number(field: number, key: number): void {
    if (this.#fields[field]!.filterable) this.columns[field]!.values.add(key, this.ordinal);
  }

  place(field: number, latitude: number, longitude: number): void {
    if (this.#fields[field]!.filterable) this.columns[field]!.places.add(latitude, longitude, this.ordinal);
  }
}

/** Tokens as they come: numbers of terms, each beside its ordinal. */
class TermCollector {
  /** Per ordinal; of searchable properties. */
  readonly #tokens: Uint32Array | undefined;
  readonly #numbers = new Map<string, number>();
  #terms = new Uint32Array(0);
  #ordinals = new Uint32Array(0);
  #count = 0;

  constructor(tokens: Uint32Array | undefined) {
    this.#tokens = tokens;
  }

  add(tokens: readonly string[], ordinal: number): void {
    if (this.#count + tokens.length > this.#terms.length) {
      this.#terms = grown(this.#terms, this.#count + tokens.length);
      this.#ordinals = grown(this.#ordinals, this.#terms.length);
    }
    for (const token of tokens) {
      let term = this.#numbers.get(token);
      if (term === undefined) this.#numbers.set(token, term = this.#numbers.size);
      this.#terms[this.#count] = term;
      this.#ordinals[this.#count++] = ordinal;
    }
    if (this.#tokens) this.#tokens[ordinal]! += tokens.length;
  }

  section(): Uint8Array | undefined {
    const sorted = inCodePoints([...this.#numbers.keys()]);
    const { starts, ordinals } = grouped(this.#terms.subarray(0, this.#count), this.#ordinals, this.#numbers.size);
    let textMax = 0;
    for (const term of sorted) textMax = Math.max(textMax, term.length);
    const text = new Uint8Array(3 * textMax);
    const writer = new TermsWriter(this.#tokens, { terms: sorted.length, textBytes: 8 * sorted.length, listBytes: 2 * this.#count });
    for (const term of sorted) {
      const number = this.#numbers.get(term)!;
      const to = starts[number + 1]!;
      for (let from = starts[number]!; from < to;) {
        const ordinal = ordinals[from]!;
        let end = from + 1;
        while (end < to && ordinals[end] === ordinal) end++;
        writer.lists.add(ordinal, end - from);
        from = end;
      }
      writer.add(text, 0, encodeInto(term, text));
    }
    return finished(writer.finish());
  }
}

class NumberCollector {
  #keys = new Float64Array(0);
  #ordinals = new Uint32Array(0);
  #count = 0;

  add(key: number, ordinal: number): void {
    if (this.#count === this.#keys.length) {
      this.#keys = grown(this.#keys, this.#count + 1);
      this.#ordinals = grown(this.#ordinals, this.#keys.length);
    }
    this.#keys[this.#count] = key;
    this.#ordinals[this.#count++] = ordinal;
  }

  section(): Uint8Array | undefined {
    if (this.#count === 0) return undefined;
    const distinct = distinctOf(this.#keys.slice(0, this.#count).sort());
    const ranks = new Uint32Array(this.#count);
    for (let i = 0; i < this.#count; i++) ranks[i] = rankOf(distinct, this.#keys[i]!);
    const { starts, ordinals } = grouped(ranks, this.#ordinals, distinct.length);
    // A list may have a number twice; its object has it once.
    let kept = 0;
    for (let key = 0; key < distinct.length; key++) {
      const from = starts[key]!;
      const to = starts[key + 1]!;
      starts[key] = kept;
      for (let i = from; i < to; i++) if (i === from || ordinals[i] !== ordinals[i - 1]) ordinals[kept++] = ordinals[i]!;
    }
    starts[distinct.length] = kept;
    return finished(writeNumbers(distinct, starts, ordinals.subarray(0, kept)));
  }
}

class PlaceCollector {
  readonly #latitudes: number[] = [];
  readonly #longitudes: number[] = [];
  readonly #ordinals: number[] = [];

  add(latitude: number, longitude: number, ordinal: number): void {
    this.#latitudes.push(latitude);
    this.#longitudes.push(longitude);
    this.#ordinals.push(ordinal);
  }

  section(): Uint8Array | undefined {
    const order = Uint32Array.from(this.#ordinals.keys()).sort((x, y) =>
      this.#latitudes[x]! - this.#latitudes[y]! || this.#longitudes[x]! - this.#longitudes[y]! || x - y);
    return finished(writePlaces({
      latitudes: Float64Array.from(order, (i) => this.#latitudes[i]!),
      longitudes: Float64Array.from(order, (i) => this.#longitudes[i]!),
      ordinals: Uint32Array.from(order, (i) => this.#ordinals[i]!),
    }));
  }
}

/** Counting sort: group i is ordinals[starts[i]:starts[i + 1]], in the order they came. */
function grouped(groups: Uint32Array, ordinals: Uint32Array, count: number): { starts: Uint32Array; ordinals: Uint32Array } {
  const starts = new Uint32Array(count + 1);
  for (const group of groups) starts[group + 1]!++;
  for (let i = 0; i < count; i++) starts[i + 1]! += starts[i]!;
  const at = starts.slice();
  const sorted = new Uint32Array(groups.length);
  for (let i = 0; i < groups.length; i++) sorted[at[groups[i]!]!++] = ordinals[i]!;
  return { starts, ordinals: sorted };
}

/** In place. */
function distinctOf(sorted: Float64Array): Float64Array {
  let count = 0;
  for (const key of sorted) if (count === 0 || key !== sorted[count - 1]) sorted[count++] = key;
  return sorted.slice(0, count);
}

function rankOf(keys: Float64Array, key: number): number {
  let low = 0;
  let high = keys.length - 1;
  while (low < high) {
    const middle = low + high >>> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Sorted as their UTF-8 bytes are. Strings compare by UTF-16 units, which is another order where there are surrogates. */
function inCodePoints(terms: string[]): string[] {
  return terms.some((term) => SURROGATE.test(term)) ? terms.sort(byCodePoints) : terms.sort();
}

const SURROGATE = /[\ud800-\udfff]/;

function byCodePoints(x: string, y: string): number {
  const length = Math.min(x.length, y.length);
  for (let i = 0; i < length; i++) {
    const difference = x.charCodeAt(i) - y.charCodeAt(i);
    // Surrogates stand for code points above all others: at the first units that differ they are after U+E000 … U+FFFF.
    if (difference !== 0) return rank(x.charCodeAt(i)) - rank(y.charCodeAt(i));
  }
  return x.length - y.length;
}

const rank = (unit: number): number => (unit & 0xf800) === 0xd800 ? unit + 0x10000 : unit;
