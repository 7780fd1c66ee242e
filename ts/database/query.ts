/** Finding objects: by id, in order, and by nearness. */
import { VectileError, invalid } from '../errors.js';
import { autocut } from '../search/autocut.js';
import type { Near, StoredObject } from '../shard/types.js';
import type { VectorInput } from '../types.js';
import { call, type CallOptions } from './calls.js';
import type { CollectionHost } from './host.js';
import { checkId } from './ids.js';
import { RETURN_OPTIONS, resultMaker, type ReturnOptions, type StoredResult } from './results.js';
import { vectorOf, type Schema, type VectorSchema } from './schema.js';
import type { Properties, VectorsInput } from './typed.js';
import { TEXTS_MAX, embed } from './vectorize.js';
import { checkedVector, onlyVector } from './vectors.js';

export interface FetchOptions<P extends object = Properties> extends ReturnOptions<P>, CallOptions {}

export interface FetchObjectsOptions<P extends object = Properties> extends FetchOptions<P> {
  /** 1 … 10,000, default 100. */
  limit?: number;
  /** Objects to pass over, 0 … 1,000,000. Not beside `after`. */
  offset?: number;
  /** The id of the last object of the page before. */
  after?: string;
}

export interface NearOptions<P extends object = Properties> extends FetchOptions<P> {
  /** 1 … 10,000, default 10. */
  limit?: number;
  /** Hits to pass over, 0 … 10,000. */
  offset?: number;
  /** Only hits at most so far away. */
  distance?: number;
  /** cosine: only hits at least so certain, 0 … 1: 1 − distance / 2. Not beside `distance`. */
  certainty?: number;
  /** Ends the hits before the n-th jump of their distances. Default 0: nowhere. */
  autoLimit?: number;
  /** Which named vector; default the only one, or `default`. */
  targetVector?: string;
  /** hnsw: length of the candidate list; default that of the collection. */
  ef?: number;
  /** Quantized vectors: candidates that are measured exactly, per hit. */
  oversampling?: number;
}

export interface QueryResult<P extends object = Properties> {
  objects: StoredResult<P>[];
}

const NEAR_OPTIONS = [...RETURN_OPTIONS, 'limit', 'offset', 'distance', 'certainty', 'autoLimit', 'targetVector', 'ef', 'oversampling'];
const LIMIT_MAX = 10_000;
const OFFSET_MAX = 1_000_000;
/** Ids of last objects of pages that are remembered, lest a page cannot follow one that was deleted. */
const PAGE_ENDS = 1000;

export class Query<P extends object = Properties> {
  readonly #host: CollectionHost;

  constructor(host: CollectionHost) {
    this.#host = host;
  }

