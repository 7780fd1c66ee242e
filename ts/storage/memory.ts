/** A store in this process's memory: for tests, for what need not last, and for copies to be exported. */
import { VectileError } from '../errors.js';
import { crc32c } from './crc32c.js';
import type { BlobStore, LogEntry, OpenStore, ShardLog, Store } from './storage.js';

interface MemoryLog {
  nextSeq: number;
  entries: LogEntry[];
}

interface Blob {
  bytes: Uint8Array<ArrayBuffer>;
  etag: string;
}

/** What a memory store holds; it outlives opening and closing. */
interface Content {
  epoch: number;
  isLocked: boolean;
  logs: Map<string, MemoryLog>;
  blobs: Map<string, Blob>;
}

export interface MemoryStore extends Store {
  /** A store with a copy of all there is now, as a process would find it that opened the place anew. */
  fork(): MemoryStore;
}

/** Data lives as long as the object that is returned; closing a database and opening it again finds it. */
export function memory(): MemoryStore {
  return storeOf({ epoch: 0, isLocked: false, logs: new Map(), blobs: new Map() });
}

function storeOf(content: Content): MemoryStore {
  return {
    kind: 'memory',
    location: 'memory',
    open: async ({ readOnly }) => {
      if (readOnly && !content.epoch) throw new VectileError('STORE_MISSING', 'store: expected a database in memory, got none');
      if (!readOnly) {
        if (content.isLocked) throw new VectileError('STORE_LOCKED', 'store: expected one that is not open for writing, got one that is, in this process');
        content.isLocked = true;
        content.epoch++;
      }
      return openStore(content, readOnly);
    },
    fork: () => storeOf({
      epoch: content.epoch,
      isLocked: false,
      logs: new Map([...content.logs].map(([name, log]) => [name, { nextSeq: log.nextSeq, entries: [...log.entries] }])),
      blobs: new Map(content.blobs),
    }),
  };
}

function openStore(content: Content, readOnly: boolean): OpenStore {
  let isClosed = false;
  const checkWritable = () => {
    if (isClosed) throw new VectileError('CLOSED', 'store: expected one in use, got one closed');
    if (readOnly) throw new VectileError('STORE_READ_ONLY', 'store: expected one open for writing, got one opened read-only');
  };
  return {
    epoch: readOnly ? 0 : content.epoch,
    blobs: blobsOf(content, checkWritable),
    async log(name) {
      const none: MemoryLog = { nextSeq: 1, entries: [] };
      const current = (isWritten: boolean) => {
        const log = content.logs.get(name) ?? none;
        if (isWritten) content.logs.set(name, log);
        return log;
      };
      return logOf(current, checkWritable);
    },
    async beginLog(name, nextSeq) {
      checkWritable();
      content.logs.set(name, { nextSeq, entries: [] });
    },
    logs: async (prefix) => [...content.logs.keys()].filter((name) => name.startsWith(prefix)).sort(),
    async deleteLog(name) {
      checkWritable();
      content.logs.delete(name);
    },
    async syncDeleted() { checkWritable(); },
    space: async () => undefined,
    async bytes(prefix) {
      let bytes = 0;
      for (const [name, log] of content.logs) if (name.startsWith(prefix)) bytes += logBytes(log);
      for (const [name, blob] of content.blobs) if (name.startsWith(prefix)) bytes += blob.bytes.length;
      return bytes;
    },
    async close() {
      if (!isClosed && !readOnly) content.isLocked = false;
      isClosed = true;
    },
  };
}

/** `current`: the log as it is; one that is written is there from then on. */
function logOf(current: (isWritten: boolean) => MemoryLog, checkStore: () => void): ShardLog {
  let isClosed = false;
  const checkWritable = () => {
    checkStore();
    if (isClosed) throw new VectileError('CLOSED', 'log: expected one in use, got one closed');
  };
  return {
    get nextSeq() { return current(false).nextSeq; },
    get bytes() { return logBytes(current(false)); },
    async append(records, expectedSeq) {
      checkWritable();
      const { nextSeq } = current(false);
      if (expectedSeq !== nextSeq) throw new VectileError('LOG_CONFLICT', `expectedSeq: expected ${nextSeq}, got ${expectedSeq}`);
      if (!records.length) return;
      const log = current(true);
      log.entries.push({ seq: expectedSeq, records: records.map((record) => record.slice()) });
      log.nextSeq += records.length;
    },
    async sync() { checkWritable(); },
    async *read(from) {
      const log = current(false);
      const first = log.entries[0]?.seq ?? log.nextSeq;
      if (from < first) throw new VectileError('LOG_CONFLICT', `from: expected ${first} or later, the first record there is, got ${from}`);
      for (const entry of [...log.entries]) {
        if (entry.seq + entry.records.length > from) yield { seq: entry.seq, records: entry.records.map((record) => record.slice()) };
      }
    },
    async trim(to) {
      checkWritable();
      const log = current(false);
      log.entries = log.entries.filter(({ seq, records }) => seq + records.length > to);
    },
    async close() { isClosed = true; },
  };
}

function blobsOf({ blobs }: Content, checkWritable: () => void): BlobStore {
  const set = (name: string, bytes: Uint8Array<ArrayBuffer>) => {
    const etag = `${bytes.length}-${crc32c(bytes).toString(16)}`;
    blobs.set(name, { bytes, etag });
    return { etag, bytes: bytes.length };
  };
  const getRangeSync = (name: string, start: number, length: number) => {
    const blob = blobs.get(name);
    if (!blob) throw new VectileError('BLOB_MISSING', `${name}: expected a blob, got none`);
    if (start + length > blob.bytes.length) {
      throw new VectileError('STORAGE_CORRUPT', `${name}, byte ${start}: expected ${length} bytes, got ${Math.max(0, blob.bytes.length - start)}`);
    }
    return blob.bytes.slice(start, start + length);
  };
  return {
    async put(name, chunks) {
      checkWritable();
      const parts: Uint8Array[] = [];
      for await (const chunk of chunks) parts.push(chunk.slice());
      checkWritable();
      const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
      let at = 0;
      for (const part of parts) {
        bytes.set(part, at);
        at += part.length;
      }
      return set(name, bytes);
    },
    async putIfAbsent(name, bytes) {
      checkWritable();
      if (blobs.has(name)) throw new VectileError('BLOB_CONFLICT', `${name}: expected no blob, got one`);
      return set(name, bytes.slice());
    },
    async putIfMatch(name, bytes, etag) {
      checkWritable();
      const there = blobs.get(name)?.etag ?? 'none';
      if (there !== etag) throw new VectileError('BLOB_CONFLICT', `${name}: expected ${etag}, got ${there}`);
      return set(name, bytes.slice());
    },
    async get(name) {
      const blob = blobs.get(name);
      return blob && { bytes: blob.bytes.slice(), etag: blob.etag };
    },
    getRangeSync,
    getRange: async (name, start, length) => getRangeSync(name, start, length),
    list: async (prefix) =>
      [...blobs].filter(([name]) => name.startsWith(prefix)).map(([name, blob]) => ({ name, bytes: blob.bytes.length })).sort((a, b) => (a.name < b.name ? -1 : 1)),
    async delete(name) {
      checkWritable();
      blobs.delete(name);
    },
    release() {},
  };
}

const logBytes = (log: MemoryLog): number => log.entries.reduce((sum, { records }) => sum + records.reduce((bytes, { length }) => bytes + length, 0), 0);
