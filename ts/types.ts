/** A vector as callers give it: a Float32Array, or an array whose elements are rounded to f32. */
export type VectorInput = Float32Array | readonly number[];

/** Distances in which smaller is nearer: 1 − cos, −Σxy, Σ(x−y)², Σ|x−y|, and the number of components that differ. */
export type Metric = 'cosine' | 'dot' | 'l2-squared' | 'manhattan' | 'hamming';

/** `hnsw`: a graph, approximate and fast. `flat`: every vector is measured, exact. */
export type IndexType = 'hnsw' | 'flat';

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
   * be returned, exactly, with a filter or without; `traverse` walks the graph and steps through what does not match:
   * where the matches are far from the query, it returns others than the nearest of them. A filter of fewer ids than a
   * 32nd of the slots is always scanned.
   */
  filterStrategy?: FilterStrategy;
  /**
   * hnsw, `auto`: up to so many matching vectors are scanned. Default −1: 6 × ef × maxConnections, about where both ways
   * were measured to take the same time.
   */
  flatSearchCutoff?: number;
}

export type FilterStrategy = 'auto' | 'scan' | 'traverse';

/** Nearest first; both arrays have one entry per hit. */
export interface Hits {
  ids: Uint32Array;
  distances: Float32Array;
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
  /** Nodes whose highest level is 0, 1, … */
  levels: number[];
  bytes: {
    /** By region of the image: what the index needs for the slots in use. */
    header: number; ids: number; states: number; live: number; twins: number; uppers: number;
    norms: number; links: number; rows: number; arena: number;
    /** Sum of the above: the size of the image. */
    total: number;
    /** The whole linear memory: image, room to grow, and what a search works in. */
    memory: number;
    /** Outside linear memory: the table from ids to slots. */
    idTable: number;
  };
}
