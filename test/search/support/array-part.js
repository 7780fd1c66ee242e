/** A part of plain arrays: what queries see of the real ones, and how many postings were decoded and scored. Text properties only. */

/** Below in code points, as terms are sorted. */
const byCodePoints = (x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y));

class ArrayPostings {
  constructor(entries, tokens, blockSize, counters) {
    Object.assign(this, { entries, tokens, blockSize, counters });
    this.count = entries.length;
    this.blockCount = Math.ceil(entries.length / blockSize);
  }
  #block(block) { return this.entries.slice(block * this.blockSize, (block + 1) * this.blockSize); }
  lastOf(block) { return this.entries[Math.min((block + 1) * this.blockSize, this.count) - 1][0]; }
  maxFrequencyOf(block) { return Math.max(...this.#block(block).map(([, frequency]) => frequency)); }
  minTokensOf(block) { return Math.min(...this.#block(block).map(([ordinal]) => this.tokens[ordinal])); }
  decode(block, ordinals, frequencies) {
    const entries = this.#block(block);
    entries.forEach(([ordinal, frequency], i) => {
      ordinals[i] = ordinal;
      if (frequencies) frequencies[i] = frequency;
    });
    this.counters.decoded += entries.length;
    return entries.length;
  }
}

class ArrayTerms {
  hasFrequencies = true;
  #numbers;
  constructor(lists, tokens, blockSize, counters) {
    Object.assign(this, { lists, tokens, blockSize, counters });
    this.names = [...lists.keys()].sort(byCodePoints);
    this.count = this.names.length;
    this.#numbers = new Map(this.names.map((name, i) => [name, i]));
  }
  find(term) { return this.#numbers.get(term) ?? -1; }
  lowerBound(term) {
    const index = this.names.findIndex((name) => byCodePoints(name, term) >= 0);
    return index < 0 ? this.count : index;
  }
  term(index) { return this.names[index]; }
  postings(index) { return new ArrayPostings(this.lists.get(this.names[index]), this.tokens, this.blockSize, this.counters); }
  /** Asked for each posting that is scored. */
  tokensOf(ordinal) {
    this.counters.scored++;
    return this.tokens[ordinal];
  }
}

export class ArrayPart {
  live = undefined;
  staleCount = 0;
  #terms = new Map();

  /** `docs`: { slot, properties: { name: tokens } }. `stale`: their slots. */
  constructor(docs, { stale = new Set(), blockSize = 128 } = {}) {
    this.counters = { decoded: 0, scored: 0 };
    this.docs = [...docs].sort((x, y) => x.slot - y.slot);
    this.slots = Uint32Array.from(this.docs, (doc) => doc.slot);
    if (this.docs.some(({ slot }) => stale.has(slot))) {
      this.live = new Uint32Array(Math.ceil(this.docs.length / 32));
      this.docs.forEach(({ slot }, i) => {
        if (stale.has(slot)) this.staleCount++;
        else this.live[i >>> 5] |= 1 << (i & 31);
      });
    }
    for (const name of new Set(this.docs.flatMap(({ properties }) => Object.keys(properties)))) {
      const lists = new Map();
      const tokens = new Uint32Array(this.docs.length);
      this.docs.forEach(({ properties }, ordinal) => {
        const frequencies = new Map();
        for (const term of properties[name] ?? []) frequencies.set(term, (frequencies.get(term) ?? 0) + 1);
        tokens[ordinal] = (properties[name] ?? []).length;
        for (const [term, frequency] of frequencies) {
          if (!lists.has(term)) lists.set(term, []);
          lists.get(term).push([ordinal, frequency]);
        }
      });
      if (lists.size) this.#terms.set(name, new ArrayTerms(lists, tokens, blockSize, this.counters));
    }
  }

  isLive(ordinal) { return !this.live || (this.live[ordinal >>> 5] >>> (ordinal & 31) & 1) === 1; }
  terms(property) { return this.#terms.get(property); }
  numbers() { return undefined; }
  places() { return undefined; }
  present() { return undefined; }
  liveTokens(property) {
    const counts = this.docs.map((_, i) => (this.isLive(i) ? this.terms(property)?.tokensOf(i) ?? 0 : 0));
    return { tokens: counts.reduce((sum, count) => sum + count, 0), objects: counts.filter((count) => count > 0).length };
  }
  liveCountOf(property, index) {
    const terms = this.terms(property);
    return terms.lists.get(terms.names[index]).filter(([ordinal]) => this.isLive(ordinal)).length;
  }
}
