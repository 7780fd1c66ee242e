/** Storing many objects: batch by batch, the next made ready while one is written, and no faster than vectors are linked. */
import { VectileError, invalid, type ErrorCode } from '../errors.js';
import { pause } from '../shard/pause.js';
import type { Durability } from '../storage/storage.js';
import { checkAborted } from '../shard/abort.js';
import type { CollectionHost } from './host.js';
import type { Shards } from './shards.js';
import { prepareMany, preparedBytes, type AnyInput, type Fail, type ObjectInput, type Prepared } from './prepare.js';

export interface InsertManyResult {
  /** Objects that were written. */
  inserted: number;
  /** By place in the source, undefined where it failed; only if the source is an array. */
  ids: (string | undefined)[] | undefined;
  /** The first 1,000 failures; `id` if one was given. */
  errors: { index: number; id: string | undefined; error: VectileError }[];
  errorCount: number;
  hasErrors: boolean;
}

export type ObjectSource<P extends object> = Iterable<ObjectInput<P>> | AsyncIterable<ObjectInput<P>>;

/** What is written together, at most, but for an object that is larger. */
const BATCH_BYTES = 1 << 18;
const ERRORS_MAX = 1000;
/** What is wrong with one object; any other failure would meet all that follow, and ends the call. */
const OBJECT_ERRORS: readonly ErrorCode[] = ['INVALID_ARGUMENT', 'SCHEMA_MISMATCH', 'DIMENSION_MISMATCH', 'NOT_FINITE', 'ZERO_VECTOR', 'VECTORIZER_FAILED'];
/** While more vectors than this are not linked, the next batch waits: searches would have to scan them. */
const UNLINKED_MAX = 500;

export async function insertMany<P extends object>(
  host: CollectionHost, source: ObjectSource<P>, batchSize: number, durability: Durability,
  onProgress: ((progress: { done: number; errors: number }) => void) | undefined, signal: AbortSignal | undefined,
): Promise<InsertManyResult> {
  const result: InsertManyResult = { inserted: 0, ids: Array.isArray(source) ? [] : undefined, errors: [], errorCount: 0, hasErrors: false };
  const fail: Fail = (index, id, error) => {
    if (!(error instanceof VectileError && OBJECT_ERRORS.includes(error.code))) throw error;
    report(index, id, error);
  };
  const report = (index: number, id: string | undefined, error: VectileError) => {
    result.hasErrors = true;
    if (result.errorCount++ < ERRORS_MAX) result.errors.push({ index, id, error });
    if (result.ids) result.ids[index] = undefined;
  };
  let before: Shards | undefined;
  const write = async (batch: readonly Prepared[], done: number) => {
    for (const group of groups(batch)) {
      const outcomes = await host.use(async (now) => {
        const shards = await now.writable();
        if (host.tenant !== undefined) shards.checkSame(before);
        before = shards;
        const written = await shards.write(group.map(({ id, properties, vectors }) => ({ id, effect: { properties, vectors } })), durability);
        await shards.each((handle) => handle.settle(UNLINKED_MAX, signal));
        return written;
      }, { inserts: !before });
      outcomes.forEach(({ error }, i) => {
        const { index, id, givenId } = group[i]!;
        if (error) return report(index, givenId, error);
        result.inserted++;
        if (result.ids) result.ids[index] = id;
      });
    }
    onProgress?.({ done, errors: result.errorCount });
  };
  let done = 0;
  let writing: Promise<void> = Promise.resolve();
  try {
    for await (const objects of batches(source, batchSize, signal)) {
      await pause(); // a source and a store that never wait would keep timers and signals out
      checkAborted(signal);
      const batch = await prepareMany(host, objects, done, fail, signal);
      done += objects.length;
      await writing; // the batch before was written while this one was made ready
      checkAborted(signal);
      writing = write(batch, done);
      writing.catch(() => {}); // it is awaited above or below
    }
    await writing;
    return result;
  } finally {
    await writing.catch(() => {}); // when the call has failed, nothing of it is under way
  }
}

export function checkSource(source: unknown): void {
  if (typeof source !== 'object' || source === null || !(Symbol.asyncIterator in source || Symbol.iterator in source)) throw invalid('source', 'an iterable of objects', source);
}

async function* batches<P extends object>(source: ObjectSource<P>, size: number, signal: AbortSignal | undefined): AsyncGenerator<ObjectInput<P>[]> {
  let batch: ObjectInput<P>[] = [];
  let bytes = 0;
  const isFull = (object: ObjectInput<P>) => {
    batch.push(object);
    bytes += roughBytes(object);
    return batch.length >= size || bytes >= BATCH_BYTES;
  };
  const taken = () => {
    const full = batch;
    batch = [];
    bytes = 0;
    return full;
  };
  if (Symbol.asyncIterator in source) {
    for await (const object of source) {
      checkAborted(signal);
      if (isFull(object)) yield taken();
    }
  } else {
    for (const object of source) {
      // as `for await` would, which waits for each
      if (isFull(object instanceof Promise ? await object : object)) yield taken();
    }
  }
  if (batch.length) yield batch;
}

/** Of what is large in most objects: vectors and top-level texts. What cannot be read is refused later. */
function roughBytes(object: AnyInput | null): number {
  let bytes = 0;
  try {
    const { vector, properties } = object ?? {};
    bytes += 4 * lengthOf(vector);
    if (typeof vector === 'object' && !('length' in vector)) for (const name of Object.keys(vector)) bytes += 4 * lengthOf(vector[name]);
    for (const name of Object.keys(properties ?? {})) bytes += lengthOf(Object.getOwnPropertyDescriptor(properties, name)?.value);
  } catch {
    // by a getter or a proxy
  }
  return bytes;
}

function lengthOf(value: unknown): number {
  return typeof value === 'string' || value instanceof Uint8Array || value instanceof Float32Array || Array.isArray(value) ? value.length : 0;
}

/** Runs of a batch that are written as one record: in none of them an id comes twice. */
function* groups(batch: readonly Prepared[]): Generator<Prepared[]> {
  let group: Prepared[] = [];
  let ids = new Set<string>();
  let bytes = 0;
  for (const prepared of batch) {
    const more = preparedBytes(prepared);
    if (ids.has(prepared.id) || group.length && bytes + more > 2 * BATCH_BYTES) {
      yield group;
      group = [];
      ids = new Set();
      bytes = 0;
    }
    ids.add(prepared.id);
    group.push(prepared);
    bytes += more;
  }
  if (group.length) yield group;
}
