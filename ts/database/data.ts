/** Writing objects. What a write needs is resolved before it (ids, schema, vectors of texts), so that its record says what it did. */
import { VectileError, invalid } from '../errors.js';
import type { Deadline } from '../search/deadline.js';
import { checkAborted } from '../shard/abort.js';
import type { DeleteManyResult } from '../shard/handle.js';
import { parseProperties, patchedProperties } from '../shard/stored-properties.js';
import type { Change, Patch, StoredVector } from '../shard/types.js';
import type { Durability } from '../storage/storage.js';
import { call, type CallOptions } from './calls.js';
import { deleteFromAll } from './delete-many.js';
import type { FilterInput } from './filters.js';
import { filterOf } from './hits.js';
import type { CollectionHost, UseOptions } from './host.js';
import { checkId } from './ids.js';
import { checkSource, insertMany, type InsertManyResult, type ObjectSource } from './insert-many.js';
import { checkObject, encodeFor, prepareOne, vectorsFor, type ObjectInput } from './prepare.js';
import { decodeProperties } from './properties.js';
import type { Properties, ValueInput, VectorsInput } from './typed.js';
import { embed, isVectorized, textOf, touchesText } from './vectorize.js';
import { onlyVector } from './vectors.js';

export type { DeleteManyResult, DeletedObject } from '../shard/handle.js';
export type { InsertManyResult } from './insert-many.js';
export type { ObjectInput } from './prepare.js';

export interface UpdateInput<P extends object = Properties> {
  id: string;
  /** Those to be changed; null takes one away. */
  properties?: { [name in keyof P]?: P[name] | ValueInput<P[name]> | null };
  vector?: VectorsInput;
}

export interface WriteOptions extends CallOptions {
  /** When the write is acknowledged; default that of the database. */
  durability?: Durability;
}

export interface ConditionOptions extends WriteOptions {
  /** The write is refused with REVISION_MISMATCH if the object has another revision; 0: if it is there. */
  ifRevision?: number;
}

export interface InsertManyOptions extends WriteOptions {
  /** Objects written together, 1 … 1,000. Default 128, fewer if they are large. */
  batchSize?: number;
  /** Called after every batch. */
  onProgress?: (progress: { done: number; errors: number }) => void;
}

export interface DeleteManyOptions extends WriteOptions {
  /** True: nothing is written; it is told what would be deleted. Default false. */
  dryRun?: boolean;
  /** True: the objects are listed. Default false. */
  verbose?: boolean;
}

const WRITE_OPTIONS = ['durability'];
const CONDITION_OPTIONS = ['durability', 'ifRevision'];
const INSERT_MANY_OPTIONS = ['durability', 'batchSize', 'onProgress'];
const BATCH = 128;
const BATCH_MAX = 1000;
const DURABILITIES: readonly Durability[] = ['sync', 'flush', 'none'];

export class Data<P extends object = Properties> {
  readonly #host: CollectionHost;

  constructor(host: CollectionHost) {
    this.#host = host;
  }

