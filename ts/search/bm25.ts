/**
 * Keyword search: the k best objects by BM25F, exactly, without scoring all that match.
 *
 * A part is gone through in windows of ordinals. In each, the groups of the query have bounds, made of the highest
 * frequencies and the fewest tokens of the blocks of postings that overlap the window (block-max: Ding & Suel 2011, "Faster
 * Top-k Document Retrieval Using Block-Max Indexes"). The groups of least weight whose bounds together cannot bring an
 * object into the hits are not essential (MaxScore: Turtle & Flood 1995, "Query Evaluation: Strategies and Optimizations"):
 * the others are added up group by group, then those are only looked up for what can still get in. A window whose bounds
 * together are too low is not decoded at all. (As Lucene's MaxScoreBulkScorer does it.)
 *
 * Bounds are compared by "less than", with some slack for rounding, so that ties are decided by slots alone.
 * Knows nothing of texts, schemas and files: terms come in, slots go out.
 */
import { invalid } from '../errors.js';
import { allowedOrdinals, isIn, isSparse } from './allowed.js';
import { Bm25Model } from './bm25-model.js';
import type { Bm25Options } from './bm25-model.js';
import { Deadline } from './deadline.js';
import { searchableTerms } from './keyword-query.js';
import type { Expansion, KeywordQuery, KeywordStatistics } from './keyword-query.js';
import { PostingsCursor } from './postings-cursor.js';
import { TopHits } from './top-hits.js';
import type { KeywordHits } from './top-hits.js';
import type { Part } from './types.js';

export interface KeywordSearchOptions extends Bm25Options {
  /** Hits wanted, at least 1. */
  readonly k: number;
  /** One bit per slot, in words of 32: only these may be returned. */
  readonly filter?: Uint32Array;
  /**
   * `and`: every term of the query must be in the object, each in any of the searched properties. Default `or`. Where
   * properties are analysed in several ways, all terms of one of the ways must be there.
   */
  readonly operator?: 'or' | 'and';
  /** `or`: so many terms must be there, in the same sense. Default 1. */
  readonly minimumMatch?: number;
  /** By default the one that evaluations have by themselves. */
  readonly deadline?: Deadline | undefined;
}

/** Ordinals that are scored together: 16 KiB of sums stay in the nearest cache. */
const WINDOW = 2048;

/** Bounds are added up in another order than scores are: by so much they may be too low. */
const SLACK = 1 + 1e-10;

/** With fewer than one in so many of the objects, a filter's objects are looked up rather than the postings read. */
const SELECTIVE = 16;

/** What looking up a term, and reading a list in a window, is told to the deadline as. */
const LOOK_UP = 10;
const LIST = 4;

// What a window is computed in, zero between windows. Evaluation is synchronous, so one of each is enough.
const sums = new Float64Array(WINDOW);
/** One bit per ordinal: whether it has a sum. */
const summed = new Int32Array(WINDOW / 32);
/** T of the expansion, and of the group, that is being read. */
const expansionValues = new Float64Array(WINDOW);
const groupValues = new Float64Array(WINDOW);
const expansionTouched = new Uint16Array(WINDOW);
const groupTouched = new Uint16Array(WINDOW);
/** u32[fields][WINDOW]: groups that are in the object. */
let matched = new Uint32Array(WINDOW);
/** Ordinals, less the window's first, that may be hits, ascending; and their sums. */
const candidates = new Uint16Array(WINDOW);
const candidateSums = new Float64Array(WINDOW);

/** A group of the query in one part. */
interface PartGroup {
  readonly field: number;
  readonly idf: number;
  readonly expansions: readonly { readonly boost: number; readonly cursors: readonly PostingsCursor[] }[];
  /** Of all expansions. */
  readonly cursorCount: number;
  /** Its cursor, if there is but one. */
  readonly single: PostingsCursor | undefined;
  readonly singleBoost: number;
}

/** Best first, ties by lower slot. Sections `terms:…` of the query's properties must have been loaded. Throws TIMEOUT. */
export function search(parts: readonly Part[], query: KeywordQuery, statistics: KeywordStatistics, options: KeywordSearchOptions): KeywordHits {
  const { k, filter, operator = 'or', minimumMatch = 1, deadline = new Deadline() } = options;
  if (!(Number.isInteger(k) && k > 0)) throw invalid('k', 'a positive integer', k);
  if (!(Number.isInteger(minimumMatch) && minimumMatch > 0)) throw invalid('minimumMatch', 'a positive integer', minimumMatch);
  const model = new Bm25Model(query, statistics, options);
  const needed = query.fields.map(({ groups }) => (operator === 'and' ? Math.max(groups.length, 1) : minimumMatch));
  const hits = new TopHits(k);
  const isSelective = filter !== undefined && isSparse(filter, parts.reduce((sum, part) => sum + part.slots.length, 0) / SELECTIVE);
  try {
    for (const part of parts) new PartSearch(part, query, model, needed, filter, hits, deadline).run(isSelective);
  } catch (error) {
    for (const scratch of [sums, summed, expansionValues, groupValues, matched]) scratch.fill(0);
    throw error;
  }
  return hits.hits();
}

