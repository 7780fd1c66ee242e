/** A vector as callers give it: a Float32Array, or an array whose elements are rounded to f32. */
export type VectorInput = Float32Array | readonly number[];

/** Distances in which smaller is nearer: 1 − cos, −Σxy, Σ(x−y)², Σ|x−y|, and the number of components that differ. */
export type Metric = 'cosine' | 'dot' | 'l2-squared' | 'manhattan' | 'hamming';

/** `hnsw`: a graph, approximate and fast. `flat`: every vector is measured, exact. */
export type IndexType = 'hnsw' | 'flat';

/** The form in which vectors are walked and scanned; see docs/codecs.md. `f32`: as they are. */
export type CodecName = 'f32' | 'sq8' | 'sq4' | 'pq' | 'bq' | 'rq8' | 'rq1';

/**
 * A codec by its name, or with options. `trainingLimit`: vectors that must be there before it is trained on them; until then
 * they are kept as floats. Default 100,000 for pq, 10,000 for the others.
 */
export type Codec =
  | CodecName
  | { type: 'f32' }
  /** `trainingLimit` only if full vectors are kept as sq8: the codes need no training. */
  | { type: 'rq8' | 'rq1'; trainingLimit?: number }
  /** `quantile`: the share of components within the range that is quantized, above 0 and at most 1, default 0.99. */
  | { type: 'sq8'; quantile?: number; trainingLimit?: number }
  | { type: 'sq4'; trainingLimit?: number }
  /**
   * `segments`: a divisor of the dimensions; by default segments have 8 components from 2,048 dimensions, 6 from 768, 4 from
   * 256, else 2, as far as that divides, at last 1. `centroids`: of each segment, 1 … 256, default 256; with at most 16 a flat
   * index scans 32 vectors at once.
   */
  | { type: 'pq'; segments?: number; centroids?: number; trainingLimit?: number }
  /** `centred`: the signs are of x − mean; default false. */
  | { type: 'bq'; centred?: boolean; trainingLimit?: number };

/**
 * Where full vectors are: `memory`, as floats; `external`, outside, given by a reader or handed to `rescore`; `sq8`: nowhere,
 * but finer codes of a byte a component serve in their place.
 */
export type FullVectors = 'memory' | 'external' | 'sq8';

/**
 * Codec and full vectors for those who do not want to study codecs. `exact`: floats only. `fast`: sq4 beside floats.
 * `compact`: sq4, and sq8 instead of floats. `smallest`: rq1, full vectors outside.
 */
export type Mode = 'exact' | 'fast' | 'compact' | 'smallest';

/**
 * Fills `out`, f32[ids.length][dimensions], with the vectors of `ids`, as they were added. Called within a search, so
 * it must be synchronous and must not change the index.
 */
export type VectorReader = (ids: Uint32Array, out: Float32Array) => void;

export interface IndexOptions {
  /** Components of every vector, 1 … 65,535. */
  dimensions: number;
  /** Default `cosine`. */
  metric?: Metric;
  /** Default `hnsw`. */
  type?: IndexType;
  /** hnsw: links a node may have at the upper levels; twice as many at layer 0. 2 … 2,047, default 32. */
  maxConnections?: number;
  /** hnsw: candidates considered when a vector is linked. 1 … 1,048,576, default 128. */
  efConstruction?: number;
  /** Seed of the level sampling: the same operations with the same seed on the same binary give the same bytes. Default 0. */
  seed?: number;
  /**
   * Default true: ids are any u32 the caller chooses. False: an id is a slot; the caller allots them densely from 0 and
   * no table is kept. Memory is used up to the highest slot.
   */
  idTable?: boolean;
  /** Default `f32`. Not beside `mode`. */
  codec?: Codec;
  /** With a codec; default `memory`. Not beside `mode`. */
  fullVectors?: FullVectors;
  /** Sets `codec` and `fullVectors`. */
  mode?: Mode;
  /** Gives full vectors where they are outside. Without one, searches are not rescored. */
  reader?: VectorReader;
  /** True: the index lies in memory that `share` lets other threads search. Else `share` copies it. Default false. */
  shared?: boolean;
}

export interface OpenOptions {
  /** As in IndexOptions: functions are not in an image. */
  reader?: VectorReader;
  /**
   * The vectors of an image written without rows, as they were added, in any order; of others they are not read. Each id
   * that is in the image must come once, else IMAGE_CORRUPT is thrown; ids that are not are skipped. Without `rows` such an
   * image is refused with VECTORS_MISSING.
   */
  rows?: Iterable<RowBatch> | AsyncIterable<RowBatch>;
  /** As in IndexOptions. */
  shared?: boolean;
}

/** One row of `vectors`, f32[ids.length][dimensions], for each id. */
export interface RowBatch {
  ids: Uint32Array;
  vectors: Float32Array;
  /** Index in `vectors` of each one's first component. Default: one after the other, and nothing else. */
  offsets?: Uint32Array;
}

export interface ImageOptions {
  /**
   * False: full vectors that are kept as floats are left out, for those who keep them elsewhere and can give them when the
   * image is opened. Removed vectors must not be linked any more: `work` until `stats().tombstones` is 0, else
   * INVALID_ARGUMENT is thrown. Default true.
   */
  rows?: boolean;
}

export interface CodecChange {
  /** As in IndexOptions, with the same defaults: what is left out is not kept as it is. */
  codec?: Codec;
  fullVectors?: FullVectors;
  mode?: Mode;
  /** Replaces the reader there is; alone it changes nothing else. */
  reader?: VectorReader;
}

