/// <reference lib="esnext.disposable" preserve="true" />
/** The door to the database. */
import { Database, type OpenOptions } from './database/database.js';
import { invalid } from './errors.js';
import { fs } from './storage/fs.js';
import type { Store } from './storage/storage.js';

/**
 * Opens a database: in a folder, by its path, or in a store. It is made if it is not there.
 *
 * Throws STORE_LOCKED at once if another one has it open for writing. A damaged collection does not keep others from being used.
 *
 * ```ts
 * const db = await open('./data');
 * const tickets = await db.collections.create({ name: 'Ticket', properties: [{ name: 'text', dataType: 'text' }] });
 * await tickets.data.insert({ properties: { text: 'Where is my parcel?' }, vector: [0.1, 0.9] });
 * const { objects } = await tickets.query.nearVector([0, 1], { limit: 5 });
 * await db.close();
 * ```
 */
export async function open(path: string, options?: Omit<OpenOptions, 'store'>): Promise<Database>;
export async function open(options: OpenOptions): Promise<Database>;
export async function open(place: string | OpenOptions, options?: Omit<OpenOptions, 'store'>): Promise<Database> {
  if (typeof place === 'string') {
    if (options && 'store' in options) throw invalid('options.store', 'none beside a path', options.store);
    return Database.open({ ...options, store: fs(place) });
  }
  if (options !== undefined) throw invalid('options', 'none beside { store }, which they belong into', options);
  if (typeof (place as Partial<Store> | undefined)?.open === 'function') throw invalid('options', '{ store }', 'a store by itself');
  return Database.open(place);
}

export { fs } from './storage/fs.js';
export { memory, type MemoryStore } from './storage/memory.js';
export { indexedDB } from './storage/indexeddb.js';
export { extractive, type ExtractiveOptions } from './rag/extractive.js';
export { VectileError, type ErrorCode } from './errors.js';
export { init, type CoreSource } from './engine/core.js';
export type { Durability, Store } from './storage/storage.js';
export type { Codec, FullVectors, Metric, VectorInput } from './types.js';
export { Filters, type Filter, type FilterBuilder, type FilterInput, type FilterOperator, type GeoRange } from './database/filters.js';
export type {
  Aggregate, AggregateGroup, AggregateGroupBy, AggregateGroupsResult, AggregateHybridOptions, AggregateNearOptions, AggregateOptions, AggregateResult,
} from './database/aggregate.js';
export type { CallOptions } from './database/calls.js';
export type { ChangeEvent, Collection, Config, IteratorOptions, ReshardOptions, ReshardProgress } from './database/collection.js';
export type {
  ConditionOptions, Data, DeleteManyOptions, DeleteManyResult, DeletedObject, InsertManyOptions, InsertManyResult, ObjectInput, UpdateInput, WriteOptions,
} from './database/data.js';
export type { Cluster, NodesOptions, NodeStatus, ShardStatus, VectorIndexingStatus, VerboseNodeStatus } from './database/cluster.js';
export type { CreateOptions } from './database/collections.js';
export type { CollectionStats, Collections, Database, DatabaseStats, ExportOptions, OpenOptions } from './database/database.js';
export type { AnyAggregate, BooleanSummary, DateAggregate, Metrics, NumberSummary, TextSummary } from './database/metrics.js';
export type {
  Bm25Options, DiversityOptions, FetchObjectsOptions, FetchOptions, GroupBy, GroupedResult, HybridOptions, NearOptions,
  Query, QueryResult, Rerank, ResultGroup, SearchOptions, Sort, SortOrder, TypoTolerance,
} from './database/query.js';
export type { Generate, Generated, GeneratePrompts, GeneratedPart, GeneratedText } from './database/generate.js';
export type { ModelOptions } from './database/models.js';
export type { Generation } from './rag/generation.js';
export type { GenerateFunction, GenerateObject, GenerateRequest, Generator, LanguageModel } from './rag/generator.js';
export type { RerankFunction, RerankRequest, Reranker, RerankingModel } from './rag/reranker.js';
export type { EmbedFunction, EmbeddingModel, NamedVectorizer, Vectorizer } from './rag/vectorizer.js';
export type { Tenant, TenantInput, TenantListOptions, TenantStatus, Tenants } from './database/tenants.js';
export type { Metadata, MetadataName, ReturnOptions, StoredResult } from './database/results.js';
export type {
  CollectionConfig, CollectionUpdate, DataType, GeoCoordinates, InvertedIndexConfig, MultiTenancyConfig, Properties, PropertiesInput, PropertiesRead,
  PropertyConfig, PropertyValue, Stemmer, StopwordOptions, StoredConfig, Tokenization, VectorConfig, VectorIndexConfig, VectorsInput,
} from './database/typed.js';
