/**
 * What the database asks of a place that keeps bytes. Every backend keeps these contracts, and one suite
 * (test/storage/conformance.js) holds them all to it. Storage knows names and bytes, neither shards nor vectors.
 *
 * A store has logs and blobs by name. Names are `/`-separated parts of [a-z0-9.-]; a backend may map a part to a folder.
 * One process at a time may open a store for writing; readers may stand beside it.
 */

/**
 * When a write is acknowledged. `sync`: once it would survive a power cut (fsync; in IndexedDB a strict transaction).
 * `flush`: once the operating system has it, so that it survives the end of this process. `none`: at once.
 * docs/durability.md says what each means on each backend.
 */
export type Durability = 'sync' | 'flush' | 'none';

/** What is read of a log: one append, whole as it was made. */
export interface LogEntry {
  /** Number of the first record. */
  seq: number;
  records: Uint8Array[];
}

/** An ordered sequence of records, numbered densely from 1. */
export interface ShardLog {
  /** The number the next record will get. */
  readonly nextSeq: number;
  /** Bytes of what can be read. */
  readonly bytes: number;
  /**
   * Adds records as one unit: after a crash all of them are there or none. Resolves when durable as asked. Appends and trims must
   * not overlap. Throws LOG_CONFLICT if `expectedSeq` is not `nextSeq`. An append that fails leaves the log as it was
   * (STORAGE_FULL, STORAGE_FAILED), or, where that cannot be known, as after a failed fsync, every later append throws
   * STORAGE_FAILED until the log is opened anew.
   */
  append(records: readonly Uint8Array[], expectedSeq: number, durability: Durability): Promise<void>;
  /** Makes all that was appended durable as by `sync`. */
  sync(): Promise<void>;
  /**
   * Entries from the one that holds record `from`, in order. Throws STORAGE_CORRUPT, naming file and offset, at bytes that
   * were durable and are not what was written. A torn end, as a crash leaves it, is not corruption: the log ends before it.
   */
  read(from: number): AsyncIterable<LogEntry>;
  /** Allows records below `to` to be forgotten; whole units of storage are. */
  trim(to: number): Promise<void>;
  close(): Promise<void>;
}

export interface BlobInfo {
  name: string;
  bytes: number;
}

/** Files that are written once, and small ones that are replaced whole. What a put acknowledges is durable as by `sync`. */
export interface BlobStore {
  /**
   * Writes a blob from chunks, in place of what was there. Nobody sees a part of it. `etag` stands for the content.
   * Throws STORAGE_FULL or STORAGE_FAILED, and then the blob is as it was before.
   */
  put(name: string, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<{ etag: string; bytes: number }>;
  /** The same, only if there is none of that name; else throws BLOB_CONFLICT. */
  putIfAbsent(name: string, bytes: Uint8Array): Promise<{ etag: string }>;
  /** The same, only if there is one with this etag; else throws BLOB_CONFLICT. */
  putIfMatch(name: string, bytes: Uint8Array, etag: string): Promise<{ etag: string }>;
  /** The whole of a small blob; undefined if there is none. */
  get(name: string): Promise<{ bytes: Uint8Array; etag: string } | undefined>;
  /**
   * Exactly `length` bytes from `start`; throws BLOB_MISSING if there is no such blob, STORAGE_CORRUPT if it ends before. `into`:
   * memory that is given up for them: they may lie anywhere in it, and its buffer may be detached.
   */
  getRange(name: string, start: number, length: number, into?: Uint8Array): Promise<Uint8Array>;
  /** The same at once; only where the backend can. Into the beginning of `into`, if that is given and the backend reads. */
  getRangeSync?(name: string, start: number, length: number, into?: Uint8Array): Uint8Array;
  /** Blobs whose name starts with `prefix`, by name; what belongs to logs is not among them. */
  list(prefix: string): Promise<BlobInfo[]>;
  /** It is no error if there is none. */
  delete(name: string): Promise<void>;
  /** Gives back what is held of blobs whose name starts with `prefix`, such as open files. They may be read again. */
  release(prefix: string): void;
}

/** Bytes. */
export interface Space {
  used: number;
  total: number;
}

export interface StoreOptions {
  /** Opens beside a writer: no lock is taken, and nothing may be written. */
  readOnly: boolean;
}

/** A place, not yet opened. Made by `memory()`, `fs(path)`, `indexedDB(name)`. */
export interface Store {
  readonly kind: string;
  /** For messages: a path or a name. */
  readonly location: string;
  /** Takes the lock unless read-only. Throws STORE_LOCKED at once if another writer has it; read-only, STORE_MISSING if there is nothing. */
  open(options: StoreOptions): Promise<OpenStore>;
}

export interface OpenStore {
  /** Raised by every opening for writing: a writer with a lower epoch has lost the store. 0 if read-only. */
  readonly epoch: number;
  readonly blobs: BlobStore;
  /**
   * The log of that name; an empty one that starts at record 1 if there is none. For writing, a torn end is cut off. Read-only, each `read`
   * looks anew at what a writer has appended since, and `nextSeq` is as of the last look.
   */
  log(name: string): Promise<ShardLog>;
  /** Makes an empty log whose first record will have the number `nextSeq`, durably; in place of one that is there, which must not be open. */
  beginLog(name: string, nextSeq: number): Promise<void>;
  /** Names of logs that start with `prefix`. One that nothing was ever appended to need not be among them. */
  logs(prefix: string): Promise<string[]>;
  /** Deletes a log with all its records. It must not be open. */
  deleteLog(name: string): Promise<void>;
  /** After a power cut that leaves anything of what is written after this, what was deleted below a prefix before it has not come back. */
  syncDeleted(prefix: string): Promise<void>;
  /** How much of the disk, or of the quota, is in use, by whomever; undefined if that cannot be told. */
  space(): Promise<Space | undefined>;
  /** Bytes on disk of all below a prefix, logs included. */
  bytes(prefix: string): Promise<number>;
  /** Gives the lock back. */
  close(): Promise<void>;
}
