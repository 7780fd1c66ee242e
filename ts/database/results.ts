/** Objects as queries give them. */
import { invalid } from '../errors.js';
import type { StoredObject } from '../shard/types.js';
import type { Hit } from './hits.js';
import type { CollectionHost } from './host.js';
import { decodeProperties } from './properties.js';
import { checkPropertyNames, vectorOf } from './schema.js';
import type { Properties, PropertiesRead } from './typed.js';

export type MetadataName = 'distance' | 'certainty' | 'score' | 'explainScore' | 'rerankScore' | 'creationTime' | 'updateTime' | 'revision';

export interface Metadata {
  /** Of near queries, and of hybrid ones where the object was found by nearness. */
  distance?: number;
  /** The same by cosine: 1 − distance / 2. */
  certainty?: number;
  /** Of bm25 and hybrid queries: higher is better. */
  score?: number;
  /** What the score is made of, in one line for people; its form may change. */
  explainScore?: string;
  /** What the reranker gave it: higher is better. */
  rerankScore?: number;
  creationTime?: Date;
  updateTime?: Date;
  /** What `ifRevision` of a write is compared with; raised by every write of the object. */
  revision?: number;
}

/** `R`: metadata that are sure to be there. */
export interface StoredResult<P extends object = Properties, R extends MetadataName = never> {
  id: string;
  /** All, or those of `returnProperties`. */
  properties: PropertiesRead<P>;
  /** What was asked for by `returnMetadata`. */
  metadata: Metadata & Required<Pick<Metadata, R>>;
  /** By name; empty unless asked for by `includeVector`. */
  vectors: Record<string, Float32Array>;
}

export type PropertyNames<P extends object> = readonly Extract<keyof P, string>[] | undefined;
export type MetadataNames = readonly MetadataName[] | undefined;

/** Those of `returnProperties`, by its type; undefined: all. */
export type Returned<P extends object, N> = N extends readonly (infer K)[] ? Pick<P, K & keyof P> : P;

/** What of `returnMetadata` is there after a search that tells all of `Told`. Of a list of any names nothing is known. */
export type Sure<R, Told extends MetadataName = never> =
  R extends readonly (infer N)[] ? MetadataName extends N ? never : N & (Told | 'creationTime' | 'updateTime' | 'revision') : never;

export interface ReturnOptions<P extends object = Properties, N extends PropertyNames<P> = PropertyNames<P>, R extends MetadataNames = MetadataNames> {
  /** Names of properties; default all. */
  returnProperties?: N;
  /** Default none. */
  returnMetadata?: R;
  /** True for all vectors, or names of vectors. Default false. */
  includeVector?: boolean | readonly string[];
}

export const RETURN_OPTIONS = ['returnProperties', 'returnMetadata', 'includeVector'] as const;
const HIT_METADATA = ['distance', 'certainty', 'score', 'explainScore', 'rerankScore'] as const;
const METADATA: readonly MetadataName[] = [...HIT_METADATA, 'creationTime', 'updateTime', 'revision'];

/** Makes results of what is stored; checks the options first. Properties are read by the schema as it is by then: they may be newer than the call. */
export function resultMaker<P extends object, R extends MetadataName = never>(host: CollectionHost, options: ReturnOptions<Properties> = {}): {
  wantsVectors: boolean;
  make(object: StoredObject, hit?: Hit): StoredResult<P, R>;
} {
  const { returnProperties, returnMetadata = [], includeVector = false } = options;
  const schema = host.schema();
  if (returnProperties !== undefined) checkPropertyNames(schema, returnProperties);
  if (!Array.isArray(returnMetadata)) throw invalid('returnMetadata', `an array of ${METADATA.join(', ')}`, returnMetadata);
  for (const name of returnMetadata) if (!METADATA.includes(name)) throw invalid('returnMetadata', `one of ${METADATA.join(', ')}`, name);
  if (typeof includeVector !== 'boolean' && !Array.isArray(includeVector)) throw invalid('includeVector', 'true, false or names of vectors', includeVector);
  const wanted = Array.isArray(includeVector) ? includeVector.map((name: string) => vectorOf(schema, name, 'includeVector')) : includeVector ? schema.vectors : [];
  const asks = new Set(returnMetadata);
  const ofHit = HIT_METADATA.filter((name) => asks.has(name));
  return {
    wantsVectors: wanted.length > 0,
    make(object, hit) {
      const metadata: Metadata = {};
      if (hit) for (const name of ofHit) if (hit[name] !== undefined) Object.assign(metadata, { [name]: hit[name] });
      if (asks.has('creationTime')) metadata.creationTime = new Date(object.created);
      if (asks.has('updateTime')) metadata.updateTime = new Date(object.updated);
      if (asks.has('revision')) metadata.revision = object.revision;
      const vectors: Record<string, Float32Array> = {};
      for (const { number, name } of wanted) {
        const values = object.vectors?.find((vector) => vector.number === number)?.values;
        if (values) Object.defineProperty(vectors, name, { value: values, writable: true, enumerable: true, configurable: true });
      }
      const properties = decodeProperties<PropertiesRead<P>>(host.schema(), object.properties, returnProperties);
      return { id: object.id, properties, metadata: metadata as StoredResult<P, R>['metadata'], vectors };
    },
  };
}

