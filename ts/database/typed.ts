/** What callers of collections write and get, as types. Nothing here runs. */
import type { Generator } from '../rag/generator.js';
import type { Reranker } from '../rag/reranker.js';
import type { Vectorizer } from '../rag/vectorizer.js';
import type { StopwordOptions } from '../search/stopwords.js';
import type { Codec, DataType, FullVectors, Metric, ScalarType, Tokenization, VectorInput } from '../types.js';
import type { KindOf } from './filters.js';

export type { Stemmer } from '../search/stemming.js';
export type { StopwordOptions } from '../search/stopwords.js';
export type { DataType, ScalarType, Tokenization } from '../types.js';

export interface GeoCoordinates {
  latitude: number;
  longitude: number;
}

export type PropertyValue =
  | string | number | boolean | Date | Uint8Array | GeoCoordinates | null | undefined
  | readonly PropertyValue[] | { [name: string]: PropertyValue };

export type Properties = Record<string, PropertyValue>;

/** Properties as they are written: moments and bytes also as texts, null for what is not there. */
export type PropertiesInput<P extends object> = Properties extends P ? P : { [K in keyof P]: ValueInput<P[K]> | (undefined extends P[K] ? null : never) };

export type ValueInput<V> =
  0 extends 1 & V ? V
    : V extends Date ? Date | string
    : V extends Uint8Array ? Uint8Array | string
    : V extends readonly (infer E)[] ? readonly ValueInput<E>[]
    : V extends object ? PropertiesInput<V>
    : V;

/** Properties as they are read: where null may be written, nothing may be there. */
export type PropertiesRead<P extends object> = P extends { readonly [K in keyof P]: {} | undefined } ? P : WithoutNull<P>;

type WithoutNull<P extends object> =
  & { [K in keyof P as null extends P[K] ? never : K]: P[K] }
  & { [K in keyof P as null extends P[K] ? K : never]?: Exclude<P[K], null> };

/** Types that values of V have; those of no one kind may have any. */
export type DataTypeOf<V> =
  unknown extends V ? DataType
    : [NonNullable<V>] extends [readonly (infer E)[]] ? `${Exclude<ScalarTypeOf<E>, 'blob'>}[]`
    : KindOf<NonNullable<V>> extends 'any' ? DataType : ScalarTypeOf<NonNullable<V>>;

type ScalarTypeOf<V> =
  KindOf<V> extends infer Kind
    ? Kind extends 'any' ? ScalarType
      : Kind extends 'text' ? 'text' | 'uuid'
      : Kind extends 'number' ? 'int' | 'number'
      : Kind extends 'place' ? 'geoCoordinates' | 'object'
      : Kind extends 'boolean' | 'date' ? Kind
      : [V] extends [Uint8Array] ? 'blob' : 'object'
    : never;

export type PropertyConfig<P extends object = Properties> = {
  [K in keyof P & string]-?: PropertyOptions & {
    /** A letter or _, then letters, digits, _ and -; at most 231 characters. */
    name: K;
    dataType: DataTypeOf<P[K]>;
  }
}[keyof P & string];

export interface PropertyOptions {
  description?: string;
  /** text and text[]; default `word`. */
  tokenization?: Tokenization;
  /**
   * text and text[]: the language whose stems stand for words, in English and in lower case (`german`), of the package
   * `@orama/stemmers`. Default none. Texts are stemmed as they are indexed, queries and values of filters as they come.
   */
  stemming?: string;
  /** object and object[]: their properties, at least one unless the collection has `autoSchema`. */
  nestedProperties?: readonly PropertyConfig[];
  /** Default true; not of blob, object and object[]. */
  indexFilterable?: boolean;
  /**
   * int, number, date and their lists: as `indexFilterable`, which is its default. Both are served by the same ordered keys, so
   * either is enough for all filters.
   */
  indexRangeFilters?: boolean;
  /** text and text[]; default true. */
  indexSearchable?: boolean;
}

export interface VectorIndexConfig {
  /** Default `hnsw`. `dynamic`: flat, and hnsw once there are more than `threshold` vectors. */
  type?: 'hnsw' | 'flat' | 'dynamic';
  /** hnsw, dynamic: 2 … 2,047, default 32. */
  maxConnections?: number;
  /** hnsw, dynamic: 1 … 1,048,576, default 128. */
  efConstruction?: number;
  /** dynamic: default 10,000. May be changed. */
  threshold?: number;
  /** hnsw, dynamic: length of the candidate list of searches that do not say. Default −1: by their limit. May be changed. */
  ef?: number;
}

