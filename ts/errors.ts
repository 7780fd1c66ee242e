/**
 * Why an operation was refused.
 *
 * | code | meaning |
 * | --- | --- |
 * | `INVALID_ARGUMENT` | an argument is of the wrong type or out of its range |
 * | `DIMENSION_MISMATCH` | a vector has another number of components than the index |
 * | `NOT_FINITE` | a vector has a NaN or infinite component, or its length exceeds 2^62 |
 * | `ZERO_VECTOR` | cosine distance is not defined for a vector of length 0 |
 * | `INDEX_FULL` | the index would exceed 4 GiB, or the number of slots it can address |
 * | `OUT_OF_MEMORY` | the runtime refused to grow the index's memory; the index is as it was |
 * | `INDEX_CHANGED` | the index was changed while its image was being written |
 * | `DISPOSED` | the index was disposed of |
 * | `IMAGE_FOREIGN` | the bytes are not a Vectile image |
 * | `IMAGE_VERSION` | the image has a format this release does not read |
 * | `IMAGE_TRUNCATED` | the image ends early, or goes on past its end |
 * | `IMAGE_CORRUPT` | a checksum or a field of the image is wrong |
 * | `VECTORS_MISSING` | full vectors are needed that the index does not keep, and no reader was given |
 * | `SIMD_UNSUPPORTED` | the runtime has no WebAssembly SIMD |
 * | `CORE_UNAVAILABLE` | the WebAssembly core could not be loaded |
 * | `SHARING_UNSUPPORTED` | threads cannot share an index here; it is as usable as ever in its own |
 * | `STORE_LOCKED` | another process has the store open for writing |
 * | `STORE_MISSING` | there is no database at the place that was to be opened read-only |
 * | `STORE_READ_ONLY` | a write was asked of a database that was opened read-only |
 * | `SHARD_READ_ONLY` | too much of the disk, or of memory, is in use for objects to be written: see the thresholds of `open` |
 * | `STORAGE_FULL` | the disk or the quota is exhausted; what was there is as it was |
 * | `STORAGE_FAILED` | the file system or IndexedDB failed; after a failed fsync, writes are refused until the database is opened anew |
 * | `STORAGE_CORRUPT` | bytes on disk are not what was written; the message names file and offset |
 * | `STORAGE_VERSION` | the files have a format this release does not read |
 * | `LOG_CONFLICT` | a record was to be appended after another one than the last |
 * | `BLOB_CONFLICT` | a blob was there, or was another one, when it was to be written |
 * | `BLOB_MISSING` | there is no blob of that name |
 * | `COLLECTION_EXISTS` | there is a collection of that name already |
 * | `COLLECTION_MISSING` | there is no collection of that name |
 * | `TENANT_REQUIRED` | the collection has tenants, and the call names none |
 * | `TENANT_MISSING` | there is no tenant of that name in the collection |
 * | `TENANT_INACTIVE` | the tenant is INACTIVE, and is not activated by being used |
 * | `TENANT_OFFLOADED` | the tenant's files are in another store, or on their way there or back |
 * | `RESHARDING` | the collection is being given another number of shards already |
 * | `RESHARDED` | objects are in other shards than when the iteration or export began, which is to begin anew |
 * | `OBJECT_EXISTS` | there is an object with that id already |
 * | `OBJECT_MISSING` | there is no object with that id |
 * | `REVISION_MISMATCH` | the object, or the schema, has another revision than was expected |
 * | `SCHEMA_MISMATCH` | properties or vectors do not fit the schema of the collection |
 * | `VECTORIZER_MISSING` | a text is to be embedded and the collection has no vectorizer |
 * | `VECTORIZER_FAILED` | the vectorizer threw, or returned something else than vectors |
 * | `VECTORIZER_MISMATCH` | the vectorizer has another name than the one that the collection's vectors are of |
 * | `GENERATOR_MISSING` | a text is to be generated and the collection has no generator |
 * | `GENERATOR_FAILED` | the generator threw, or gave something else than text |
 * | `RERANKER_MISSING` | hits are to be reranked and the collection has no reranker |
 * | `RERANKER_FAILED` | the reranker threw, or returned something else than a score of each document |
 * | `STEMMER_MISSING` | texts are to be stemmed and there is no stemmer for the language |
 * | `WORKER_UNAVAILABLE` | there are no worker threads in this runtime, or none could be started; `threads: 0` does without |
 * | `WORKER_LOST` | the worker thread that a shard was in has ended; a write that was under way may have taken place or not. The next call finds the shard opened anew |
 * | `MODEL_UNAVAILABLE` | the file of a model could not be read or fetched |
 * | `MODEL_FOREIGN` | the file is no model of `convertModel`, or not the one it converts |
 * | `MODEL_VERSION` | the file of the model has a format this release does not read |
 * | `MODEL_CORRUPT` | the file of the model ends early, or a checksum or a field of it is wrong |
 * | `ABORTED` | the caller's signal was aborted |
 * | `TIMEOUT` | the call took longer than its `timeoutMs` |
 * | `CLOSED` | the database, or the encoder, was closed |
 */
