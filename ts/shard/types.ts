/** What a shard takes and gives. It knows ids, bytes and vectors by number; schemas, names and texts are the database's. */
import type { Codec, FullVectors, IndexStats, Metric } from '../types.js';
import type { VectileError } from '../errors.js';
import type { Deadline } from '../search/deadline.js';
import type { FieldsTerms } from '../search/expand.js';
import type { FilterNode } from '../search/filter.js';
import type { InvertedStats } from '../search/inverted.js';
import type { KeywordStatistics } from '../search/keyword-query.js';
import type { NumbersKey } from '../search/types.js';
import type { TypoTolerance } from '../search/typos.js';
import type { Want } from './handle.js';

/** A named vector, by the number its schema gave it. */
export interface FieldSpec {
  number: number;
  dimensions: number;
  metric: Metric;
  type: 'hnsw' | 'flat' | 'dynamic';
  maxConnections: number;
  efConstruction: number;
  /** dynamic: vectors beyond which it becomes hnsw. */
  threshold: number;
  codec: Codec;
  fullVectors: FullVectors;
}

export interface StoredVector {
  number: number;
  values: Float32Array;
}

export interface StoredObject {
  id: string;
  slot: number;
  /** Sequence number of the record that wrote it. */
  revision: number;
  /** Milliseconds since 1970. */
  created: number;
  updated: number;
  /** As the database encoded them. */
  properties: Uint8Array;
  /** Only if asked for. */
  vectors?: StoredVector[];
}

/** What shall become of an object: its new content, a part of it anew, or nothing. Plain data, as all of a change. */
export type Effect = Content | Patch | 'delete';

/** Vectors that are `kept` are not linked anew. */
export interface Content {
  properties: Uint8Array;
  vectors: StoredVector[] | 'kept';
  /** By default those of the object there is, or the time of the write. */
  created?: number;
  updated?: number;
}

/** What is not named stays as it is. Throws INVALID_ARGUMENT if all together is too large. */
export interface Patch {
  /** Properties in the place of those there are, encoded as all of them are. */
  patch: Uint8Array;
  /** Names of properties that are taken away. */
  removed: readonly string[];
  vectors: StoredVector[];
}

/** One object to be written. Conditions are checked when its turn has come, against all writes before it. */
export interface Change {
  id: string;
  /** OBJECT_MISSING or OBJECT_EXISTS otherwise. */
  expect?: 'present' | 'absent';
  /** REVISION_MISMATCH if the object has another revision. */
  ifRevision?: number;
  effect: Effect;
}

/** `written` is false where there was nothing to be done. */
export type Outcome = { written: boolean; revision: number; error?: undefined } | { error: VectileError };

export interface ChangeEvent {
  kind: 'insert' | 'update' | 'delete';
  id: string;
  revision: number;
}

/** What is asked of the inverted index at one moment. */
export interface Question {
  /** Only objects for which it is true. */
  filter?: FilterNode | undefined;
  /** Numbers that are asked for. */
  keys?: readonly NumbersKey[] | undefined;
  /** When evaluating must have ended; else it throws TIMEOUT. By default 10 s after it begins. */
  deadline?: Deadline | undefined;
}

export interface NearOptions extends Question {
  k: number;
  ef?: number | undefined;
  oversampling?: number | undefined;
  /** Their objects may come along, where asking for them would take longer. */
  want?: Want | undefined;
}

/** By key that was asked for, and by hit: the number it has, NaN if it has none; of several the greatest. */
export type HitNumbers = readonly Float64Array[];

/** Nearest first. */
export interface Near {
  /** Of the last write that was seen. */
  seq: number;
  slots: number[];
  distances: number[];
  numbers?: HitNumbers;
  /** As `read` gives them, if they have come along. */
  objects?: (StoredObject | undefined)[];
}

/** A keyword search, its terms analyzed already. */
export interface KeywordRequest extends Question {
  /** Properties that are analysed alike, and the query's distinct terms in their form. */
  fields: readonly FieldsTerms[];
  typoTolerance: TypoTolerance;
  k: number;
  operator: 'or' | 'and';
  minimumMatch: number;
  k1: number;
  b: number;
  /** True: explanations are made, too. */
  explain: boolean;
  /** As in NearOptions. */
  want?: Want | undefined;
  /** Of all shards; by default those of this one. */
  statistics?: KeywordStatistics | undefined;
}

/** Best first. */
export interface KeywordHits {
  /** Of the last write that was seen. */
  seq: number;
  slots: number[];
  scores: number[];
  /** In one line each, if asked for. */
  explanations?: string[];
  numbers?: HitNumbers;
  /** As in Near. */
  objects?: (StoredObject | undefined)[];
}

export interface ShardStats {
  objects: number;
  /** Sequence number of the last write. */
  seq: number;
  /** Bytes in memory: ids, places and revisions; objects not yet in segments; vector indexes with all they work in; the inverted index. */
  memory: { table: number; unflushed: number; indexes: number; inverted: number };
  disk: { log: number; segments: number; snapshot: number; total: number };
  /** Bytes written by snapshots, and bytes appended to the log, since it was opened. */
  written: { snapshots: number; log: number };
  /** By number of the named vector. */
  vectors: Map<number, { count: number; unlinked: number; index: IndexStats | undefined }>;
  inverted: InvertedStats;
}