export interface VectorConfig {
  /** 1 … 65,535; if left out, those of the first vector. */
  dimensions?: number;
  /** Default `cosine`. */
  metric?: Metric;
  index?: VectorIndexConfig;
  /** Default `f32`. May be changed. */
  quantizer?: Codec;
  /** Default `memory`. May be changed. */
  fullVectors?: FullVectors;
}

/** Of keyword search. May be changed; searches go by it at once. */
export interface InvertedIndexConfig {
  bm25?: {
    /** How much more repeated words count: 0 … , default 1.2. 0: not at all. */
    k1?: number;
    /** How much less words of long texts count: 0 … 1, default 0.75. 0: as others. */
    b?: number;
  };
  /** Words that queries leave out, if others are left: those of `preset` and `additions`, but for `removals`; at most 10,000 of each. */
  stopwords?: StopwordOptions;
}

/** Many users of one collection, each with objects of its own: calls name the tenant, by `withTenant`. */
export interface MultiTenancyConfig {
  /** Default false. It cannot be changed. */
  enabled?: boolean;
  /** True: an insert for a tenant that is not there makes it. Default false. May be changed. */
  autoTenantCreation?: boolean;
  /** True: a tenant that is INACTIVE, or OFFLOADED, becomes ACTIVE when it is used. Default false. May be changed. */
  autoTenantActivation?: boolean;
}

/**
 * `ACTIVE`: can be used; `INACTIVE`: on disk only; `OFFLOADED`: in another store; `OFFLOADING` and `ONLOADING`: on the way there and
 * back.
 */
export type TenantStatus = 'ACTIVE' | 'INACTIVE' | 'OFFLOADED' | 'OFFLOADING' | 'ONLOADING';

export interface CollectionConfig<P extends object = Properties> {
  /** A letter or _, then letters, digits and _; at most 255 characters. */
  name: string;
  description?: string;
  properties?: readonly PropertyConfig<NoInfer<P>>[];
  /** Named vectors of an object. Default `{ default: {} }`. */
  vectors?: Readonly<Record<string, VectorConfig>>;
  invertedIndex?: InvertedIndexConfig;
  /** True: a property that is not in the schema is added, with the type of its first value. Default false: it is refused. */
  autoSchema?: boolean;
  /** With tenants, the index of a vector is `dynamic` unless it says otherwise. */
  multiTenancy?: MultiTenancyConfig;
  /** How many shards the objects are spread over, by their ids, 1 … 256; `config.reshard` changes it. Default 1. With tenants there is one for each. */
  sharding?: { count?: number };
  /** Makes vectors of texts. It is not stored, only its name, or that there is one: give it again to `use`. */
  vectorizer?: Vectorizer;
  /** Makes texts of what is found, for `generate`. It is not stored. */
  generator?: Generator;
  /** Judges hits anew, for `rerank`. It is not stored. */
  reranker?: Reranker;
}

/** As it is stored, with all defaults. */
export type StoredConfig<P extends object = Properties> =
  CollectionConfig<P> & Required<Pick<CollectionConfig<P>, 'properties' | 'vectors' | 'autoSchema' | 'invertedIndex'>>;

/** What may be changed of a collection; the rest is accepted if it is as it was, so that what `config.get` gave is. */
export interface CollectionUpdate {
  /** As it is. */
  name?: string;
  /** As they are; `config.addProperty` adds one. */
  properties?: readonly PropertyConfig[];
  description?: string;
  autoSchema?: boolean;
  multiTenancy?: MultiTenancyConfig;
  /** As it is; `config.reshard` changes it. */
  sharding?: { count?: number };
  /** Only what is given is changed; lists of words are replaced whole. */
  invertedIndex?: InvertedIndexConfig;
  vectors?: Readonly<Record<string, VectorConfig>>;
}

/** A vector goes to the only named vector, or to `default`. */
export type VectorsInput = VectorInput | Readonly<Record<string, VectorInput | undefined>>;