export type ErrorCode =
  | 'INVALID_ARGUMENT'
  | 'DIMENSION_MISMATCH'
  | 'NOT_FINITE'
  | 'ZERO_VECTOR'
  | 'INDEX_FULL'
  | 'OUT_OF_MEMORY'
  | 'INDEX_CHANGED'
  | 'DISPOSED'
  | 'IMAGE_FOREIGN'
  | 'IMAGE_VERSION'
  | 'IMAGE_TRUNCATED'
  | 'IMAGE_CORRUPT'
  | 'VECTORS_MISSING'
  | 'SIMD_UNSUPPORTED'
  | 'CORE_UNAVAILABLE'
  | 'SHARING_UNSUPPORTED'
  | 'STORE_LOCKED'
  | 'STORE_MISSING'
  | 'STORE_READ_ONLY'
  | 'SHARD_READ_ONLY'
  | 'STORAGE_FULL'
  | 'STORAGE_FAILED'
  | 'STORAGE_CORRUPT'
  | 'STORAGE_VERSION'
  | 'LOG_CONFLICT'
  | 'BLOB_CONFLICT'
  | 'BLOB_MISSING'
  | 'COLLECTION_EXISTS'
  | 'COLLECTION_MISSING'
  | 'TENANT_REQUIRED'
  | 'TENANT_MISSING'
  | 'TENANT_INACTIVE'
  | 'TENANT_OFFLOADED'
  | 'RESHARDING'
  | 'RESHARDED'
  | 'OBJECT_EXISTS'
  | 'OBJECT_MISSING'
  | 'REVISION_MISMATCH'
  | 'SCHEMA_MISMATCH'
  | 'VECTORIZER_MISSING'
  | 'VECTORIZER_FAILED'
  | 'VECTORIZER_MISMATCH'
  | 'GENERATOR_MISSING'
  | 'GENERATOR_FAILED'
  | 'RERANKER_MISSING'
  | 'RERANKER_FAILED'
  | 'STEMMER_MISSING'
  | 'WORKER_UNAVAILABLE'
  | 'WORKER_LOST'
  | 'MODEL_UNAVAILABLE'
  | 'MODEL_FOREIGN'
  | 'MODEL_VERSION'
  | 'MODEL_CORRUPT'
  | 'ABORTED'
  | 'TIMEOUT'
  | 'CLOSED';

/** The one error class. The message names the argument, what was expected, and what came. */
export class VectileError extends Error {
  override readonly name = 'VectileError';

  constructor(readonly code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
  }
}

/** An INVALID_ARGUMENT error in the common form. */
export function invalid(argument: string, expected: string, got: unknown): VectileError {
  return new VectileError('INVALID_ARGUMENT', `${argument}: expected ${expected}, got ${describe(got)}`);
}

/** Something that the caller has given threw; it may throw anything. */
export function failed(code: ErrorCode, what: string, cause: unknown): VectileError {
  return new VectileError(code, `${what}: threw ${cause instanceof Error ? String(cause) : describe(cause)}`, { cause });
}

export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  const name = value.constructor?.name || 'object';
  return 'length' in value ? `${name} of length ${String(value.length)}` : name;
}
