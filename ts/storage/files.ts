/** The little of a file system that the `fs` store needs. Tests give one that fails, tears and forgets. */

import type { Space } from './storage.js';

export interface FileHandle {
  /** Writes at `position`; resolves to how many bytes were written, which may be fewer than given. */
  write(bytes: Uint8Array, position: number): Promise<number>;
  /** Makes content and size durable. */
  sync(): Promise<void>;
  truncate(bytes: number): Promise<void>;
  /** Reads up to `into.length` bytes; fewer at the end of the file. */
  read(into: Uint8Array, position: number): number;
  size(): number;
  close(): Promise<void>;
}

/** A process, as far as it can be told. */
export interface Owner {
  pid: number;
  host: string;
  /** Processes of one space have pids of one kind, which `startOf` knows. */
  space: string;
}

/** Paths are of the store's own making. What fails rejects, or throws, an error with the `code` of the system. */
export interface Files {
  /** `write`: an existing file. `create`: a new one, which must not exist. */
  open(path: string, mode: 'write' | 'create'): Promise<FileHandle>;
  /** An existing file, for reading. */
  openSync(path: string): FileHandle;
  /** In place of what is there. */
  rename(from: string, to: string): Promise<void>;
  /** A second name; fails with EEXIST if it is taken. */
  link(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Parents too; no error if it is there. */
  mkdir(path: string): Promise<void>;
  /** An empty folder. */
  rmdir(path: string): Promise<void>;
  /** Names of what is in a folder; undefined if there is no such folder. */
  list(path: string): Promise<{ name: string; isFolder: boolean }[] | undefined>;
  /** Undefined if there is no such file. `modified` in ms since 1970. */
  stat(path: string): Promise<{ bytes: number; modified: number } | undefined>;
  /** Sets the time of modification to now. */
  touch(path: string): Promise<void>;
  /** Makes the names in a folder durable. */
  syncFolder(path: string): Promise<void>;
  /** Path to an absolute one, without links as far as it exists: what the process knows a folder by. */
  resolve(path: string): Promise<string>;
  /** Of the disk that has a folder: what is in use, and all of it. Undefined if it cannot be told. */
  space?(path: string): Promise<Space | undefined>;
  /** What the process has of memory, and what it may have. Undefined if it cannot be told. */
  memory?(): Space | undefined;
  /** How many files the process may have open. Undefined if it cannot be told. */
  handlesMax?(): number | undefined;
  readonly owner: Owner;
  /** When the machine was started, in ms since 1970; 0 if that does not matter, because `space` tells. */
  readonly bootedAt: number;
  /** When a process of this space was started, as text that no later one of that pid has; undefined if there is none. '' if only that it runs is known. */
  startOf(pid: number): string | undefined;
}
