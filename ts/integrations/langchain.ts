/**
 * `vectile/langchain`: a collection as a vector store of LangChain.js, of the optional peer `@langchain/core`.
 *
 * An object holds a document: its text in one property; of its metadata what the schema has properties for in these, where filters
 * see it, and the rest as JSON in one more, so that any metadata come back as they were.
 */
import { Document, type DocumentInterface } from '@langchain/core/documents';
import type { EmbeddingsInterface } from '@langchain/core/embeddings';
import { VectorStore, type MaxMarginalRelevanceSearchOptions } from '@langchain/core/vectorstores';
import { VectileError, invalid } from '../errors.js';
import type { Collection, FilterInput, Properties, StoredConfig } from '../index.js';

export interface VectileStoreConfig<P extends object = Properties> {
  /** What documents are stored in; of a collection with tenants, one tenant: `collection.withTenant(name)`. */
  collection: Collection<P>;
  /** The property with the text of a document. Default `text`. Of type text; it is added to the schema if it is not there. */
  textKey?: string;
  /**
   * The property with the metadata that the schema has no properties for, as JSON. Default `metadata`. Of type text; it is added, in no
   * index, when there are such metadata first.
   */
  metadataKey?: string;
  /** Which named vector embeddings are of; to be given if the collection has several and none is called `default`. */
  targetVector?: string;
}

/** Objects by their ids, or those for which a filter is true. */
export type VectileDeleteParams<P extends object = Properties> = { ids: string[]; filter?: undefined } | { filter: FilterInput<P>; ids?: undefined };

/** Values of one ContainsAny. */
const IDS_MAX = 10_000;
const CANDIDATES_MAX = 1000;

/**
 * A vector store of LangChain over a collection. Its errors are those of the collection, and of the embeddings.
 *
 * ```ts
 * const store = new VectileStore(embeddings, { collection: db.collections.use('Note') });
 * await store.addDocuments([new Document({ pageContent: 'Where is my parcel?', metadata: { source: 'mail' } })]);
 * const documents = await store.asRetriever({ k: 4 }).invoke('lost parcel');
 * ```
 */
export class VectileStore<P extends object = Properties> extends VectorStore {
  /** Filters are the collection's: a function of a builder, or JSON, on properties of the schema. */
  declare FilterType: FilterInput<P>;
  readonly collection: Collection<P>;
  readonly textKey: string;
  readonly metadataKey: string;
  readonly targetVector: string | undefined;

  constructor(embeddings: EmbeddingsInterface, config: VectileStoreConfig<P>) {
    super(embeddings, config);
    const { collection, textKey = 'text', metadataKey = 'metadata', targetVector } = config;
    if (typeof collection?.query?.nearVector !== 'function') throw invalid('collection', 'a collection', collection);
    if (typeof textKey !== 'string') throw invalid('textKey', 'the name of a property', textKey);
    if (typeof metadataKey !== 'string' || metadataKey === textKey) throw invalid('metadataKey', 'the name of a property other than textKey', metadataKey);
    this.collection = collection;
    this.textKey = textKey;
    this.metadataKey = metadataKey;
    this.targetVector = targetVector;
  }

  override _vectorstoreType(): string { return 'vectile'; }

  /**
   * Embeds documents and stores them; see `addVectors`.
   * @returns the ids, in the order of the documents
   */
  override async addDocuments(documents: DocumentInterface[], options?: { ids?: (string | undefined)[] }): Promise<string[]> {
    return this.addVectors(await this.embeddings.embedDocuments(documents.map(({ pageContent }) => pageContent)), documents, options);
  }