  /** Null if there is no such object. */
  fetchObjectById(id: string, options?: FetchOptions<P>): Promise<StoredResult<P> | null> {
    return call(options, RETURN_OPTIONS, async () => {
      checkId(id);
      const { wantsVectors, make } = resultMaker<P>(this.#host, options);
      const object = await (await this.#host.shard()).get(id, { vectors: wantsVectors });
      return object ? make(object) : null;
    });
  }

  /** Those that are there, in the order of the ids. */
  fetchObjectsByIds(ids: readonly string[], options?: FetchOptions<P>): Promise<QueryResult<P>> {
    return call(options, RETURN_OPTIONS, async () => {
      if (!Array.isArray(ids)) throw invalid('ids', 'an array of ids', ids);
      ids.forEach((id, i) => checkId(id, `ids[${i}]`));
      const { wantsVectors, make } = resultMaker<P>(this.#host, options);
      const shard = await this.#host.shard();
      const objects: StoredResult<P>[] = [];
      for (const id of ids) {
        const object = await shard.get(id, { vectors: wantsVectors });
        if (object) objects.push(make(object));
      }
      return { objects };
    });
  }

  /** A page of objects, in an order in which each keeps its place for as long as it is there. */
  fetchObjects(options: FetchObjectsOptions<P> = {}): Promise<QueryResult<P>> {
    return call(options, [...RETURN_OPTIONS, 'limit', 'offset', 'after'], async () => {
      const { limit = 100, offset = 0, after } = options;
      checkInteger('limit', limit, 1, LIMIT_MAX);
      checkInteger('offset', offset, 0, OFFSET_MAX);
      if (after !== undefined) checkId(after, 'after');
      if (after !== undefined && offset) throw invalid('offset', 'none beside `after`', offset);
      const { wantsVectors, make } = resultMaker<P>(this.#host, options);
      const shard = await this.#host.shard();
      const start = after === undefined ? shard.skip(0, offset) : this.#slotOf(shard.slotOf(after), after) + 1;
      const { objects } = await shard.scan(start, limit, { vectors: wantsVectors });
      this.#remember(objects.at(-1));
      return { objects: objects.map((object) => make(object)) };
    });
  }

  /** The nearest to a vector, nearest first. */
  nearVector(vector: VectorsInput, options: NearOptions<P> = {}): Promise<QueryResult<P>> {
    return call(options, NEAR_OPTIONS, async () => {
      const schema = this.#host.schema();
      const [field, values] = queryVector(schema, vector, options.targetVector);
      return this.#near(field, values, options);
    });
  }

  /** The nearest to the vector of an object, which is among them. */
  nearObject(id: string, options: NearOptions<P> = {}): Promise<QueryResult<P>> {
    return call(options, NEAR_OPTIONS, async () => {
      checkId(id);
      const schema = this.#host.schema();
      const field = targetOf(schema, options.targetVector);
      const object = await (await this.#host.shard()).get(id, { vectors: true });
      if (!object) throw new VectileError('OBJECT_MISSING', `id: expected one of an object, got ${JSON.stringify(id)}`);
      const values = object.vectors!.find(({ number }) => number === field.number)?.values;
      if (!values) throw new VectileError('SCHEMA_MISMATCH', `id: expected an object with a vector ${JSON.stringify(field.name)}, got one without`);
      return this.#near(field, values, options);
    });
  }

  /** The nearest to the vector that the collection's vectorizer makes of a text; of up to 64 texts, to the mean of theirs. */
  nearText(text: string | readonly string[], options: NearOptions<P> = {}): Promise<QueryResult<P>> {
    return call(options, NEAR_OPTIONS, async (signal) => {
      const texts: unknown[] = Array.isArray(text) ? [...text] : [text];
      const areTexts = texts.length > 0 && texts.length <= TEXTS_MAX && texts.every((each) => typeof each === 'string' && each !== '');
      if (!areTexts) throw invalid('text', `a text, or 1 to ${TEXTS_MAX} of them`, text);
      const schema = this.#host.schema();
      const field = targetOf(schema, options.targetVector);
      const vectors = (await embed(this.#host, texts as string[], signal)).map((vector) => checkedVector(field, vector, 'vectorizer'));
      return this.#near(field, vectors.length === 1 ? vectors[0]! : checkedVector(field, mean(vectors), 'vectorizer'), options);
    });
  }

  async #near(field: VectorSchema, values: Float32Array, options: NearOptions<P>): Promise<QueryResult<P>> {
    const { limit = 10, offset = 0, distance, certainty, autoLimit = 0, ef = field.index.ef, oversampling } = options;
    const isCosine = field.metric === 'cosine';
    checkInteger('limit', limit, 1, LIMIT_MAX);
    checkInteger('offset', offset, 0, LIMIT_MAX);
    checkInteger('autoLimit', autoLimit, 0, LIMIT_MAX);
    if (ef !== undefined) checkInteger('ef', ef, 1, 2 ** 20);
    if (oversampling !== undefined && !(typeof oversampling === 'number' && oversampling >= 1)) throw invalid('oversampling', 'a number from 1', oversampling);
    if (distance !== undefined && (typeof distance !== 'number' || Number.isNaN(distance))) throw invalid('distance', 'a number', distance);
    if (certainty !== undefined && !(isCosine && distance === undefined && typeof certainty === 'number' && certainty >= 0 && certainty <= 1)) {
      throw invalid('certainty', isCosine ? 'a number from 0 to 1, and no distance' : 'none but with cosine', certainty);
    }
    const { wantsVectors, make } = resultMaker<P>(this.#host, options);
    const shard = await this.#host.shard();
    const most = distance ?? (certainty === undefined ? Infinity : 2 * (1 - certainty));
    // answered at once, it is not awaited: until their objects are asked for, no slot may be given to another
    const found = shard.near(field.number, values, { k: limit + offset, ef, oversampling });
    let near: Near = found instanceof Promise ? await found : found;
    const within = near.distances.findIndex((each) => each > most);
    if (within >= 0) near = cut(near, 0, within);
    if (autoLimit) near = cut(near, 0, autocut(near.distances, autoLimit));
    near = cut(near, offset, near.slots.length);
    const stored = await shard.getSlots(near.slots, { vectors: wantsVectors });
    const objects: StoredResult<P>[] = [];
    stored.forEach((object, i) => { if (object) objects.push(make(object, near.distances[i], isCosine)); });
    return { objects };
  }

  #slotOf(slot: number, id: string): number {
    const known = slot >= 0 ? slot : this.#host.pageEnds.get(id);
    if (known === undefined) throw new VectileError('OBJECT_MISSING', `after: expected the id of an object, or the last of a page, got ${JSON.stringify(id)}`);
    return known;
  }

  #remember(last: StoredObject | undefined): void {
    if (!last) return;
    const { pageEnds } = this.#host;
    pageEnds.delete(last.id);
    pageEnds.set(last.id, last.slot);
    if (pageEnds.size > PAGE_ENDS) pageEnds.delete(pageEnds.keys().next().value!);
  }
}

function targetOf(schema: Schema, name: string | undefined): VectorSchema {
  return name === undefined ? onlyVector(schema, 'targetVector') : vectorOf(schema, name, 'targetVector');
}

/** Which named vector is asked, and for what. A record must name one. */
function queryVector(schema: Schema, input: VectorsInput, targetVector: string | undefined): [VectorSchema, Float32Array] {
  if (typeof input === 'object' && input !== null && !Array.isArray(input) && !ArrayBuffer.isView(input)) {
    const given = input as Readonly<Record<string, VectorInput | undefined>>;
    const names = Object.keys(given).filter((name) => given[name] !== undefined);
    if (names.length !== 1) throw invalid('vector', 'one vector', `${names.length} of them`);
    if (targetVector !== undefined && targetVector !== names[0]) throw invalid('targetVector', JSON.stringify(names[0]), targetVector);
    const field = vectorOf(schema, names[0]!, 'vector');
    return [field, checkedVector(field, given[names[0]!]!, `vector.${names[0]}`)];
  }
  const field = targetOf(schema, targetVector);
  return [field, checkedVector(field, input as VectorInput, 'vector')];
}

function mean(vectors: readonly Float32Array[]): number[] {
  return Array.from(vectors[0]!, (_, i) => vectors.reduce((sum, vector) => sum + vector[i]!, 0) / vectors.length);
}

function cut({ slots, distances }: Near, from: number, to: number): Near {
  return { slots: slots.slice(from, to), distances: distances.slice(from, to) };
}

function checkInteger(argument: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) throw invalid(argument, `an integer from ${min} to ${max}`, value);
}
