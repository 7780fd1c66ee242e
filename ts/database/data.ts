/** Writing objects. What a write needs is resolved here (ids, schema, vectors of texts), so that its record says what it did. */
import { VectileError, invalid } from '../errors.js';
import type { Change, Effect, Outcome, StoredVector } from '../shard/types.js';
import type { Durability } from '../storage/storage.js';
import { call, checkAborted, type CallOptions } from './calls.js';
import type { CollectionHost } from './host.js';
import { checkId, newId } from './ids.js';
import { decodeProperties, encodeProperties, mergeProperties } from './properties.js';
import { resolveVectors, type ResolvedVector } from './vectors.js';
import type { Schema } from './schema.js';
import type { Properties, VectorsInput } from './typed.js';
import { embed, textOf } from './vectorize.js';

export interface ObjectInput<P extends object = Properties> {
  /** 1 … 128 bytes of UTF-8; a random UUID if left out. */
  id?: string;
  properties?: P;
  /** One for the only named vector, or by name. Left out, the collection's vectorizer makes it of all texts, if there is one. */
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

export interface InsertManyResult {
  /** Objects that were written. */
  inserted: number;
  /** By place in the source, undefined where it failed; only if the source is an array. */
  ids: (string | undefined)[] | undefined;
  /** The first 1,000 failures. */
  errors: { index: number; id: string | undefined; error: VectileError }[];
  errorCount: number;
  hasErrors: boolean;
}

const WRITE_OPTIONS = ['durability'];
const CONDITION_OPTIONS = ['durability', 'ifRevision'];
const OBJECT_KEYS = ['id', 'properties', 'vector'];
const BATCH = 128;
const BATCH_BYTES = 1 << 20;
const ERRORS_MAX = 1000;
/** While more vectors than this are not linked, the next batch waits: searches would have to scan them. */
const UNLINKED_MAX = 1000;
const DURABILITIES: readonly Durability[] = ['sync', 'flush', 'none'];

interface Prepared {
  id: string;
  properties: Uint8Array;
  vectors: StoredVector[];
}

export class Data<P extends object = Properties> {
  readonly #host: CollectionHost;

  constructor(host: CollectionHost) {
    this.#host = host;
  }

  /** Stores a new object; returns its id. Throws OBJECT_EXISTS if the id is taken. */
  insert(object: ObjectInput<P>, options?: WriteOptions): Promise<string> {
    return call(options, WRITE_OPTIONS, async () => {
      const durability = this.#durability(options);
      const { id, properties, vectors } = await this.#prepare(object, options?.signal);
      await this.#write({ id, expect: 'absent', effect: () => ({ properties, vectors }) }, durability);
      return id;
    });
  }

  /**
   * Stores objects of an array, an iterable or an async iterable, batch by batch, in constant memory; an id that is there is
   * replaced. An object that fails is reported, and the rest is stored. Each batch is written whole or not at all.
   */
  insertMany(source: Iterable<ObjectInput<P>> | AsyncIterable<ObjectInput<P>>, options: InsertManyOptions = {}): Promise<InsertManyResult> {
    return call(options, ['durability', 'batchSize', 'onProgress'], async () => {
      const { batchSize = BATCH, onProgress, signal } = options;
      if (typeof source !== 'object' || source === null || !(Symbol.asyncIterator in source || Symbol.iterator in source)) throw invalid('source', 'an iterable of objects', source);
      if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > 1000) throw invalid('batchSize', 'an integer from 1 to 1000', batchSize);
      if (onProgress !== undefined && typeof onProgress !== 'function') throw invalid('onProgress', 'a function', onProgress);
      const durability = this.#durability(options);
      const shard = await this.#host.shard();
      const result: InsertManyResult = { inserted: 0, ids: Array.isArray(source) ? [] : undefined, errors: [], errorCount: 0, hasErrors: false };
      const fail = (index: number, id: string | undefined, error: unknown) => {
        if (!(error instanceof VectileError)) throw error;
        result.hasErrors = true;
        if (result.errorCount++ < ERRORS_MAX) result.errors.push({ index, id, error });
        if (result.ids) result.ids[index] = undefined;
      };
      let done = 0;
      let writing: Promise<void> = Promise.resolve();
      const write = async (batch: { index: number; prepared: Prepared }[], until: number) => {
        for (const group of distinct(batch)) {
          const changes = group.map(({ prepared: { id, properties, vectors } }): Change => ({ id, effect: () => ({ properties, vectors }) }));
          const outcomes = await shard.write(changes, durability);
          outcomes.forEach((outcome, i) => {
            const { index, prepared } = group[i]!;
            if (outcome.error) return fail(index, prepared.id, outcome.error);
            result.inserted++;
            if (result.ids) result.ids[index] = prepared.id;
          });
        }
        onProgress?.({ done: until, errors: result.errorCount });
        await shard.settle(UNLINKED_MAX, signal);
      };
      for await (const objects of batches(source, batchSize)) {
        checkAborted(signal);
        const batch = await this.#prepareMany(objects, done, fail, signal);
        done += objects.length;
        // one batch ahead: this one was prepared while the former was written
        await writing;
        checkAborted(signal);
        writing = write(batch, done);
        writing.catch(() => {}); // it is awaited above or below
      }
      await writing;
      return result;
    });
  }

