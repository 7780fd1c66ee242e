/** The little of a file system that the `fs` store needs. Tests give one that fails, tears and forgets. */

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

/** Paths are of the store's own making. What fails rejects, or throws, an error with the `code` of the system. */
export interface Files {
  /** `read`: an existing file. `write`: the same, also for writing. `create`: a new file, which must not exist. */
  open(path: string, mode: 'read' | 'write' | 'create'): Promise<FileHandle>;
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
  /** Undefined if there is no such file. */
  stat(path: string): Promise<{ bytes: number; modified: number } | undefined>;
  /** Sets the time of modification to now. */
  touch(path: string): Promise<void>;
  /** Makes the names in a folder durable. */
  syncFolder(path: string): Promise<void>;
  /** Path to an absolute one without links, as far as it exists: what the process knows a folder by. */
  resolve(path: string): Promise<string>;
  /** This process and the machine, as far as they can be told. */
  readonly owner: { pid: number; host: string };
  /** When a process was started, as text that no later process of that number has; undefined if there is none. */
  startOf(pid: number): string | undefined;
}
