/**
 * What a shard has taken up, from a snapshot and the records after it: objects, an index of each named vector, the inverted
 * index. It is one thing so that a reader can make a newer one and put it in its place in one step. It writes nothing.
 */
import { VectileError } from '../errors.js';
import type { Analyzer } from '../search/analyzer.js';
import type { SectionCache } from '../search/section-cache.js';
import type { FileReader } from '../search/stored-part.js';
import type { BlobStore } from '../storage/storage.js';
import { vectorsBytes } from './entry.js';
import { markOf, markedChecksum } from './mark.js';
import type { Objects } from './objects.js';
import type { ShardRecord } from './record.js';
import { ShardSearch } from './search.js';
import { openField, openObjects, readManifest, type Snapshot, type SnapshotPlace } from './snapshot.js';
import type { ChangeEvent, FieldSpec, StoredObject } from './types.js';
import { VectorField, type VectorSource } from './vector-field.js';

export interface StateOptions {
  readonly place: SnapshotPlace;
  readonly sections: SectionCache;
  readonly specs: readonly FieldSpec[];
  readonly analyzer: Analyzer;
  /** Called when there is background work again. */
  readonly onWork: () => void;
}

/** What was moved is looked for so often. */
const ATTEMPTS = 5;

export class ShardState {
  readonly objects: Objects;
  readonly fields = new Map<number, VectorField>();
  search!: ShardSearch;
  snapshot: Snapshot | undefined;
  /** Of the last record that is in it. */
  seq: number;
  readonly #onWork: () => void;

  private constructor(objects: Objects, snapshot: Snapshot | undefined, onWork: () => void) {
    this.objects = objects;
    this.snapshot = snapshot;
    this.seq = snapshot?.manifest.seq ?? 0;
    this.#onWork = onWork;
  }

  /** As of the newest snapshot. Throws STORAGE_CORRUPT, naming the file, or BLOB_MISSING. */
  static async open({ place, sections, specs, analyzer, onWork }: StateOptions): Promise<ShardState> {
    const snapshot = await readManifest(place);
    const objects = await openObjects(place, snapshot?.manifest);
    const state = new ShardState(objects, snapshot, onWork);
    try {
      state.#measureVectors(specs);
      for (const spec of specs) {
        const file = snapshot?.manifest.fields.find(({ number }) => number === spec.number);
        state.#adopt(await openField(place, spec, objects, state.#sourceOf(spec), file));
      }
      const { blobs } = place.store;
      const mark = markOf(place.identity);
      state.search = await ShardSearch.open(objects, (slot) => state.read(slot), snapshot?.manifest.inverted, {
        analyzer, cache: sections, reader: readerOf(blobs), checksum: (bytes) => markedChecksum(bytes, mark), onWork,
      });
      return state;
    } catch (cause) {
      state.dispose();
      throw cause;
    }
  }

  /** Vectors that are not linked, of the named vector that has the most. */
  get unlinked(): number {
    let unlinked = 0;
    for (const field of this.fields.values()) unlinked = Math.max(unlinked, field.unlinked);
    return unlinked;
  }

  /** Takes up a record. */
  apply(record: ShardRecord): ChangeEvent[] {
    const events: ChangeEvent[] = [];
    for (const effect of record.effects) {
      const applied = this.objects.apply(effect, record.seq);
      if (!applied) continue;
      const { slot, kind } = applied;
      events.push({ kind, id: effect.id, revision: record.seq });
      if (effect.content) this.search.put({ slot, created: effect.created, updated: effect.updated, properties: effect.content.properties });
      else this.search.remove(slot);
      const vectors = effect.content?.vectors ?? [];
      if (vectors === 'kept') continue;
      for (const field of this.fields.values()) {
        const values = vectors.find(({ number }) => number === field.spec.number)?.values;
        if (values) field.put(slot, values);
        else field.remove(slot);
      }
    }
    this.seq = record.seq;
    for (const field of this.fields.values()) field.stamp = record.seq;
    return events;
  }

  /** Adds, drops and changes named vectors. */
  async configure(specs: readonly FieldSpec[]): Promise<void> {
    for (const [number, field] of this.fields) {
      if (specs.some((spec) => spec.number === number)) continue;
      this.fields.delete(number);
      field.dispose();
    }
    for (const spec of specs) {
      const field = this.fields.get(spec.number);
      if (!field) this.#adopt(await VectorField.open(spec, this.#sourceOf(spec)));
      else if (JSON.stringify(field.spec) !== JSON.stringify(spec)) await field.configure(spec);
    }
    this.#measureVectors(specs);
  }

  /** The object in a slot, or undefined. Where it is moved in between, it is read where it lies by then. Throws BLOB_MISSING if its file is not there at all. */
  read(slot: number, withVectors = false): Promise<StoredObject | undefined> {
    return persistently(async () => (this.objects.table.has(slot) ? this.objects.read(slot, withVectors) : undefined));
  }

  dispose(): void {
    for (const field of this.fields.values()) field.dispose();
    this.search?.close();
  }

  #adopt(field: VectorField): void {
    field.onWork = this.#onWork;
    this.fields.set(field.spec.number, field);
  }

  /** Vectors of one field as an index asks for them. */
  #sourceOf({ number, dimensions }: FieldSpec): VectorSource {
    const find = (slot: number) => {
      const vectors = this.objects.readVectors(slot);
      const pick = (all: Awaited<typeof vectors>) => all.find((vector) => vector.number === number)?.values;
      return vectors instanceof Promise ? vectors.then(pick) : pick(vectors);
    };
    const readSync = (slots: Uint32Array, out: Float32Array) => {
      slots.forEach((slot, i) => {
        const values = find(slot) as Float32Array | undefined;
        // of an object deleted while the index could not change: it is measured, and left out of the hits
        if (values) out.set(values, i * dimensions);
        else out.fill(1, i * dimensions, (i + 1) * dimensions);
      });
    };
    return {
      readSync: this.objects.segments.isSync ? readSync : undefined,
      read: (slots) => Promise.all(slots.map((slot) => persistently(async () => find(slot)))),
    };
  }

  #measureVectors(specs: readonly FieldSpec[]): void {
    const values = (dimensions: number) => new Float32Array(dimensions);
    this.objects.vectorsBytesMax = 12 + vectorsBytes(specs.map(({ number, dimensions }) => ({ number, values: values(dimensions) })));
  }
}

/** Segments may be compacted while something of them is read: it lies elsewhere by then. */
async function persistently<T>(read: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await read();
    } catch (cause) {
      if (!(cause instanceof VectileError) || cause.code !== 'BLOB_MISSING' || attempt === ATTEMPTS) throw cause;
    }
  }
}

function readerOf(blobs: BlobStore): FileReader {
  return { read: (name, offset, bytes) => blobs.getRangeSync?.(name, offset, bytes) ?? blobs.getRange(name, offset, bytes) };
}