  /**
   * Merges properties into those of an object: null takes one away, undefined leaves it. Vectors stay unless they are given,
   * or a vectorizer makes a new one of changed texts. Throws OBJECT_MISSING.
   */
  update(object: ObjectInput<P> & { id: string }, options?: ConditionOptions): Promise<void> {
    return call(options, CONDITION_OPTIONS, async () => {
      const durability = this.#durability(options);
      const ifRevision = revisionOf(options);
      checkObject(object, true);
      const { id, properties = {}, vector } = object;
      checkId(id);
      await this.#grow((schema) => encodeProperties(schema, properties).schema);
      const given = await this.#vectors(vector);
      if (!given && this.#host.vectorizer && textOf(this.#host.schema(), properties) !== undefined) return this.#updateText(id, properties, ifRevision, durability, options?.signal);
      const change: Change = {
        id, expect: 'present', ...ifRevision !== undefined && { ifRevision }, needsOld: given !== undefined,
        effect: (old) => ({
          properties: mergeProperties(this.#host.schema(), old!.properties, properties).bytes,
          vectors: given ? [...old!.vectors!.filter(({ number }) => !given.some((vector) => vector.number === number)), ...given] : 'kept',
        }),
      };
      await this.#write(change, durability);
    });
  }

  /** Puts another object in the place of one; its creation time stays. Throws OBJECT_MISSING. */
  replace(object: ObjectInput<P> & { id: string }, options?: ConditionOptions): Promise<void> {
    return call(options, CONDITION_OPTIONS, async () => {
      const durability = this.#durability(options);
      const ifRevision = revisionOf(options);
      checkObject(object, true);
      const { id, properties, vectors } = await this.#prepare(object, options?.signal);
      await this.#write({ id, expect: 'present', ...ifRevision !== undefined && { ifRevision }, effect: () => ({ properties, vectors }) }, durability);
    });
  }

  /** True if it was there. */
  deleteById(id: string, options?: ConditionOptions): Promise<boolean> {
    return call(options, CONDITION_OPTIONS, async () => {
      const durability = this.#durability(options);
      const ifRevision = revisionOf(options);
      checkId(id);
      const { written } = await this.#write({ id, ...ifRevision !== undefined && { ifRevision }, effect: (old): Effect | undefined => (old ? 'delete' : undefined) }, durability);
      return written;
    });
  }

  exists(id: string, options?: CallOptions): Promise<boolean> {
    return call(options, [], async () => {
      checkId(id);
      return (await this.#host.shard()).slotOf(id) >= 0;
    });
  }

  /** With a vector made anew of what the texts will be; again if the object changes meanwhile. */
  async #updateText(id: string, patch: object, ifRevision: number | undefined, durability: Durability, signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      checkAborted(signal);
      const shard = await this.#host.shard();
      const old = await shard.get(id, { vectors: true });
      const schema = this.#host.schema();
      if (!old) throw new VectileError('OBJECT_MISSING', `id: expected one of an object, got ${JSON.stringify(id)}`);
      const { bytes } = mergeProperties(schema, old.properties, patch);
      const made = await this.#embedOne(decodeProperties(schema, bytes), signal);
      const expected = ifRevision ?? old.revision;
      const change: Change = {
        id, expect: 'present', ifRevision: expected,
        effect: () => ({ properties: bytes, vectors: [...old.vectors!.filter(({ number }) => !made.some((vector) => vector.number === number)), ...made] }),
      };
      const [outcome] = await shard.write([change], durability);
      if (!outcome!.error) return;
      if (outcome!.error.code !== 'REVISION_MISMATCH' || ifRevision !== undefined) throw outcome!.error;
    }
  }

  async #write(change: Change, durability: Durability): Promise<Outcome & { error?: undefined }> {
    const [outcome] = await (await this.#host.shard()).write([change], durability);
    if (outcome!.error) throw outcome!.error;
    return outcome as Outcome & { error?: undefined };
  }

  async #prepare(object: ObjectInput<P>, signal: AbortSignal | undefined): Promise<Prepared> {
    const [prepared] = await this.#prepareMany([object], -1, (_, __, error) => { throw error; }, signal);
    return prepared!.prepared;
  }

