/** What a pool and its threads say to each other: plain data. */
import type { CoreModule } from '../engine/core.js';
import type { IndexShare } from '../engine/shared-reader.js';
import type { ShardHandle } from '../shard/handle.js';
import type { ShardOptions } from '../shard/shard.js';
import type { ChangeEvent, NearOptions } from '../shard/types.js';
import type { StoreShare } from '../storage/sharing.js';
import type { VectileError } from '../errors.js';
import type { Packed } from './pack.js';

/** A shard, as any thread can open it. */
export type ShardDescription = Pick<ShardOptions, 'prefix' | 'identity' | 'fields' | 'properties' | 'durability' | 'readOnly' | 'firstSeq'>;

/** What a thread is given first. */
export interface Setup {
  readonly core: CoreModule;
  /** Undefined where threads cannot share memory. */
  readonly sharedCore: CoreModule | undefined;
  readonly store: StoreShare;
  /** Bytes of inverted indexes that it may keep in memory. */
  readonly sectionBytesMax: number;
}

export type Method = Exclude<keyof ShardHandle, 'onChange' | 'memoryBytes' | 'failure' | 'losses'>;

/** In the thread. Every answer is an `Answer`, packed. */
export interface ThreadApi {
  start(setup: Setup): Promise<Packed>;
  /** `shard`: a number that no other shard has had. `isAfterLoss`: a thread may have ended that had it open. */
  open(shard: number, description: ShardDescription, isAfterLoss: boolean): Promise<Packed>;
  /** `signal`: a number by which the call can be aborted, given to it as its last argument; 0 for none. */
  call(shard: number, method: Method, args: Packed, signal: number): Promise<Packed>;
  abort(signal: number): void;
  /** For a reader in another thread. Undefined where none can be. */
  share(shard: number, field: number): Promise<IndexShare | undefined>;
  /** What follows is of indexes of other threads. `reading`: a number that no other one has had. */
  beginReading(reading: number, share: IndexShare): boolean;
  readNear(reading: number, query: Float32Array, search: SharedSearch): SharedNear | undefined | null;
  endReading(reading: number): void;
  stop(): Promise<Packed>;
}

export type SharedSearch = Pick<NearOptions, 'k' | 'ef' | 'oversampling'>;

export interface SharedNear {
  slots: Uint32Array;
  distances: Float32Array;
  /** As of which write. */
  seq: number;
}

/** In the thread of the pool. */
export interface PoolApi {
  /** Of what was written, where no answer could tell it. */
  told(shard: number, answer: Packed): void;
}

export interface Answer {
  value?: unknown;
  error?: Error | undefined;
  /** False if the store was left so that whoever opens it next should look after it. */
  isStoreClean: boolean;
  /** Of the shard, after the call. */
  memoryBytes?: number | undefined;
  failure?: VectileError | undefined;
  /** In the order in which they came; of no write whose answer has not been given. */
  events?: ChangeEvent[] | undefined;
}
