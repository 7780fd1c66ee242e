/**
 * Storing vectors another way while the index goes on: a copy is made in a fresh instance, some slots at a time, and takes
 * the old one's place when it is whole. The graph and all else by slot is copied at the end, in one go, so that changes in
 * between cost nothing but a vector stored twice. Slots stay what they are. An interrupted change leaves the old index.
 */
import { FullVectors, Header, LEVEL_MAX, Metric, Region, Scratch, State } from '../../assembly/layout.js';
import { invalid } from '../errors.js';
import type { VectorReader } from '../types.js';
import { writeWanted, type Storage } from './codecs.js';
import { Core } from './core.js';
import { IndexMemory } from './memory.js';
import { checkRows } from './options.js';
import { sampleSize, trainCodec, trainRows, type Sample } from './training.js';

/** Slots stored anew between two looks at the clock. */
const SLOTS_PER_STEP = 16;
/** Room that a copy gets beyond what it needs, as the index itself does. */
const GROWTH = 1 / 16;

/** Regions that are copied as they are. */
const COPIED = [Region.Ids, Region.States, Region.Live, Region.Twins, Region.Uppers, Region.Links, Region.Arena];
/** Header fields that are, too. */
const COPIED_FIELDS = [
  Header.RandomState, Header.RandomState + 4, Header.Extent, Header.Live, Header.Tombstones, Header.TwinCount, Header.FreeCount, Header.FreeHead,
  Header.Entry, Header.EntryLevel, Header.ArenaUsed, Header.ArenaWaste, Header.SweepPhase, Header.SweepCursor, Header.Moved,
] as Header[];

export interface RecodeSource {
  readonly memory: IndexMemory;
  readonly dimensions: number;
  /** Gives the vectors of ids where the index keeps none. */
  readonly reader: VectorReader | undefined;
  idOf(slot: number): number;
}

export class Recode {
  readonly target: Storage;
  readonly #source: RecodeSource;
  readonly #steps: Generator<void, void>;
  /** Additional vectors to learn from: rows about to be added. */
  readonly #extra: Float32Array | undefined;
  #memory: IndexMemory | undefined;
  /** Slots below it are stored in the copy. */
  #done = 0;
  #isTrained = false;

  constructor(source: RecodeSource, target: Storage, extra?: Float32Array) {
    this.target = target;
    this.#source = source;
    this.#extra = extra;
    this.#steps = this.#run();
  }

