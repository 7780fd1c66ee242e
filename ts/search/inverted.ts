/**
 * The inverted index of a shard: a list of immutable parts, oldest first, and objects that are in none yet. It decides what is
 * in memory and which parts become one; what is in a part, and what queries ask of it, it does not know.
 *
 *   put ─► pending ─(512 objects, or a query)─► part ─┬─► part ─┬─► part …      each step by planMerge, in slices
 *                                               part ─┤   part ─┤
 *                                                 …   ┘     …   ┘
 *
 * Every live object is in exactly one part, or pending: writing it anew makes it stale in the part that has it. An object that
 * is in several parts of the list is live in none but the last of them, so that files and the shard's slots are enough to open.
 */
import { VectileError } from '../errors.js';
import type { Analyzer } from './analyzer.js';
import { planMerge } from './merge-plan.js';
import { mergeParts } from './merge.js';
import { buildPart } from './part-writer.js';
import type { SectionedPart, Sections } from './part.js';
import type { SlotSet } from './slot-set.js';
import { NO_PART, NUMBER_MAX, NUMBER_MIN, PENDING, SlotTable } from './slot-table.js';
import { StoredPart, type FrozenPart, type PartFile, type PartHost } from './stored-part.js';
import type { Doc, SectionName } from './types.js';

export interface InvertedOptions extends PartHost {
  readonly analyzer: Analyzer;
  /** Called when `work`, which had to wait for a file, can go on. */
  readonly onWork?: () => void;
}

export interface InvertedStats {
  parts: number;
  /** Objects that are in no part yet. */
  pending: number;
  bytes: {
    /** Sections in memory, `unwritten` included. */
    resident: number;
    /** Of all indexes that share the cache. */
    budget: number;
    files: number;
    /** Sections that are in no file yet. */
    unwritten: number;
    /** What is always in memory beside sections: slots, and which part has them. */
    tables: number;
  };
}

const SEAL_DOCS = 512;
const SEAL_BYTES = 256 << 10;
/** A query seals all there is, in parts of so many times as much. */
const SEAL_AT_ONCE = 8;
/** With more parts than this, a query waits for merges. */
const PARTS_URGENT = 256;
/** What a query would have to do first, beyond which writes should wait. */
const PENDING_MAX = 4096;
const PENDING_BYTES_MAX = 2 << 20;

interface Merge {
  readonly inputs: readonly StoredPart[];
  /** Undefined while inputs are read. */
  steps: Generator<void, Sections> | undefined;
}

export class InvertedIndex {
  readonly #options: InvertedOptions;
  #analyzer: Analyzer;
  #table = new SlotTable();
  #pending = new Map<number, Doc>();
  /** Of their properties. */
  #pendingBytes = 0;
  /** Oldest first; replaced when it changes. */
  #stored: readonly StoredPart[] = [];
  #parts: readonly SectionedPart[] = [];
  /** By number. */
  readonly #byNumber = new Map<number, StoredPart>();
  #lastNumber = NUMBER_MIN - 1;
  #merge: Merge | undefined;
  /** Why a merge could not read its inputs. */
  #failure: { cause: unknown } | undefined;

  constructor(options: InvertedOptions) {
    this.#options = options;
    this.#analyzer = options.analyzer;
  }