  /** Checks and encodes objects; those that fail are reported. Texts without vectors are embedded together. */
  async #prepareMany(
    objects: readonly ObjectInput<P>[], first: number, fail: (index: number, id: string | undefined, error: unknown) => void, signal: AbortSignal | undefined,
  ): Promise<{ index: number; prepared: Prepared }[]> {
    const batch: { index: number; prepared: Prepared }[] = [];
    const texts: { prepared: Prepared; text: string }[] = [];
    for (const [i, object] of objects.entries()) {
      const argument = first < 0 ? '' : `[${first + i}].`;
      let id: string | undefined;
      try {
        checkObject(object, false);
        id = object.id ?? newId();
        checkId(id, `${argument}id`);
        const prepared = { id, properties: await this.#encode(object.properties, `${argument}properties`), vectors: (await this.#vectors(object.vector, `${argument}vector`)) ?? [] };
        batch.push({ index: first + i, prepared });
        const text = object.vector === undefined && this.#host.vectorizer ? textOf(this.#host.schema(), object.properties ?? {}) : undefined;
        if (text !== undefined) texts.push({ prepared, text });
      } catch (error) {
        fail(first + i, id, error);
      }
    }
    if (!texts.length) return batch;
    const made = await embed(this.#host, texts.map(({ text }) => text), signal);
    for (const [i, { prepared }] of texts.entries()) prepared.vectors = (await this.#vectors(made[i]!, 'vectorizer'))!;
    return batch;
  }

  async #embedOne(properties: object, signal: AbortSignal | undefined): Promise<ResolvedVector[]> {
    const text = textOf(this.#host.schema(), properties);
    if (text === undefined) return [];
    const [vector] = await embed(this.#host, [text], signal);
    return (await this.#vectors(vector!, 'vectorizer'))!;
  }

  async #encode(properties: object | undefined, argument: string): Promise<Uint8Array> {
    for (;;) {
      const schema = this.#host.schema();
      const { bytes, schema: grown } = encodeProperties(schema, properties, argument);
      if (!grown) return bytes;
      await this.#host.changeSchema((present) => (present.revision === schema.revision ? grown : present));
    }
  }

  /** Undefined if none are given. */
  async #vectors(input: VectorsInput | undefined, argument = 'vector'): Promise<ResolvedVector[] | undefined> {
    if (input === undefined) return undefined;
    for (;;) {
      const schema = this.#host.schema();
      const { vectors, schema: grown } = resolveVectors(schema, input, argument);
      if (!grown) return vectors;
      await this.#host.changeSchema((present) => (present.revision === schema.revision ? grown : present));
    }
  }

  async #grow(change: (schema: Schema) => Schema | undefined): Promise<void> {
    if (change(this.#host.schema())) await this.#host.changeSchema((schema) => change(schema) ?? schema);
  }

  #durability({ durability = this.#host.durability }: WriteOptions = {}): Durability {
    if (!DURABILITIES.includes(durability)) throw invalid('durability', DURABILITIES.join(', '), durability);
    return durability;
  }
}

function checkObject(object: unknown, needsId: boolean): void {
  if (typeof object !== 'object' || object === null || Array.isArray(object)) throw invalid('object', '{ id, properties, vector }', object);
  for (const key of Object.keys(object)) if (!OBJECT_KEYS.includes(key)) throw invalid('object', `no keys but ${OBJECT_KEYS.join(', ')}`, key);
  if (needsId && (object as { id?: unknown }).id === undefined) throw invalid('id', 'the id of an object', undefined);
}

function revisionOf({ ifRevision }: ConditionOptions = {}): number | undefined {
  if (ifRevision !== undefined && (!Number.isInteger(ifRevision) || ifRevision < 0)) throw invalid('ifRevision', 'an integer from 0', ifRevision);
  return ifRevision;
}

/** Runs of a batch in which no id comes twice. */
function* distinct<T extends { prepared: Prepared }>(batch: readonly T[]): Generator<T[]> {
  let group: T[] = [];
  let ids = new Set<string>();
  for (const item of batch) {
    if (ids.has(item.prepared.id)) {
      yield group;
      group = [];
      ids = new Set();
    }
    ids.add(item.prepared.id);
    group.push(item);
  }
  if (group.length) yield group;
}

async function* batches<P extends object>(source: Iterable<ObjectInput<P>> | AsyncIterable<ObjectInput<P>>, size: number): AsyncGenerator<ObjectInput<P>[]> {
  let batch: ObjectInput<P>[] = [];
  let bytes = 0;
  for await (const object of source) {
    batch.push(object);
    bytes += roughBytes(object);
    if (batch.length < size && bytes < BATCH_BYTES) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length) yield batch;
}

/** Of what is large in most objects: vectors and top-level texts. */
function roughBytes(object: ObjectInput<object> | null): number {
  const vector = object?.vector;
  let bytes = vector && 'length' in vector ? Number(vector.length) * 4 : 0;
  const properties = object?.properties as Record<string, unknown> | undefined;
  if (typeof properties === 'object' && properties !== null) {
    for (const name of Object.keys(properties)) {
      const value = Object.getOwnPropertyDescriptor(properties, name)?.value;
      if (typeof value === 'string' || value instanceof Uint8Array) bytes += value.length;
    }
  }
  return bytes;
}
