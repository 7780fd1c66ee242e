/**
 * The inverted index of a shard: kept in step with its objects, asked by filters and keywords, and built anew of the objects
 * where its files are damaged. Evaluation is synchronous once what it reads is in memory.
 */
import { VectileError } from '../errors.js';
import { explain, explainText } from '../search/bm25-explain.js';
import { search } from '../search/bm25.js';
import { Deadline } from '../search/deadline.js';
import { expand } from '../search/expand.js';
import { evaluate, sectionsOf, type FilterNode } from '../search/filter.js';
import { InvertedIndex, type InvertedOptions, type InvertedStats } from '../search/inverted.js';
import { statistics, type KeywordQuery, type KeywordStatistics } from '../search/keyword-query.js';
import type { SectionedPart } from '../search/part.js';
import { SlotSet } from '../search/slot-set.js';
import type { FrozenPart, PartFile } from '../search/stored-part.js';
import type { Doc, NumbersKey, SectionName } from '../search/types.js';
import type { Analyzer } from '../search/analyzer.js';
import type { Objects } from './objects.js';
import { pause } from './pause.js';
import type { HitNumbers, KeywordHits, KeywordRequest, Question, StoredObject } from './types.js';

/** Milliseconds for which an index is built anew before everything else has its turn. */
const REBUILD_MS = 4;

/** Of the object in a slot, wherever it is moved; undefined if the slot is free. */
type ReadObject = (slot: number) => Promise<StoredObject | undefined>;

export class ShardSearch {
  readonly #objects: Objects;
  readonly #readObject: ReadObject;
  readonly #index: InvertedIndex;
  /** False: there are objects that it lacks. */
  #isComplete: boolean;
  #isClosed = false;
  /** True: work could not read what it needs. */
  #isStuck = false;
  #rebuilding: Promise<void> | undefined;

  private constructor(objects: Objects, readObject: ReadObject, index: InvertedIndex) {
    this.#objects = objects;
    this.#readObject = readObject;
    this.#index = index;
    this.#isComplete = index.size === objects.table.size;
  }