/** One search in one part. */
class PartSearch {
  readonly #part: Part;
  readonly #k1: number;
  /** Rarest first, as scores are added up. Those that the part does not have are left out. */
  readonly #groups: PartGroup[] = [];
  /** By fields: groups that an object must have. */
  readonly #needed: readonly number[];
  readonly #isCounting: boolean;
  /** By number of the group and fields: the groups of the fields from there on. u32[groups + 1][fields] */
  readonly #remaining: Uint32Array;
  /** Objects without any of the first so many groups do not have enough of them. */
  readonly #mostEssential: number;
  readonly #filter: Uint32Array | undefined;
  readonly #hits: TopHits;
  readonly #deadline: Deadline;
  readonly #cursorCount: number;
  /** Of a window: at least the score of what has group i and all after it. f64[groups + 1] */
  readonly #bounds: Float64Array;

  constructor(
    part: Part, query: KeywordQuery, model: Bm25Model, needed: readonly number[], filter: Uint32Array | undefined, hits: TopHits, deadline: Deadline,
  ) {
    this.#part = part;
    this.#k1 = model.k1;
    this.#needed = needed;
    this.#isCounting = needed.some((count) => count > 1);
    this.#filter = filter;
    this.#hits = hits;
    this.#deadline = deadline;
    let cursorCount = 0;
    for (const { field, index, idf } of model.groups) {
      const { properties, groups } = query.fields[field]!;
      const expansions = (groups[index] ?? [])
        .map((expansion) => ({ boost: expansion.boost, cursors: cursorsOf(part, expansion, properties, model.factors[field]!, deadline) }))
        .filter(({ cursors }) => cursors.length);
      if (!expansions.length) continue;
      const count = expansions.reduce((sum, { cursors }) => sum + cursors.length, 0);
      cursorCount += count;
      this.#groups.push({ field, idf, expansions, cursorCount: count, single: count === 1 ? expansions[0]!.cursors[0] : undefined, singleBoost: expansions[0]!.boost });
    }
    this.#cursorCount = cursorCount;
    const count = this.#groups.length, fields = needed.length;
    this.#bounds = new Float64Array(count + 1);
    this.#remaining = new Uint32Array((count + 1) * fields);
    let mostEssential = 0;
    for (let i = count - 1; i >= 0; i--) {
      for (let f = 0; f < fields; f++) this.#remaining[i * fields + f] = this.#remaining[(i + 1) * fields + f]!;
      const field = this.#groups[i]!.field;
      const remaining = ++this.#remaining[i * fields + field]!;
      if (remaining >= needed[field]!) mostEssential = Math.max(mostEssential, i + 1);
    }
    this.#mostEssential = mostEssential;
    if (this.#isCounting && matched.length < fields * WINDOW) matched = new Uint32Array(fields * WINDOW);
  }

  run(isSelective: boolean): void {
    if (!this.#mostEssential) return;
    const size = this.#part.slots.length, hits = this.#hits, deadline = this.#deadline;
    const allowed = isSelective ? allowedOrdinals(this.#part, this.#filter!) : undefined;
    for (let from = 0; from < size; from += WINDOW) {
      const to = Math.min(from + WINDOW, size);
      let count = 0;
      if (allowed) {
        count = takeBits(allowed, from >>> 5, (to + 31) >>> 5);
        if (!count) continue;
      }
      deadline.spend(this.#cursorCount);
      this.#boundWindow(from, to);
      const bound = this.#bounds[0]! * SLACK;
      if (bound === 0 || bound < hits.threshold) continue;
      const essential = allowed ? 0 : this.#essentialCount();
      if (!allowed) {
        for (let i = 0; i < essential; i++) this.#addGroup(this.#groups[i]!, from, to);
        count = this.#takeSums(from, to, this.#bounds[essential]!);
      }
      for (let i = essential; i < this.#groups.length && count; i++) {
        count = this.#prune(count, i);
        if (count) count = this.#lookUp(this.#groups[i]!, count, from, this.#bounds[i + 1]!);
      }
      this.#offer(count, from);
      if (this.#isCounting) matched.fill(0);
    }
    for (const { expansions } of this.#groups) for (const { cursors } of expansions) for (const cursor of cursors) cursor.release();
  }

  #boundWindow(from: number, to: number): void {
    const bounds = this.#bounds, groups = this.#groups;
    let bound = 0;
    for (let i = groups.length - 1; i >= 0; i--) {
      const { idf, expansions } = groups[i]!;
      let most = 0;
      for (const { boost, cursors } of expansions) {
        let value = 0;
        for (const cursor of cursors) value += cursor.boundIn(from, to);
        if (boost * value > most) most = boost * value;
      }
      if (most) bound += idf * most / (this.#k1 + most);
      bounds[i] = bound;
    }
  }

  /** So many groups, from the rarest on, of which every possible hit has one. */
  #essentialCount(): number {
    const threshold = this.#hits.threshold;
    let count = this.#mostEssential;
    while (count > 0 && this.#bounds[count - 1]! * SLACK < threshold) count--;
    return count;
  }

  /** Adds a group's scores to the sums of the window. */
  #addGroup(group: PartGroup, from: number, to: number): void {
    this.#deadline.spend(LIST * group.cursorCount);
    const counts = this.#isCounting ? matched.subarray(group.field * WINDOW, (group.field + 1) * WINDOW) : undefined;
    if (group.single) {
      addPostings(group.single, group.idf, group.singleBoost, this.#k1, from, to, counts);
      return;
    }
    const { idf, expansions } = group, k1 = this.#k1;
    let groupCount = 0;
    for (const { boost, cursors } of expansions) {
      let count = 0;
      for (const cursor of cursors) count = addValues(cursor, from, to, count);
      for (let j = 0; j < count; j++) {
        const i = expansionTouched[j]!;
        const value = boost * expansionValues[i]!;
        expansionValues[i] = 0;
        if (groupValues[i] === 0) groupTouched[groupCount++] = i;
        if (value > groupValues[i]!) groupValues[i] = value;
      }
    }
    for (let j = 0; j < groupCount; j++) {
      const i = groupTouched[j]!, value = groupValues[i]!;
      groupValues[i] = 0;
      sums[i]! += idf * value / (k1 + value);
      summed[i >>> 5]! |= 1 << i;
      if (counts) counts[i]!++;
    }
  }

  /** Moves the sums of what is live, allowed, and can reach the threshold with `more`, to the candidates; how many. */
  #takeSums(from: number, to: number, more: number): number {
    const threshold = this.#hits.threshold, live = this.#part.live, slots = this.#part.slots, filter = this.#filter;
    let count = 0;
    for (let word = 0, words = (to - from + 31) >>> 5; word < words; word++) {
      let bits = summed[word]!;
      summed[word] = 0;
      // `from` is a multiple of 32.
      const alive = live ? live[(from >>> 5) + word]! : -1;
      while (bits) {
        const bit = 31 - Math.clz32(bits & -bits), i = (word << 5) + bit, sum = sums[i]!;
        bits &= bits - 1;
        sums[i] = 0;
        if ((sum + more) * SLACK < threshold || !(alive >>> bit & 1)) continue;
        if (filter && !isIn(filter, slots[from + i]!)) continue;
        candidates[count] = i;
        candidateSums[count++] = sum;
      }
    }
    return count;
  }

  /** Keeps the candidates that can get in with the groups from number `group` on; how many. */
  #prune(count: number, group: number): number {
    const threshold = this.#hits.threshold, more = this.#bounds[group]!;
    let kept = 0;
    for (let j = 0; j < count; j++) {
      const sum = candidateSums[j]!, i = candidates[j]!;
      if ((sum + more) * SLACK < threshold || (this.#isCounting && !this.#hasEnough(i, group))) continue;
      candidates[kept] = i;
      candidateSums[kept++] = sum;
    }
    return kept;
  }

  /** Whether an object has enough groups if it has all from number `group` on. */
  #hasEnough(i: number, group: number): boolean {
    const needed = this.#needed;
    for (let f = 0; f < needed.length; f++) {
      if (matched[f * WINDOW + i]! + this.#remaining[group * needed.length + f]! >= needed[f]!) return true;
    }
    return false;
  }

  /** Adds a group's scores to those of candidates; how many of these can get in with `more` beside it. */
  #lookUp({ field, idf, expansions, cursorCount, single, singleBoost }: PartGroup, count: number, from: number, more: number): number {
    const k1 = this.#k1, deadline = this.#deadline, threshold = this.#hits.threshold, counts = this.#isCounting ? matched : undefined;
    let kept = 0, boundedBlock = -1, bound = 0;
    for (let j = 0; j < count; j++) {
      const i = candidates[j]!, sum = candidateSums[j]!;
      let value = 0;
      if (!single) {
        deadline.spend(cursorCount);
        for (const { boost, cursors } of expansions) {
          let most = 0;
          for (const cursor of cursors) most += cursor.valueAt(from + i);
          if (boost * most > value) value = boost * most;
        }
      } else if (single.seekBlock(from + i)) {
        if (single.block !== boundedBlock) {
          boundedBlock = single.block;
          const most = singleBoost * single.boundOf(boundedBlock);
          bound = idf * most / (k1 + most) + more;
        }
        if ((sum + bound) * SLACK < threshold) continue;
        value = singleBoost * single.valueInBlock(from + i);
      }
      candidates[kept] = i;
      candidateSums[kept++] = value ? sum + idf * value / (k1 + value) : sum;
      if (value && counts) counts[field * WINDOW + i]!++;
    }
    return kept;
  }

  #offer(count: number, from: number): void {
    const hits = this.#hits, slots = this.#part.slots;
    for (let j = 0; j < count; j++) {
      const sum = candidateSums[j]!, i = candidates[j]!;
      if (sum === 0 || sum < hits.threshold || (this.#isCounting && !this.#hasEnough(i, this.#groups.length))) continue;
      hits.offer(slots[from + i]!, sum);
    }
  }
}

function cursorsOf(
  part: Part, { term }: Expansion, properties: KeywordQuery['fields'][number]['properties'], factors: Bm25Model['factors'][number], deadline: Deadline,
): PostingsCursor[] {
  deadline.spend(LOOK_UP * properties.length);
  const cursors: PostingsCursor[] = [];
  properties.forEach(({ name }, p) => {
    const terms = searchableTerms(part, name);
    const index = terms ? terms.find(term) : -1;
    if (index >= 0) cursors.push(new PostingsCursor(terms!.postings(index), terms!, factors[p]!));
  });
  return cursors;
}

/** The hot loop: adds the scores of a group that is one list of postings to the sums. */
function addPostings(cursor: PostingsCursor, idf: number, boost: number, k1: number, from: number, to: number, counts: Uint32Array | undefined): void {
  const { terms, factor } = cursor;
  while (cursor.seekBlock(from)) {
    if (cursor.decoded !== cursor.block) cursor.decode();
    const { ordinals, frequencies, count } = cursor;
    let at = cursor.at;
    while (at < count && ordinals[at]! < from) at++;
    for (; at < count; at++) {
      const ordinal = ordinals[at]!;
      if (ordinal >= to) break;
      const i = ordinal - from, value = boost * (frequencies[at]! * factor.of(terms.tokensOf(ordinal)));
      sums[i]! += idf * value / (k1 + value);
      summed[i >>> 5]! |= 1 << i;
      if (counts) counts[i]!++;
    }
    cursor.at = at;
    if (at < count || cursor.postings.lastOf(cursor.block) >= to - 1) return;
    cursor.block++;
  }
}

/** Adds the values of one of several lists to those of its expansion; how many objects have one, with `touched` before. */
function addValues(cursor: PostingsCursor, from: number, to: number, touched: number): number {
  const { terms, factor } = cursor;
  while (cursor.seekBlock(from)) {
    if (cursor.decoded !== cursor.block) cursor.decode();
    const { ordinals, frequencies, count } = cursor;
    let at = cursor.at;
    while (at < count && ordinals[at]! < from) at++;
    for (; at < count; at++) {
      const ordinal = ordinals[at]!;
      if (ordinal >= to) break;
      const i = ordinal - from;
      if (expansionValues[i] === 0) expansionTouched[touched++] = i;
      expansionValues[i]! += frequencies[at]! * factor.of(terms.tokensOf(ordinal));
    }
    cursor.at = at;
    if (at < count || cursor.postings.lastOf(cursor.block) >= to - 1) break;
    cursor.block++;
  }
  return touched;
}

/** Makes candidates without a score of the bits in words [from, to); how many. */
function takeBits(words: Uint32Array, from: number, to: number): number {
  let count = 0;
  for (let word = from; word < to; word++) {
    for (let bits = words[word]!; bits; bits &= bits - 1) {
      candidates[count] = ((word - from) << 5) + 31 - Math.clz32(bits & -bits);
      candidateSums[count++] = 0;
    }
  }
  return count;
}
