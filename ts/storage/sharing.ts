/** Stores that several threads of a process use. */
import type { OpenStore } from './storage.js';

/**
 * A store of several threads. The one that has opened it has the lock; others attach to it, and close it before that one does. Logs and
 * blobs of a name belong to one thread at a time.
 */
export interface StoreSharing {
  /** For one thread to attach by, once. */
  share(): StoreShare;
  /** False once something was left that whoever opens the store next should look after; what one thread has left is told to the one with the lock. */
  isClean: boolean;
  /** After a thread has ended with logs and blobs open that start with `prefix`: does what opening does after a crash. Nothing of them may be in use. */
  recover(prefix: string): Promise<void>;
}

/** Plain data; for `attachStore`. */
export interface StoreShare {
  readonly kind: string;
  /** A path or a name. */
  readonly location: string;
  /** That of the thread with the lock; 0 if read-only. */
  readonly epoch: number;
  readonly readOnly: boolean;
  /** No two shares of an epoch have the same. */
  readonly tag: string;
  /** False: what is opened may have been left by a crash. */
  readonly wasClean: boolean;
  /** fs: when the next file of a log is begun. */
  readonly logFileBytes?: number;
}

const sharings = new WeakMap<OpenStore, StoreSharing>();

/** Undefined where only this thread can use the store: one in memory, or an object that stands before another store. */
export function sharingOf(store: OpenStore): StoreSharing | undefined { return sharings.get(store); }

/** To be said of a store by who has opened it. */
export function canShare(store: OpenStore, sharing: StoreSharing): void { sharings.set(store, sharing); }