  /**
   * `files`: as of a snapshot, in the order of its `freeze`; `isOccupied`: whether the shard had an object in a slot then, or true
   * if it had one in every slot. Reads heads
   * and slots. Throws STORAGE_CORRUPT, BLOB_MISSING or STORAGE_VERSION where a file cannot be used. Objects are missing from
   * the index if `size` is less than the shard has.
   */
  static async open(files: readonly PartFile[], isOccupied: true | ((slot: number) => boolean), options: InvertedOptions): Promise<InvertedIndex> {
    const index = new InvertedIndex(options);
    const opened = await Promise.all(files.map((file) => StoredPart.open(options, index.#allotNumber(), file)));
    for (const stored of opened) index.#byNumber.set(stored.number, stored);
    index.#replace(opened);
    for (const stored of opened.toReversed()) index.#claim(stored, isOccupied);
    return index;
  }

  /** Live objects, pending ones included. */
  get size(): number { return this.#table.size; }

  /** So much is to be sealed and merged that a query would take noticeably longer. */
  get isBehind(): boolean {
    return this.#pending.size > PENDING_MAX || this.#pendingBytes > PENDING_BYTES_MAX || this.#stored.length > PARTS_URGENT;
  }

  /** Slots of live objects, pending ones included. Valid until the next change. */
  all(): SlotSet { return this.#table.all(); }

  /** What is not pending. */
  get parts(): readonly SectionedPart[] { return this.#parts; }

  /** Properties are read when the object is sealed: they must stay as they are. */
  put(doc: Doc): void {
    this.#outdate(doc.slot);
    this.#table.set(doc.slot, PENDING);
    this.#pending.set(doc.slot, doc);
    this.#pendingBytes += doc.properties.length;
  }

  /** It is no error if there is none. */
  remove(slot: number): void {
    this.#outdate(slot);
    this.#table.clear(slot);
  }

  /** How objects that are not sealed yet are indexed. Property specs may only have grown. */
  configure(analyzer: Analyzer): void { this.#analyzer = analyzer; }

  /**
   * Evaluates a query: seals what is pending, brings the named sections of all parts into memory, and calls `evaluate` at the very
   * moment in which all is there; what it reads beyond its return may be gone. At once where the reader reads at once.
   * Throws STORAGE_CORRUPT or BLOB_MISSING where a file is damaged: the owner then calls `reset` and puts every object again.
   */
  read<T>(names: readonly SectionName[], evaluate: (parts: readonly SectionedPart[]) => T): T | Promise<T> {
    this.#seal();
    const stored = this.#stored;
    for (const part of stored) part.pin(names);
    let waits: Promise<void>[] = [];
    try {
      waits = load(stored, names);
      if (!waits.length) return evaluate(this.#parts);
    } finally {
      if (!waits.length) this.#release(stored, names);
    }
    return this.#readLater(names, evaluate, stored, waits);
  }

  /** The same, for who evaluates in the same turn if this returns undefined, or only wants to have things ready. */
  load(names: readonly SectionName[]): void | Promise<void> { return this.read(names, () => {}); }

  /**
   * Seals and merges for about so long. True while there is more to do; false as well while files are being read, and then
   * `onWork` is called when there is. `fully`: down to as few parts as can be. Throws what reading throws.
   */
  work(budgetMs: number, fully = false): boolean {
    const end = performance.now() + budgetMs;
    while (this.#step(fully)) if (performance.now() >= end) return true;
    return false;
  }

  /**
   * All there is, for a snapshot of this moment, oldest first. What has no file is encoded and written by the caller, and told so
   * by `written` once the snapshot is valid. Changes and merges may go on meanwhile.
   */
  freeze(): readonly FrozenPart[] {
    this.#seal();
    return this.#stored;
  }

  /** Empties the index, and gives back its share of the cache. */
  reset(): void {
    for (const stored of this.#stored) this.#drop(stored);
    this.#replace([]);
    this.#table = new SlotTable();
    this.#pending.clear();
    this.#pendingBytes = 0;
    this.#merge = undefined;
    this.#failure = undefined;
  }

  stats(): InvertedStats {
    const sumOf = (bytesOf: (stored: StoredPart) => number) => this.#stored.reduce((sum, stored) => sum + bytesOf(stored), 0);
    return {
      parts: this.#stored.length,
      pending: this.#pending.size,
      bytes: {
        resident: sumOf(({ residentBytes }) => residentBytes),
        budget: this.#options.cache.bytesMax,
        files: sumOf(({ file }) => file?.bytes ?? 0),
        unwritten: sumOf((stored) => (stored.file ? 0 : stored.residentBytes)),
        tables: this.#table.bytes + sumOf(({ part }) => part.slots.byteLength + (part.live?.byteLength ?? 0)),
      },
    };
  }

  async #readLater<T>(
    names: readonly SectionName[], evaluate: (parts: readonly SectionedPart[]) => T, stored: readonly StoredPart[], waits: readonly Promise<void>[],
  ): Promise<T> {
    try {
      try {
        await Promise.all(waits);
      } catch (cause) {
        // files of parts that were merged meanwhile may be gone
        if (this.#stored === stored) throw cause;
      }
      if (this.#stored === stored && !this.#pending.size) return evaluate(this.#parts);
      // what was loaded is still pinned: all but what came in between is there
      return await this.read(names, evaluate);
    } finally {
      this.#release(stored, names);
    }
  }

  /** Its objects are live where there is one in the slot, and no later part has it. */
  #claim({ part, number }: StoredPart, isOccupied: true | ((slot: number) => boolean)): void {
    const table = this.#table;
    const { slots } = part;
    const first = slots[0] ?? 0;
    // what was written once and in order: neighbours, of which no later part has any
    if (isOccupied === true && slots.at(-1) === first + slots.length - 1 && table.isFree(first, first + slots.length)) {
      return table.setAll(first, first + slots.length, number);
    }
    for (const slot of slots) {
      if ((isOccupied === true || isOccupied(slot)) && table.partOf(slot) === NO_PART) table.set(slot, number);
      else part.markStale(slot);
    }
  }

  #release(stored: readonly StoredPart[], names: readonly SectionName[]): void {
    for (const part of stored) part.unpin(names);
    this.#options.cache.trim();
  }

  /** The object of a slot, if there is one, is no longer what the index has. */
  #outdate(slot: number): void {
    const number = this.#table.partOf(slot);
    if (number === NO_PART) return;
    if (number !== PENDING) {
      this.#byNumber.get(number)!.part.markStale(slot);
      return;
    }
    this.#pendingBytes -= this.#pending.get(slot)!.properties.length;
    this.#pending.delete(slot);
  }

  #seal(): void {
    while (this.#pending.size) this.#sealSome(SEAL_AT_ONCE);
    while (this.#stored.length > PARTS_URGENT && this.#step(false));
  }

  #sealSome(times: number): void {
    const docs: Doc[] = [];
    let bytes = 0;
    for (const doc of this.#pending.values()) {
      docs.push(doc);
      bytes += doc.properties.length;
      if (docs.length >= SEAL_DOCS * times || bytes >= SEAL_BYTES * times) break;
    }
    const stored = this.#add(buildPart(docs, this.#analyzer));
    for (const { slot } of docs) {
      this.#pending.delete(slot);
      this.#table.set(slot, stored.number);
    }
    this.#pendingBytes -= bytes;
    this.#replace([...this.#stored, stored]);
  }

  /** A little of what is to be done; false if there is nothing, or nothing yet. */
  #step(fully: boolean): boolean {
    if (this.#pending.size >= SEAL_DOCS || this.#pendingBytes >= SEAL_BYTES) {
      this.#sealSome(1);
      return true;
    }
    if (this.#failure) {
      const { cause } = this.#failure;
      this.#failure = undefined;
      throw cause;
    }
    if (!this.#merge) return this.#startMerge(fully);
    if (!this.#merge.steps) return false;
    const merge = this.#merge;
    try {
      const { done, value } = this.#merge.steps.next();
      if (done) this.#finishMerge(merge.inputs, value);
    } catch (cause) {
      this.#merge = undefined;
      this.#releaseInputs(merge.inputs);
      throw cause;
    }
    return true;
  }

  #startMerge(fully: boolean): boolean {
    const run = planMerge(this.#stored, fully);
    if (!run) return false;
    const inputs = this.#stored.slice(run.from, run.to);
    if (inputs.every(({ count, staleCount }) => count === staleCount)) {
      this.#finishMerge(inputs, new Map());
      return true;
    }
    const merge: Merge = { inputs, steps: undefined };
    const begin = () => { if (this.#merge === merge) merge.steps = mergeParts(inputs.map(({ part }) => part)); };
    for (const input of inputs) input.pin(input.part.names);
    let waits: Promise<void>[];
    try {
      waits = load(inputs, [...new Set(inputs.flatMap(({ part }) => part.names))]);
    } catch (cause) {
      this.#releaseInputs(inputs);
      throw cause;
    }
    this.#merge = merge;
    if (!waits.length) {
      begin();
      return true;
    }
    void Promise.all(waits).then(begin).catch((cause: unknown) => {
      this.#releaseInputs(inputs);
      if (this.#merge !== merge) return;
      this.#merge = undefined;
      this.#failure = { cause };
    }).then(() => this.#options.onWork?.());
    return false;
  }

  /** Objects that became stale since the merge began are found by the table, which no longer says that an input has them. */
  #finishMerge(inputs: readonly StoredPart[], sections: Sections): void {
    this.#merge = undefined;
    const isInput = new Uint8Array(NUMBER_MAX + 1);
    for (const input of inputs) isInput[input.number] = 1;
    const result = sections.get('slots')?.length ? this.#add(sections) : undefined;
    for (const slot of result?.part.slots ?? []) {
      if (isInput[this.#table.partOf(slot)]) this.#table.set(slot, result!.number);
      else result!.part.markStale(slot);
    }
    const at = this.#stored.indexOf(inputs[0]!);
    for (const input of inputs) this.#drop(input);
    this.#replace(this.#stored.toSpliced(at, inputs.length, ...(result ? [result] : [])));
    this.#options.cache.trim();
  }

  #releaseInputs(inputs: readonly StoredPart[]): void {
    for (const input of inputs) input.unpin(input.part.names);
    this.#options.cache.trim();
  }

  #add(sections: Sections): StoredPart {
    const stored = StoredPart.of(this.#options, this.#allotNumber(), sections);
    this.#byNumber.set(stored.number, stored);
    return stored;
  }

  #drop(stored: StoredPart): void {
    stored.drop();
    this.#byNumber.delete(stored.number);
  }

  #replace(stored: readonly StoredPart[]): void {
    this.#stored = stored;
    this.#parts = stored.map(({ part }) => part);
  }

  #allotNumber(): number {
    const { size } = this.#byNumber;
    if (size > NUMBER_MAX - NUMBER_MIN) throw new VectileError('INDEX_FULL', `parts: expected at most ${size}, got more`);
    do this.#lastNumber = this.#lastNumber < NUMBER_MAX ? this.#lastNumber + 1 : NUMBER_MIN; while (this.#byNumber.has(this.#lastNumber));
    return this.#lastNumber;
  }
}

function load(stored: readonly StoredPart[], names: readonly SectionName[]): Promise<void>[] {
  const waits: Promise<void>[] = [];
  try {
    for (const part of stored) part.load(names, waits);
  } catch (cause) {
    if (!waits.length) throw cause;
    waits.push(Promise.reject(cause)); // the others are awaited too
  }
  return waits;
}