  /**
   * Of the objects as of a snapshot, before any record after it is applied. `files`: of its parts; undefined where the
   * snapshot was written without. An object that is damaged is no reason to fail: it is one for searches, later.
   */
  static async open(objects: Objects, readObject: ReadObject, files: readonly PartFile[] | undefined, options: InvertedOptions): Promise<ShardSearch> {
    let index: InvertedIndex;
    try {
      const { table } = objects;
      index = await InvertedIndex.open(files ?? [], table.size === table.extent || ((slot) => table.has(slot)), options);
    } catch (cause) {
      if (!isDamage(cause)) throw cause;
      index = new InvertedIndex(options);
    }
    const opened = new ShardSearch(objects, readObject, index);
    if (!opened.#isComplete) await opened.#rebuild().catch(() => {});
    return opened;
  }

  put(doc: Doc): void { this.#index.put(doc); }
  remove(slot: number): void { this.#index.remove(slot); }
  configure(analyzer: Analyzer): void { this.#index.configure(analyzer); }
  stats(): InvertedStats { return this.#index.stats(); }
  get residentBytes(): number {
    const { bytes } = this.#index.stats();
    return bytes.resident + bytes.tables;
  }

  /** A search would have to wait for work, which goes on. */
  get isBehind(): boolean { return this.#isComplete && !this.#isStuck && this.#index.isBehind; }

  /** Gives its share of the cache back. What is under way ends with CLOSED. */
  close(): void {
    this.#isClosed = true;
    this.#index.reset();
  }

  /** Slots of all live objects; a copy. */
  all(): SlotSet {
    const { table } = this.#objects;
    return this.#isComplete ? this.#index.all().copy() : SlotSet.of(table.slots(), table.extent);
  }

  /** Seals and merges for about so long; true while there is more to do. A part that is damaged is met, and mended, by whoever asks for it. */
  work(budgetMs: number): boolean {
    if (!this.#isComplete) return false;
    try {
      const isBusy = this.#index.work(budgetMs);
      this.#isStuck = false;
      return isBusy;
    } catch (cause) {
      if (!(cause instanceof VectileError)) throw cause;
      this.#isStuck = true;
      // what could not be read for once is read again when there is work again
      if (isDamage(cause)) this.#isComplete = false;
      else if (cause.code !== 'STORAGE_FAILED') throw cause;
      return false;
    }
  }

  /** Parts as of this moment; undefined if they are not all there is. */
  freeze(): readonly FrozenPart[] | undefined { return this.#isComplete ? this.#index.freeze() : undefined; }

  /**
   * What `use` makes of the slots of live objects for which the filter is true, undefined without a filter, and of columns, which
   * have by slot the number of an object, NaN where it has none, of several the greatest. It is called at the moment of which they are.
   */
  within<T>({ filter, keys = [], deadline }: Question, use: (slots: SlotSet | undefined, columns: Float64Array[]) => T | Promise<T>): T | Promise<T> {
    const names: SectionName[] = keys.map((key) => `numbers:${key}` as const);
    return this.#read(filter ? [...names, ...sectionsOf(filter)] : names, (parts) => {
      const slots = filter && this.#evaluate(filter, parts, deadline);
      return use(slots, this.#columns(keys, parts));
    });
  }

  statistics(request: KeywordRequest): KeywordStatistics | Promise<KeywordStatistics> {
    const deadline = request.deadline ?? new Deadline();
    return this.#read(termsOf(request), (parts) => statistics(parts, queryOf(request, parts, deadline), deadline));
  }

  keyword(request: KeywordRequest): Omit<KeywordHits, 'seq'> | Promise<Omit<KeywordHits, 'seq'>> {
    const { filter, keys = [], explain: isExplained, deadline: given, statistics: ofAll, ...options } = request;
    const names = termsOf(request);
    for (const key of keys) names.push(`numbers:${key}`);
    return this.#read(filter ? [...names, ...sectionsOf(filter)] : names, (parts) => {
      const deadline = given ?? new Deadline();
      const query = queryOf(request, parts, deadline);
      const counted = ofAll ?? statistics(parts, query, deadline);
      const slots = filter && this.#evaluate(filter, parts, deadline);
      const hits = search(parts, query, counted, { ...options, deadline, ...slots && { filter: slots.words } });
      const explanations = isExplained ? hits.slots.map((slot) => {
        deadline.check();
        return explainText(explain(parts, query, counted, slot, options)!);
      }) : undefined;
      return { ...hits, ...explanations && { explanations }, ...keys.length && { numbers: numbersOf(this.#columns(keys, parts), hits.slots) } };
    });
  }

  #evaluate(filter: FilterNode, parts: readonly SectionedPart[], deadline: Deadline | undefined): SlotSet {
    return evaluate(filter, { parts, all: this.#index.all(), slotOf: (id) => this.#objects.table.slotOf(id), deadline });
  }

  #columns(keys: readonly NumbersKey[], parts: readonly SectionedPart[]): Float64Array[] {
    return keys.map((key) => {
      const column = new Float64Array(this.#objects.table.extent).fill(NaN);
      for (const part of parts) fillColumn(column, part, key);
      return column;
    });
  }

  #read<T>(names: readonly SectionName[], work: (parts: readonly SectionedPart[]) => T | Promise<T>): T | Promise<T> {
    if (this.#isClosed) throw closed();
    const again = (): Promise<T> => this.#rebuild().then(() => this.#read(names, work));
    if (!this.#isComplete) return again();
    // while files were waited for, another question may have met damage
    const whileComplete = (parts: readonly SectionedPart[]) => (this.#isComplete && !this.#isClosed ? { answer: work(parts) } : undefined);
    const given = (found: { answer: T | Promise<T> } | undefined): T | Promise<T> => (found ? found.answer : again());
    const mend = (cause: unknown): Promise<T> => {
      if (!isDamage(cause)) throw cause;
      this.#isComplete = false;
      return again();
    };
    try {
      const found = this.#index.read(names, whileComplete);
      return found instanceof Promise ? found.then(given, mend) : given(found);
    } catch (cause) {
      return mend(cause);
    }
  }

  /** Puts every object again. Throws STORAGE_CORRUPT for one that is damaged, and is tried again by the next search. */
  #rebuild(): Promise<void> {
    this.#rebuilding ??= this.#putAll().finally(() => { this.#rebuilding = undefined; });
    return this.#rebuilding;
  }

  async #putAll(): Promise<void> {
    if (this.#isClosed) throw closed();
    const { table } = this.#objects;
    this.#index.reset();
    let end = performance.now() + REBUILD_MS;
    for (let slot = 0; slot < table.extent; slot++) {
      // what is written meanwhile is put by its writer
      if (!table.has(slot) || this.#index.all().has(slot)) continue;
      const object = await this.#readObject(slot);
      if (this.#isClosed) throw closed();
      if (!object || table.revisions[slot] !== object.revision || this.#index.all().has(slot)) continue;
      this.#index.put(object);
      if (performance.now() < end) continue;
      this.#index.work(0);
      await pause();
      if (this.#isClosed) throw closed();
      end = performance.now() + REBUILD_MS;
    }
    this.#isComplete = true;
  }
}

const termsOf = ({ fields }: KeywordRequest): SectionName[] => fields.flatMap(({ properties }) => properties.map(({ name }) => `terms:${name}` as const));

function queryOf({ fields, typoTolerance }: KeywordRequest, parts: readonly SectionedPart[], deadline: Deadline): KeywordQuery {
  return expand(parts, fields, typoTolerance, deadline);
}

export function numbersOf(columns: readonly Float64Array[], slots: readonly number[]): HitNumbers {
  return columns.map((column) => Float64Array.from(slots, (slot) => column[slot]!));
}

function fillColumn(column: Float64Array, part: SectionedPart, key: NumbersKey): void {
  const { slots, live } = part;
  const section = part.numbers(key);
  if (!section) return;
  const { keys } = section;
  for (let i = 0; i < keys.length; i++) {
    section.each(i, i + 1, (ordinals, count) => {
      for (let j = 0; j < count; j++) {
        const ordinal = ordinals[j]!;
        if (!live || live[ordinal >>> 5]! >>> (ordinal & 31) & 1) column[slots[ordinal]!] = keys[i]!;
      }
    });
  }
}

function closed(): VectileError {
  return new VectileError('CLOSED', 'shard: expected one in use, got one closed');
}

function isDamage(cause: unknown): boolean {
  return cause instanceof VectileError && ['STORAGE_CORRUPT', 'BLOB_MISSING', 'STORAGE_VERSION'].includes(cause.code);
}