  /** The copy; of use once `step` has returned false. */
  get memory(): IndexMemory { return this.#memory!; }

  /** Slots stored so far; training comes before. */
  get done(): number { return this.#done; }
  get isTrained(): boolean { return this.#isTrained; }

  /** A little of the work; true while there is more. */
  step(): boolean {
    return !this.#steps.next().done;
  }

  /** Stores a changed vector again, if its slot's turn is over. */
  changed(slot: number, vector: Float32Array | readonly number[]): void {
    if (slot >= this.#done || !this.#memory) return;
    this.#store(slot, vector);
  }

  *#run(): Generator<void, void> {
    const { target } = this;
    const { memory: from, dimensions } = this.#source;
    const seed = from.field(Header.RandomState);
    const learns = target.trainingLimit > 0;
    const sample = learns ? yield* this.#sample() : undefined;
    const model = sample && (yield* trainCodec(target, sample, dimensions, from.core, seed));
    const rowModel = sample && target.fullVectors === FullVectors.Sq8 && !this.#keepsRows ? yield* trainRows(sample, dimensions) : undefined;
    this.#isTrained = true;

    const to = this.#open();
    if (model) to.core.f32.set(model, to.region(Region.Model) >>> 2);
    if (rowModel) to.core.f32.set(rowModel, to.region(Region.RowModel) >>> 2);
    yield;
    while (this.#done < from.field(Header.Extent)) {
      this.#storeSome(Math.min(this.#done + SLOTS_PER_STEP, from.field(Header.Extent)));
      if (this.#done < from.field(Header.Extent)) yield; // else additions, each a slot and a step, would never see the end
    }
    this.#finish();
  }

  /** Rows of sq8 stay as they are: made of themselves again they would only get worse. */
  get #keepsRows(): boolean {
    return this.target.fullVectors === FullVectors.Sq8 && this.#source.memory.field(Header.FullVectors) === FullVectors.Sq8;
  }

  /** An empty index of the target's kind, with room for as many slots. */
  #open(): IndexMemory {
    const from = this.#source.memory;
    const get = (offset: Header): number => from.field(offset);
    const to = new IndexMemory(new Core(from.core.module), from.readers);
    to.core.exports.create(
      to.index, get(Header.Type), get(Header.Metric), get(Header.Dimensions), get(Header.MaxConnections), get(Header.EfConstruction), get(Header.HasIds), 0n,
    );
    to.adoptStorage(this.target);
    writeWanted(to, this.target);
    to.open();
    to.makeRoom(get(Header.Capacity), 0);
    to.core.exports.drawModel(to.index, BigInt(get(Header.RandomState)));
    this.#memory = to;
    return to;
  }

  #storeSome(end: number): void {
    const from = this.#source.memory;
    const slots: number[] = [];
    for (let slot = this.#done; slot < end; slot++) {
      if (from.core.u8[from.region(Region.States) + slot] !== State.Free) slots.push(slot);
    }
    const vectors = this.#vectors(slots);
    const { dimensions } = this.#source;
    const to = this.#memory!;
    const isPlain = this.target.fullVectors === FullVectors.Memory && from.field(Header.FullVectors) === FullVectors.Memory;
    slots.forEach((slot, i) => {
      const vector = vectors.subarray(i * dimensions, (i + 1) * dimensions);
      this.#store(slot, vector);
      // made of unit length once more, a row would differ in its last bits from that of the same vector added later
      if (isPlain) to.core.f32.set(vector, (to.region(Region.Rows) + slot * to.field(Header.RowBytes)) >>> 2);
    });
    this.#done = end;
  }

  #store(slot: number, vector: Float32Array | readonly number[]): void {
    const to = this.#memory!;
    to.makeRoom(slot + 1, GROWTH);
    to.core.f32.set(vector, to.scratchField(Scratch.Query) >>> 2);
    if (to.core.exports.prepare(to.index, to.scratch)) {
      // a code may stand for no direction at all: any will do
      to.core.f32[to.scratchField(Scratch.Query) >>> 2] = 1;
      to.core.exports.prepare(to.index, to.scratch);
    }
    to.core.exports.encode(to.index, to.scratch, slot);
  }

