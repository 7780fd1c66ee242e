/**
 * Work that an index has outstanding, done a little at a time: repair of the graph after removals and a change of how
 * vectors are stored, then closing up. Repair happens in place; the other two make a copy that takes the index's place.
 */
import { FullVectors, Header } from '../../assembly/layout.js';
import { VectileError } from '../errors.js';
import type { VectorInput } from '../types.js';
import { isSame, learns, needsReader, readStorage, writeWanted, type Storage } from './codecs.js';
import { Compaction, isWorthwhile } from './compaction.js';
import type { IndexMemory } from './memory.js';
import { Recode, type RecodeSource } from './recode.js';

/** Slots repaired between two looks at the clock. */
const REPAIR_SLOTS = 16;

/** What maintenance asks of its index, besides what a recode reads. */
export interface Maintained extends RecodeSource {
  /** Called before anything changes. */
  changed(): void;
  /** Runs a change of what is in memory while no other thread reads it. May take up a copy before. */
  write(change: () => void): void;
  /** Takes up a copy; `moved`: slots are other ones. */
  adopt(memory: IndexMemory, moved: boolean): void;
}

export class Maintenance {
  readonly #index: Maintained;
  #compaction: Compaction | undefined;
  #recode: Recode | undefined;
  /** How vectors shall be stored once there are enough to learn from; undefined if they are. */
  #wanted: Storage | undefined;
  #additionsHelp = true;
  /** Vectors removed since the index was opened or closed up, and slots the caller asked for. */
  #removed = 0;
  #reserved = 0;

  constructor(index: Maintained) {
    this.#index = index;
  }

  /** Takes up an index that is there. */
  open(): void {
    const { memory } = this.#index;
    const wanted = readStorage(memory, Header.WantedCodec);
    this.#wanted = isSame(wanted, readStorage(memory, Header.Codec)) ? undefined : wanted;
    this.#removed = memory.field(Header.FreeCount) + memory.field(Header.Tombstones);
  }

  /** Copies that were begun are of no more use; a change of storage begins anew. */
  forget(): void {
    this.#compaction = undefined;
    this.#recode = undefined;
  }

  /** A change voids a copy that is being closed up. */
  changed(): void { this.#compaction = undefined; }
  removed(): void { this.#removed++; }

  reserved(slots: number): void {
    this.#compaction = undefined; // it has no such room
    this.#reserved = Math.max(this.#reserved, slots);
  }

  /** A change of storage that is not complete. */
  get recoding(): { wanted: Storage; trained: boolean; done: number } | undefined {
    return this.#wanted && { wanted: this.#wanted, trained: this.#recode?.isTrained ?? false, done: this.#recode?.done ?? 0 };
  }

  /** From now on vectors shall be stored this way. */
  want(storage: Storage): void {
    const { memory } = this.#index;
    const present = readStorage(memory, Header.Codec);
    // rows of sq8 that are there are kept, and need no training
    const keepsRows = present.fullVectors === FullVectors.Sq8 && storage.fullVectors === FullVectors.Sq8;
    const wanted = keepsRows && !learns(storage) ? { ...storage, trainingLimit: 0 } : storage;
    this.#recode = undefined;
    this.#additionsHelp = true;
    writeWanted(memory, wanted);
    this.#wanted = isSame(present, wanted) ? undefined : wanted;
  }

  /** A little of the outstanding work; true while there is more. */
  step(): boolean {
    const isBroken = this.#index.memory.field(Header.Tombstones) > 0 || this.#index.memory.field(Header.Moved) > 0;
    if (isBroken) {
      this.#index.changed();
      this.#index.write(() => {
        const { memory } = this.#index;
        memory.core.exports.repair(memory.index, memory.scratch, REPAIR_SLOTS);
      });
    }
    // both at once, lest steady removals hold a change of storage back
    if (this.#stepRecode() || isBroken) return true;
    if (!this.#compaction && !this.#hasShrunk()) return false;
    this.#compaction ??= this.#beginCompaction();
    if (!this.#compaction) return false;
    if (this.#compaction.step()) return true;
    this.#removed = 0;
    this.#index.adopt(this.#compaction.memory, true);
    return true;
  }

  /**
   * Many vectors at once are a better sample than the first that happen to come, and whatever is added afterwards is stored
   * and linked in its final form: so if they are enough to learn from, that is done before they are added.
   */
  learnFrom(vectors: Float32Array): void {
    const wanted = this.#wanted;
    const coming = vectors.length / this.#index.dimensions;
    const live = this.#index.memory.field(Header.Live);
    if (!wanted || this.#recode || live > coming || !this.#canBegin(wanted, live + coming)) return;
    this.#recode = new Recode(this.#index, wanted, vectors);
    while (this.#stepRecode());
  }

  /**
   * What an addition does for a change of storage. It must not fail for reasons of its own: neither is a reader called, nor
   * is it tried again here once memory was refused.
   */
  added(slot: number, vector: VectorInput): void {
    try {
      this.#recode?.changed(slot, vector);
      const isPlain = this.#index.memory.field(Header.FullVectors) === FullVectors.Memory;
      if (this.#wanted && this.#additionsHelp && isPlain) this.#stepRecode();
    } catch (error) {
      if (!(error instanceof VectileError)) throw error;
      this.#recode = undefined;
      this.#additionsHelp = false;
    }
  }

  /** Some of the change to another storage, if it is due; true while there is more that can be done now. */
  #stepRecode(): boolean {
    const wanted = this.#wanted;
    if (!wanted) return false;
    if (!this.#recode) {
      if (!this.#canBegin(wanted, this.#index.memory.field(Header.Live))) return false;
      this.#recode = new Recode(this.#index, wanted);
    }
    const recode = this.#recode;
    if (this.#advance(recode)) return true;
    if (this.#recode !== recode) return this.#wanted !== undefined; // a reader asked for something else
    this.#recode = undefined;
    this.#wanted = undefined;
    this.#index.adopt(recode.memory, false);
    return false;
  }

  /** An image may have been opened without the reader that a wish noted in it needs. */
  #canBegin(wanted: Storage, count: number): boolean {
    const { memory, reader } = this.#index;
    return count >= wanted.trainingLimit && (reader !== undefined || !needsReader(readStorage(memory, Header.Codec), wanted));
  }

  /** A step that fails ends the change; it begins anew when it is next advanced. */
  #advance(recode: Recode): boolean {
    try {
      return recode.step();
    } catch (error) {
      if (this.#recode === recode) this.#recode = undefined;
      throw error;
    }
  }

  /** Without memory for a copy there is none; removals will bring up the question again. */
  #beginCompaction(): Compaction | undefined {
    try {
      return new Compaction(this.#index.memory);
    } catch (error) {
      if (!(error instanceof VectileError)) throw error;
      this.#removed = 0;
      return undefined;
    }
  }

  /** Whether enough was removed since the index was last closed up, and enough memory would come of doing so again. */
  #hasShrunk(): boolean {
    const { memory } = this.#index;
    return this.#removed * 20 > memory.field(Header.Live) && isWorthwhile(memory, this.#reserved);
  }
}