export interface RescoreOptions {
  /** Hits wanted, at least 1. Default 10. */
  k?: number;
}

export interface SearchOptions {
  /** Hits wanted, at least 1. Default 10. */
  k?: number;
  /**
   * hnsw: length of the candidate list; more is more exact and slower. Default −1: 8k, but at least 100 and at most 500.
   * Never less than k.
   */
  ef?: number;
  /** Only these ids may be returned. Prepare a filter with `index.filter(ids)` if it serves several searches. */
  filter?: Filter | Iterable<number>;
  /**
   * hnsw: how a search goes. `auto` (default) takes what is estimated to cost less; `scan` measures every vector that may
   * be returned, with a filter or without, exactly if full vectors are in memory; `traverse` walks the graph and steps through what does not match:
   * where the matches are far from the query, it returns others than the nearest of them. A filter of fewer ids than a
   * 32nd of the slots is always scanned.
   */
  filterStrategy?: FilterStrategy;
  /**
   * hnsw, `auto`: up to so many matching vectors are scanned. Default −1: 6 × ef × maxConnections, about where both ways
   * were measured to take the same time.
   */
  flatSearchCutoff?: number;
  /**
   * With a codec: oversampling × k candidates are rescored, ef is raised to as many. By default as many as are likely to
   * matter, judged by how far off the codes of those rescored were: at most ef of them, in a flat index 8 × k (sq8, rq8),
   * 16 × k (sq4), 32 × k (pq) or 64 × k (bq, rq1). From outside, and with bq, that many are rescored.
   */
  oversampling?: number;
  /**
   * False: distances are those of the codes; of bq the number of bits that differ. Default true; where full vectors are
   * outside and no reader is there, nothing can be rescored, and `oversampling` throws VECTORS_MISSING.
   */
  rescore?: boolean;
}

export type FilterStrategy = 'auto' | 'scan' | 'traverse';

/** Nearest first; both arrays have one entry per hit. */
export interface Hits {
  ids: Uint32Array;
  distances: Float32Array;
  /** Candidates that were measured again by full vectors; 0 without a codec. */
  rescored: number;
}

/**
 * A reusable allow-list, made by `index.filter(ids)`. It follows later additions and removals of its ids; after a removal
 * from the index its ids are looked up anew by the next search that uses it, O(ids).
 */
export interface Filter {
  /** Ids of the filter that are in the index at present. */
  readonly size: number;
}

export interface AddOptions {
  /** Called about ten times a second and at the end. */
  onProgress?: (progress: { done: number; total: number }) => void;
}

export interface IndexStats {
  type: IndexType;
  metric: Metric;
  dimensions: number;
  /** Vectors that a search may return. */
  count: number;
  /** Removed vectors still linked in the graph; `work` frees them. */
  tombstones: number;
  /** Vectors equal to another one, kept beside the graph. */
  twins: number;
  /** Slots that removed vectors have left and new ones will take. */
  free: number;
  /** The codec in use, as an option that makes it. */
  codec: Exclude<Codec, string>;
  fullVectors: FullVectors;
  /** What `get` returns: `exact` vectors, ones `read` from outside, or ones `decoded` from codes. */
  vectors: 'exact' | 'read' | 'decoded';
  /** A change of storage that is not complete; the index is as the other fields say until it is. */
  recoding: {
    codec: Exclude<Codec, string>;
    fullVectors: FullVectors;
    /** Vectors that must be there before it begins; 0 if none. */
    trainingLimit: number;
    trained: boolean;
    /** Slots stored anew, of `total`. */
    done: number;
    total: number;
  } | undefined;
  /** Nodes whose highest level is 0, 1, … */
  levels: number[];
  bytes: ByteEstimate & {
    /** The whole linear memory: image, room to grow, and what a search works in. */
    memory: number;
  };
}

export interface ByteEstimate {
  /** By region of the image: what the index needs for the slots in use. */
  header: number; ids: number; states: number; live: number; twins: number; uppers: number;
  norms: number; links: number; rows: number; arena: number; codes: number; model: number; rowModel: number;
  /** Sum of the above: the size of the image. */
  total: number;
  /** Outside linear memory: the table from ids to slots. */
  idTable: number;
}

/** The types of values that are not lists. */
export type ScalarType = 'text' | 'int' | 'number' | 'boolean' | 'date' | 'uuid' | 'geoCoordinates' | 'blob' | 'object';

/**
 * | type | taken | given back |
 * | --- | --- | --- |
 * | `text` | any string | as it was, lone surrogates and NUL included |
 * | `int` | an integer within ±(2^53 − 1) | as it was; −0 as 0 |
 * | `number` | a finite number | as it was; −0 as 0 |
 * | `boolean` | true or false | as it was |
 * | `date` | a Date, or a text by RFC 3339 | a Date, to the millisecond |
 * | `uuid` | 32 hexadecimal digits, 8-4-4-4-12 | in lower case |
 * | `geoCoordinates` | `{ latitude, longitude }` in degrees, ±90 and ±180 | as it was |
 * | `blob` | a Uint8Array, or a text in base64 with padding | a Uint8Array |
 * | `object` | an object with properties by `nestedProperties` | an ordinary object |
 * | `…[]` | an array of values of that type, without null | an array |
 *
 * A property that is null or undefined is not stored.
 */
export type DataType = ScalarType | `${Exclude<ScalarType, 'blob'>}[]`;

/** How a text is cut into tokens; ts/search/tokenizer.ts says how each does it. */
export type Tokenization = 'word' | 'lowercase' | 'whitespace' | 'field' | 'trigram' | 'segmenter';