  /** Stores a new object; returns its id. Throws OBJECT_EXISTS if the id is taken. */
  insert(object: ObjectInput<P>, options?: WriteOptions): Promise<string> {
    return this.#call(options, WRITE_OPTIONS, async (signal) => {
      const durability = this.#durability(options);
      this.#host.check({ inserts: true });
      const { id, properties, vectors } = await prepareOne(this.#host, object, signal);
      await this.#write({ id, expect: 'absent', effect: { properties, vectors } }, durability, { inserts: true });
      return id;
    });
  }

  /**
   * Stores objects of an array, an iterable or an async iterable, batch by batch, in constant memory; an id that is there is
   * replaced. An object that fails is reported, and the rest is stored. What of a batch goes to one shard is written whole or not at all. Objects are
   * read when their batch is full: a source must not give the same object, changed, twice.
   */
  insertMany(source: ObjectSource<P>, options: InsertManyOptions = {}): Promise<InsertManyResult> {
    const work = (signal: AbortSignal | undefined) => {
      const { batchSize = BATCH, onProgress } = options;
      checkSource(source);
      if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > BATCH_MAX) throw invalid('batchSize', `an integer from 1 to ${BATCH_MAX}`, batchSize);
      if (onProgress !== undefined && typeof onProgress !== 'function') throw invalid('onProgress', 'a function', onProgress);
      this.#host.schema();
      this.#host.check({ inserts: true });
      return insertMany(this.#host, source, batchSize, this.#durability(options), onProgress, signal);
    };
    // another source may never end
    return Array.isArray(source) ? this.#call(options, INSERT_MANY_OPTIONS, work) : call(options, INSERT_MANY_OPTIONS, work);
  }

  /**
   * Merges properties into those of an object: null takes one away, undefined leaves it. Vectors stay unless they are given,
   * or a vectorizer makes a new one of changed texts. Throws OBJECT_MISSING.
   */
  update(object: UpdateInput<P>, options?: ConditionOptions): Promise<void> {
    return this.#call(options, CONDITION_OPTIONS, async (signal) => {
      const durability = this.#durability(options);
      const ifRevision = revisionOf(options);
      this.#host.check();
      checkObject(object);
      const { id, properties = {}, vector } = object;
      checkId(id);
      const removed = namesOfNull(properties);
      const [bytes, given] = await Promise.all([encodeFor(this.#host, properties), vectorsFor(this.#host, vector)]);
      const patch = { patch: bytes, removed };
      const schema = this.#host.schema();
      const changesText = () => touchesText(schema, [...Object.keys(parseProperties(bytes)), ...removed]);
      if (vector === undefined && isVectorized(this.#host, schema) && changesText()) {
        return this.#updateText(id, patch, ifRevision, durability, signal);
      }
      await this.#write({ id, expect: 'present', ...ifRevision !== undefined && { ifRevision }, effect: { ...patch, vectors: given } }, durability);
    });
  }

  /** Puts another object in the place of one; its creation time stays. Throws OBJECT_MISSING. */
  replace(object: ObjectInput<P> & { id: string }, options?: ConditionOptions): Promise<void> {
    return this.#call(options, CONDITION_OPTIONS, async (signal) => {
      const durability = this.#durability(options);
      const ifRevision = revisionOf(options);
      this.#host.check();
      checkObject(object);
      checkId(object.id);
      const { id, properties, vectors } = await prepareOne(this.#host, object, signal);
      await this.#write({ id, expect: 'present', ...ifRevision !== undefined && { ifRevision }, effect: { properties, vectors } }, durability);
    });
  }

  /** True if it was there. */
  deleteById(id: string, options?: ConditionOptions): Promise<boolean> {
    return this.#call(options, CONDITION_OPTIONS, () => {
      const durability = this.#durability(options);
      const ifRevision = revisionOf(options);
      checkId(id);
      return this.#write({ id, ...ifRevision !== undefined && { ifRevision }, effect: 'delete' }, durability);
    });
  }

  /**
   * Deletes objects for which the filter is true, by up to 1,000 in one record. One that is changed before its turn is deleted only
   * if it still matches; one that is changed again and again has failed, with REVISION_MISMATCH. When the call throws, a part may
   * have been deleted. Throws SCHEMA_MISMATCH for a filter that does not fit the schema.
   */
  deleteMany(filters: FilterInput<P>, options: DeleteManyOptions = {}): Promise<DeleteManyResult> {
    return this.#call(options, [...WRITE_OPTIONS, 'dryRun', 'verbose'], async (signal, deadline) => {
      const { dryRun = false, verbose = false } = options;
      if (typeof dryRun !== 'boolean') throw invalid('dryRun', 'true or false', dryRun);
      if (typeof verbose !== 'boolean') throw invalid('verbose', 'true or false', verbose);
      const durability = this.#durability(options);
      return this.#host.use(async (host) => {
        const filter = await filterOf(host, filters);
        if (!filter) throw invalid('filters', 'a filter', filters);
        return deleteFromAll(await (dryRun ? host.shards() : host.writable()), filter, { dryRun, verbose, durability, deadline }, signal);
      });
    });
  }

  exists(id: string, options?: CallOptions): Promise<boolean> {
    return call(options, [], () => this.#host.use(async (host) => {
      checkId(id);
      return await (await host.shards()).of(id).find(id) !== undefined;
    }));
  }

  /** With a vector made anew if the texts are others than before; again if the object changes meanwhile. */
  async #updateText(id: string, patch: Pick<Patch, 'patch' | 'removed'>, ifRevision: number | undefined, durability: Durability, signal: AbortSignal | undefined): Promise<void> {
    const host = this.#host;
    for (;;) {
      checkAborted(signal);
      const [old] = await host.use(async (now) => (await now.shards()).get([id], { vectors: true }));
      if (!old) throw new VectileError('OBJECT_MISSING', `id: expected one of an object, got ${JSON.stringify(id)}`);
      const schema = host.schema();
      const bytes = patchedProperties(old.properties, patch);
      const text = textOf(schema, decodeProperties(schema, bytes));
      let vectors: StoredVector[] | 'kept' = 'kept';
      if (text === undefined) {
        vectors = old.vectors!.filter(({ number }) => number !== onlyVector(schema).number);
      } else if (text !== textOf(schema, decodeProperties(schema, old.properties))) {
        const [made] = await embed(host, [text], signal);
        vectors = withVectors(old.vectors!, await vectorsFor(host, made!, 'vectorizer'));
      }
      try {
        await this.#write({ id, expect: 'present', ifRevision: ifRevision ?? old.revision, effect: { properties: bytes, vectors } }, durability);
        return;
      } catch (error) {
        if (!(error instanceof VectileError) || error.code !== 'REVISION_MISMATCH' || ifRevision !== undefined) throw error;
      }
    }
  }

  /** False if there was nothing to be done. */
  async #write(change: Change, durability: Durability, options?: UseOptions): Promise<boolean> {
    const [outcome] = await this.#host.use(async (host) => (await host.writable()).of(change.id).write([change], durability), options);
    if (outcome!.error) throw outcome!.error;
    return outcome!.written;
  }

  /** Closing waits for it. */
  #call<T>(options: CallOptions | undefined, known: readonly string[], work: (signal: AbortSignal | undefined, deadline: Deadline | undefined) => Promise<T>): Promise<T> {
    return call(options, known, (signal, deadline) => this.#host.writing(() => work(signal, deadline)));
  }

  #durability({ durability = this.#host.durability }: WriteOptions = {}): Durability {
    if (!DURABILITIES.includes(durability)) throw invalid('durability', `one of ${DURABILITIES.join(', ')}`, durability);
    return durability;
  }
}

function revisionOf({ ifRevision }: ConditionOptions = {}): number | undefined {
  if (ifRevision !== undefined && (!Number.isInteger(ifRevision) || ifRevision < 0)) throw invalid('ifRevision', 'an integer from 0', ifRevision);
  return ifRevision;
}

function withVectors(old: readonly StoredVector[], given: readonly StoredVector[]): StoredVector[] {
  return [...old.filter(({ number }) => !given.some((vector) => vector.number === number)), ...given];
}

/** Properties that an update takes away. What is no object is refused where it is encoded. */
function namesOfNull(properties: object): string[] {
  if (typeof properties !== 'object' || properties === null) return [];
  return Object.keys(properties).filter((name) => Object.getOwnPropertyDescriptor(properties, name)?.value === null);
}
