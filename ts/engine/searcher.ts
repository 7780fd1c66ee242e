/** One search: arguments, filter and query brought into the scratch area, one call of the core, hits read back. */
import { Codec, FilterKind, FullVectors, Header, IndexType, Region, Scratch } from '../../assembly/layout.js';
import { invalid } from '../errors.js';
import type { Filter, Hits, SearchOptions, VectorInput } from '../types.js';
import { readerMissing, rescoreCount } from './codecs.js';
import { PreparedFilter, type FilterHost } from './filter.js';
import type { IndexMemory } from './memory.js';
import { checkRows, checkVector, searchCutoff, searchEf, searchOversampling, searchStrategy, throwStatus } from './options.js';

/** Rows the core measures at a time. */
const ROWS_AT_ONCE = 4;

export interface Found {
  /** Hits in the scratch area. */
  count: number;
  /** How many of them were measured again. */
  rescored: number;
  /** The query, if they are candidates yet to be rescored by vectors outside. */
  unscored: VectorInput | undefined;
}

/** Puts a vector into the scratch area's query and has it checked. */
export function prepareQuery(memory: IndexMemory, vector: VectorInput, argument: string): void {
  memory.core.f32.set(vector, memory.scratchField(Scratch.Query) >>> 2);
  const status = memory.core.exports.prepare(memory.index, memory.scratch);
  if (status) throwStatus(status, argument, vector);
}

type MakeFilter = (ids: Iterable<number>) => Filter;

export class Searcher {
  readonly #host: FilterHost;
  /** The slots of a filter that lie in the scratch area, and the area's revision they were copied to. */
  #resident: Uint32Array | undefined;
  #residentRevision = 0;

  constructor(host: FilterHost) {
    this.#host = host;
  }

  /** Called when the scratch area is another one. */
  forget(): void {
    this.#resident = undefined;
  }

  /** Leaves the hits in the scratch area; the options are checked, but for their values. `hasReader`: candidates can be rescored by vectors outside. */
  find(memory: IndexMemory, query: VectorInput, k: number, options: SearchOptions | undefined, filter: PreparedFilter | undefined, hasReader: boolean): Found {
    checkVector(query, memory.field(Header.Dimensions), 'query');
    const asked = searchEf(options, k);
    const strategy = searchStrategy(options);
    const cutoff = searchCutoff(options);
    const oversampling = searchOversampling(options);
    const count = memory.field(Header.Live);
    const rescore = Math.min(count, rescoreOf(memory, k, asked, oversampling, hasReader));
    const width = Math.min(Math.max(asked, rescore), count);
    memory.widen(width);
    const kind = this.#admit(memory, filter);
    prepareQuery(memory, query, 'query');
    if (!count) return { count: 0, rescored: 0, unscored: undefined };
    // what bq counts is no distance
    const isAdaptive = oversampling === undefined && memory.field(Header.Codec) !== Codec.Bq;
    const isOutside = rescore > 0 && memory.field(Header.FullVectors) === FullVectors.External;
    const found = memory.core.exports.search(memory.index, memory.scratch, isOutside ? rescore : Math.min(k, count), width, kind, strategy, cutoff, rescore, Number(isAdaptive));
    return { count: found, rescored: memory.scratchField(Scratch.Rescored), unscored: isOutside ? query : undefined };
  }

  /** Reads hits from the scratch area. */
  copyHits(memory: IndexMemory, count: number, ids: Uint32Array, distances: Float32Array): void {
    const { u32, f32 } = memory.core;
    const slots = memory.scratchField(Scratch.HitSlots) >>> 2;
    const measured = memory.scratchField(Scratch.HitDistances) >>> 2;
    const hasIds = memory.field(Header.HasIds) === 1;
    const table = memory.region(Region.Ids) >>> 2;
    for (let i = 0; i < count; i++) {
      const slot = u32[slots + i]!;
      ids[i] = hasIds ? u32[table + slot]! : slot;
      distances[i] = f32[measured + i]!;
    }
  }

  /** The k nearest of `ids` to the query in the scratch area, by the rows of `vectors`, which errors call `argument`. */
  rescore(memory: IndexMemory, ids: Uint32Array, vectors: Float32Array, k: number, argument = 'vectors'): Hits {
    const dimensions = memory.field(Header.Dimensions);
    const distances = new Float32Array(ids.length);
    for (let row = 0; row < ids.length; row += ROWS_AT_ONCE) {
      const count = Math.min(ROWS_AT_ONCE, ids.length - row);
      distances.set(measure(memory, vectors, row, count, dimensions, argument), row);
    }
    const order = Uint32Array.from(ids, (_, i) => i).sort((a, b) => distances[a]! - distances[b]! || a - b).subarray(0, k);
    return { ids: Uint32Array.from(order, (i) => ids[i]!), distances: Float32Array.from(order, (i) => distances[i]!), rescored: ids.length };
  }

  /** The filter as one of this index; ids given on the spot are read here, and reading them may run the caller's code. */
  prepared(filter: SearchOptions['filter'], filterOf: MakeFilter): PreparedFilter | undefined {
    if (filter === undefined) return undefined;
    const prepared = filter instanceof PreparedFilter ? filter : (filterOf(filter as Iterable<number>) as PreparedFilter);
    if (!prepared.belongsTo(this.#host)) throw invalid('filter', 'a filter of this index', filter);
    return prepared;
  }

  /** Brings a filter's slots into the scratch area, unless they are there; its kind. */
  #admit(memory: IndexMemory, filter: PreparedFilter | undefined): FilterKind {
    if (!filter) return FilterKind.None;
    filter.resolve();
    if (this.#resident !== filter.slots || this.#residentRevision !== memory.scratchRevision) {
      filter.copyTo(memory);
      this.#resident = filter.slots;
      this.#residentRevision = memory.scratchRevision;
    }
    return filter.isList ? FilterKind.List : FilterKind.Bitmap;
  }
}

/** How many candidates to measure again: what was asked for, else what the codec needs. */
function rescoreOf(memory: IndexMemory, k: number, ef: number, oversampling: number | undefined, hasReader: boolean): number {
  const codec = memory.field(Header.Codec);
  if (!codec) return 0;
  if (memory.field(Header.FullVectors) === FullVectors.External && !hasReader) {
    if (oversampling) throw readerMissing('oversampling');
    return 0;
  }
  if (oversampling !== undefined) return Math.ceil(k * oversampling);
  return rescoreCount(codec, memory.field(Header.Type) === IndexType.Flat, k, ef);
}

/** Exact distances of up to four rows. */
function measure(memory: IndexMemory, vectors: Float32Array, row: number, count: number, dimensions: number, argument: string): Float32Array {
  const at = memory.scratchField(Scratch.Rows) >>> 2;
  const stride = Math.ceil(dimensions / 4) * 4;
  for (let i = 0; i < count; i++) {
    memory.core.f32.set(vectors.subarray((row + i) * dimensions, (row + i + 1) * dimensions), at + i * stride);
    memory.core.f32.fill(0, at + i * stride + dimensions, at + (i + 1) * stride);
  }
  const status = memory.core.exports.measureRows(memory.index, memory.scratch, count);
  if (status) {
    checkRows(vectors, dimensions, memory.field(Header.Metric), argument);
    throwStatus(status, argument, vectors.subarray(row * dimensions, (row + count) * dimensions));
  }
  const distances = memory.scratchField(Scratch.HitDistances) >>> 2;
  return memory.core.f32.slice(distances, distances + count);
}