  /**
   * Stores documents with a vector each. The id of a document is that of `options.ids`, or its own, or a random UUID; an object that has
   * it is replaced. Throws SCHEMA_MISMATCH for metadata that are not of the type of their property. When it throws, other documents
   * may have been stored.
   * @returns the ids, in the order of the documents
   */
  override async addVectors(vectors: number[][], documents: DocumentInterface[], { ids }: { ids?: (string | undefined)[] } = {}): Promise<string[]> {
    if (vectors.length !== documents.length) throw invalid('vectors', `one for each of ${documents.length} documents`, vectors);
    if (ids !== undefined && ids.length !== documents.length) throw invalid('ids', `one for each of ${documents.length} documents`, ids);
    const { properties, autoSchema } = await this.#config();
    const known = new Set(properties.map(({ name }) => name));
    const split = documents.map(({ metadata }, i) => this.#split(metadata ?? {}, known, autoSchema, `documents[${i}].metadata`));
    if (!known.has(this.textKey)) await this.#add({ name: this.textKey, dataType: 'text' });
    if (split.some(({ rest }) => rest !== undefined) && !known.has(this.metadataKey)) {
      await this.#add({ name: this.metadataKey, dataType: 'text', indexFilterable: false, indexSearchable: false });
    }
    const objects = documents.map(({ pageContent, id }, i) => ({
      id: ids?.[i] ?? id,
      properties: Object.fromEntries([
        ...split[i]!.own,
        ...split[i]!.rest === undefined ? [] : [[this.metadataKey, split[i]!.rest]],
        [this.textKey, pageContent],
      ]),
      vector: this.targetVector === undefined ? vectors[i]! : { [this.targetVector]: vectors[i]! },
    }));
    const { ids: stored, errors } = await this.#untyped.data.insertMany(objects);
    if (errors[0]) throw errors[0].error;
    return stored as string[];
  }

  /** Deletes objects; ids that are not there are no error. Throws REVISION_MISMATCH if some were changed again and again meanwhile. */
  override async delete(params: VectileDeleteParams<P>): Promise<void> {
    const { ids, filter } = params ?? {};
    if ((ids === undefined) === (filter === undefined)) throw invalid('delete', '{ ids } or { filter }', params);
    if (ids === undefined) return this.#delete(filter!);
    if (!Array.isArray(ids)) throw invalid('ids', 'an array of ids', ids);
    for (let from = 0; from < ids.length; from += IDS_MAX) {
      const value = ids.slice(from, from + IDS_MAX);
      await this.#delete({ operator: 'ContainsAny', target: 'id', value });
    }
  }

  /**
   * The `k` documents nearest to a vector, best first, each with a score, of which higher is better: the cosine, by cosine; the
   * product, by dot; and 1 / (1 + distance), so 0 … 1, by other metrics.
   */
  override async similaritySearchVectorWithScore(query: number[], k: number, filter?: FilterInput<P>): Promise<[Document, number][]> {
    checkCount('k', k);
    const metric = this.#metric(await this.#config());
    const { objects } = await this.collection.query.nearVector(query, { limit: k, filters: filter, targetVector: this.targetVector, returnMetadata: ['distance'] });
    return objects.map((object) => [this.#document(object), scoreOf(object.metadata.distance, metric)]);
  }

  /**
   * `k` documents (1 … 1,000) that are near to a text and differ from each other: maximal marginal relevance among the `fetchK` nearest
   * (default 20, at least `k`, at most 1,000). `lambda`, 0 … 1, default 0.5: at 1 only nearness counts.
   */
  override async maxMarginalRelevanceSearch(
    query: string, { k, fetchK = 20, lambda = 0.5, filter }: MaxMarginalRelevanceSearchOptions<FilterInput<P>>,
  ): Promise<Document[]> {
    checkCount('k', k, CANDIDATES_MAX);
    checkCount('fetchK', fetchK, CANDIDATES_MAX);
    if (!(lambda >= 0 && lambda <= 1)) throw invalid('lambda', 'a number from 0 to 1', lambda);
    const { objects } = await this.collection.query.nearVector(await this.embeddings.embedQuery(query), {
      limit: k, filters: filter, targetVector: this.targetVector, diversity: { balance: lambda, candidates: Math.max(k, fetchK) },
    });
    return objects.map((object) => this.#document(object));
  }

  /** Embeds texts and stores them, with metadata for each, or the same for all, in a collection that is there. */
  static override async fromTexts<P extends object = Properties>(
    texts: string[], metadatas: object[] | object, embeddings: EmbeddingsInterface, config: VectileStoreConfig<P>,
  ): Promise<VectileStore<P>> {
    if (Array.isArray(metadatas) && metadatas.length !== texts.length) throw invalid('metadatas', `one for each of ${texts.length} texts`, metadatas);
    const documents = texts.map((pageContent, i) => new Document({ pageContent, metadata: Array.isArray(metadatas) ? metadatas[i] : metadatas }));
    return this.fromDocuments(documents, embeddings, config);
  }

  /** Embeds documents and stores them in a collection that is there. */
  static override async fromDocuments<P extends object = Properties>(
    documents: DocumentInterface[], embeddings: EmbeddingsInterface, config: VectileStoreConfig<P>,
  ): Promise<VectileStore<P>> {
    const store = new this(embeddings, config);
    await store.addDocuments(documents);
    return store;
  }

  /** Names of properties are known at run time only. */
  get #untyped(): Collection { return this.collection as unknown as Collection; }

  async #config(): Promise<StoredConfig> {
    const config = await this.#untyped.config.get();
    for (const [argument, key] of [['textKey', this.textKey], ['metadataKey', this.metadataKey]] as const) {
      const property = config.properties.find(({ name }) => name === key);
      if (property && property.dataType !== 'text') throw invalid(argument, 'a property of type text', property.dataType);
    }
    return config;
  }

  #metric({ vectors }: StoredConfig): string | undefined {
    const names = Object.keys(vectors);
    return vectors[this.targetVector ?? (names.length === 1 ? names[0]! : 'default')]?.metric;
  }

  /** Adds a property, unless somebody else has meanwhile. */
  async #add(property: StoredConfig['properties'][number]): Promise<void> {
    try {
      await this.#untyped.config.addProperty(property);
    } catch (error) {
      if (!(await this.#config()).properties.some(({ name }) => name === property.name)) throw error;
    }
  }

  async #delete(filter: FilterInput<P>): Promise<void> {
    const { failed, matches } = await this.collection.data.deleteMany(filter);
    if (failed) throw new VectileError('REVISION_MISMATCH', `delete: expected objects that are not changed meanwhile, got ${failed} of ${matches} that were`);
  }

  /** Metadata that become properties, and others as JSON. With `autoSchema` those do that are of a type by which they can be filtered. */
  #split(metadata: object, known: ReadonlySet<string>, autoSchema: boolean, argument: string): { own: [string, unknown][]; rest: string | undefined } {
    const own: [string, unknown][] = [], rest: [string, unknown][] = [];
    for (const [name, value] of Object.entries(metadata)) {
      const isReserved = name === this.textKey || name === this.metadataKey;
      const isOwn = !isReserved && value !== null && value !== undefined && (known.has(name) || autoSchema && PLAIN_NAME.test(name) && isFiltered(value));
      (isOwn ? own : rest).push([name, value]);
    }
    return { own, rest: rest.length ? jsonOf(Object.fromEntries(rest), argument) : undefined };
  }

  #document({ id, properties }: { id: string; properties: object }): Document {
    const { [this.textKey]: text = '', [this.metadataKey]: rest, ...own } = properties as Record<string, unknown>;
    return new Document({ id, pageContent: String(text), metadata: rest === undefined ? own : { ...own, ...this.#parsed(rest) } });
  }

  #parsed(json: unknown): object {
    try {
      const metadata: unknown = JSON.parse(json as string);
      if (typeof metadata === 'object' && metadata !== null) return metadata;
    } catch { /* said below */ }
    throw new VectileError('SCHEMA_MISMATCH', `metadataKey: expected a property with JSON that this store has written, got ${JSON.stringify(this.metadataKey)}, which has something else`);
  }
}

const PLAIN_NAME = /^[A-Za-z_][\w-]{0,230}$/;

function jsonOf(metadata: object, argument: string): string {
  try {
    return JSON.stringify(metadata);
  } catch (cause) {
    throw new VectileError('INVALID_ARGUMENT', `${argument}: expected what JSON can say, got ${String(cause)}`, { cause });
  }
}

/** Whether it is a value, or a list of values of one type, that a property is made for. */
function isFiltered(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0 && value.every((element) => isScalar(element) && typeof element === typeof value[0]);
  return isScalar(value);
}

function isScalar(value: unknown): boolean {
  return ['string', 'boolean'].includes(typeof value) || Number.isFinite(value);
}

function checkCount(argument: string, count: number, max = Infinity): void {
  if (!Number.isInteger(count) || count < 1 || count > max) throw invalid(argument, max === Infinity ? 'a positive integer' : `an integer from 1 to ${max}`, count);
}

function scoreOf(distance: number, metric: string | undefined): number {
  if (metric === 'cosine') return 1 - distance;
  return metric === 'dot' ? -distance : 1 / (1 + distance);
}