  /** f32[slots.length][dimensions]: what is known best. Removed vectors that are still linked may be gone from the reader. */
  #vectors(slots: readonly number[]): Float32Array {
    const { memory, dimensions, reader } = this.#source;
    const out = new Float32Array(slots.length * dimensions);
    const isExternal = memory.field(Header.FullVectors) !== FullVectors.Memory && reader !== undefined;
    const read = isExternal ? slots.filter((slot) => memory.isLive(slot)) : [];
    const vectors = readVectors(reader, read.map((slot) => this.#source.idOf(slot)), dimensions);
    checkRows(vectors, dimensions, memory.field(Header.Metric), 'reader');
    let taken = 0;
    slots.forEach((slot, i) => {
      const isRead = isExternal && memory.isLive(slot);
      out.set(isRead ? vectors.subarray(taken * dimensions, ++taken * dimensions) : memory.decode(slot, dimensions), i * dimensions);
    });
    return out;
  }

  /** A sample of what is stored and of what is about to be added, in equal shares of their numbers. */
  *#sample(): Generator<void, Sample> {
    const { memory, dimensions } = this.#source;
    const slots = memory.liveSlots();
    const coming = (this.#extra?.length ?? 0) / dimensions;
    const count = sampleSize(this.target, slots.length + coming);
    const stored = Math.round((count * slots.length) / (slots.length + coming));
    const isPlain = memory.field(Header.FullVectors) === FullVectors.Memory;
    const parts: SamplePart[] = [];
    const chosen = spread(slots.length, stored).map((i) => slots[i]!);
    if (isPlain) {
      const rowBytes = memory.field(Header.RowBytes);
      parts.push({ count: stored, values: () => memory.core.f32, offset: (i) => (memory.region(Region.Rows) + chosen[i]! * rowBytes) >>> 2, scale: () => 1 });
    } else {
      const isCosine = memory.field(Header.Metric) === Metric.Cosine;
      const rows = new Float32Array(stored * dimensions);
      for (let i = 0; i < stored; i += SLOTS_PER_STEP) {
        rows.set(this.#vectors(Array.from(chosen.subarray(i, i + SLOTS_PER_STEP))), i * dimensions);
        yield;
      }
      parts.push(rowsPart(rows, dimensions, spread(stored, stored), isCosine));
    }
    if (coming) parts.push(rowsPart(this.#extra!, dimensions, spread(coming, count - stored), memory.field(Header.Metric) === Metric.Cosine));
    return sampleOf(parts);
  }

  #finish(): void {
    const from = this.#source.memory;
    const to = this.#memory!;
    to.makeRoomLike(from);
    const regions = [
      ...COPIED, ...(from.field(Header.Metric) === Metric.Cosine ? [Region.Norms] : []), ...(this.#keepsRows ? [Region.Rows, Region.RowModel] : []),
    ];
    for (const region of regions) {
      const used = from.core.exports.usedBytes(from.index, region);
      to.core.u8.set(from.core.u8.subarray(from.region(region), from.region(region) + used), to.region(region));
    }
    for (const offset of COPIED_FIELDS) to.setField(offset, from.field(offset));
    for (let i = 0; i < LEVEL_MAX; i++) to.setField((Header.ArenaFree + i * 4) as Header, from.field((Header.ArenaFree + i * 4) as Header));
    to.core.exports.clearUnused(to.index);
    if (from.field(Header.FullVectors) !== FullVectors.Memory) to.core.exports.separateTwins(to.index, to.scratch);
  }
}

/** The vectors of ids, as a reader gives them. What it leaves out is NaN, and noticed where vectors are checked. */
export function readVectors(reader: VectorReader | undefined, ids: ArrayLike<number>, dimensions: number): Float32Array {
  const vectors = new Float32Array(ids.length * dimensions).fill(NaN);
  if (!ids.length) return vectors;
  const returned: unknown = reader!(Uint32Array.from(ids), vectors);
  if (returned instanceof Promise) {
    returned.catch(() => {}); // its failure is of no more interest
    throw invalid('reader', 'a synchronous function (others search with candidates and rescore)', returned);
  }
  return vectors;
}

interface SamplePart {
  count: number;
  values(): Float32Array;
  /** Index of the first component of the i-th. */
  offset(i: number): number;
  scale(i: number): number;
}

/** Some rows of an array; those of cosine are scaled to unit length. */
function rowsPart(rows: Float32Array, dimensions: number, chosen: Uint32Array, isCosine: boolean): SamplePart {
  const scales = Float64Array.from(chosen, (row) => (isCosine ? 1 / lengthOf(rows, row * dimensions, dimensions) : 1));
  return { count: chosen.length, values: () => rows, offset: (i) => chosen[i]! * dimensions, scale: (i) => scales[i]! };
}

function lengthOf(rows: Float32Array, from: number, dimensions: number): number {
  let squares = 0;
  for (let i = from; i < from + dimensions; i++) squares += rows[i]! * rows[i]!;
  return Math.sqrt(squares);
}

/** `count` of 0 … total − 1, evenly. */
function spread(total: number, count: number): Uint32Array<ArrayBuffer> {
  return Uint32Array.from({ length: count }, (_, i) => Math.floor((i * total) / count));
}

function sampleOf(parts: readonly SamplePart[]): Sample {
  return {
    count: parts.reduce((sum, part) => sum + part.count, 0),
    columns(from, width, out) {
      let at = 0;
      for (const part of parts) {
        const values = part.values();
        for (let i = 0; i < part.count; i++) {
          const offset = part.offset(i) + from;
          const scale = part.scale(i);
          for (let j = 0; j < width; j++) out[at++] = values[offset + j]! * scale;
        }
      }
    },
  };
}
