/**
 * A database as one file:
 *
 *   file  ─► magic, format: u32; then frames
 *   frame ─► kind, bytes, crc32c: u32; `bytes` bytes, padded to 4
 *
 *   collection  a schema as JSON; the objects after it are of this collection. One of the same name again: its schema from here on
 *   tenant      { name, status } as JSON; the objects after it are of this tenant, of the collection before it. Of format 2 only
 *   object      entry of the object and, if it has any, entry of its vectors, as in segments (shard/entry.ts)
 *   end         { collections, objects } as JSON, in format 2 { collections, tenants, objects }: how many there are
 *
 * Without collections that have tenants it is of format 1, for releases that do not know of them.
 *
 * The checksum goes on from that of the frame before, so that none can be missing, doubled or out of place. It is of kind, bytes
 * and all that follows it.
 */
import { encodeObject, encodeVectorEntry } from '../shard/entry.js';
import { NO_MARK } from '../shard/mark.js';
import { pause } from '../shard/pause.js';
import { crc32c } from '../storage/crc32c.js';
import type { Turn } from './pages.js';
import { shardCountOf, type Schema } from './schema.js';
import { resharded, type Shards } from './shards.js';
import type { Tenant } from './tenants.js';

export const MAGIC = 0x50584356; // "VCXP"
export const FORMATS = [1, 2];
export const HEAD_BYTES = 8;
export const FRAME_HEADER_BYTES = 12;
export const enum Kind { Collection = 1, Object = 2, End = 3, Tenant = 4 }

/** Objects read at a time. */
const PAGE = 256;

export interface ExportedCollection {
  /** As it is now. */
  schema(): Schema;
  turn: Turn;
  /** If it has any. */
  tenants: Iterable<ExportedTenant> | undefined;
}

export interface ExportedTenant extends Tenant {
  /** Undefined if it is not there any more; throws if that was so only after a part of it was read. */
  turn<T>(work: (host: { shards(): Promise<Shards> }) => Promise<T>): Promise<T> | undefined;
  /** Called when its objects were given. */
  end(): Promise<void>;
}

export async function* exportDatabase(collections: readonly ExportedCollection[]): AsyncGenerator<Uint8Array> {
  const head = new Uint8Array(HEAD_BYTES);
  new DataView(head.buffer).setUint32(0, MAGIC, true);
  new DataView(head.buffer).setUint32(4, collections.some((collection) => collection.tenants) ? FORMATS[1]! : FORMATS[0]!, true);
  yield head;
  let crc = 0;
  const frame = (kind: Kind, ...parts: Uint8Array[]) => {
    const bytes = encodeFrame(kind, parts, crc);
    crc = new DataView(bytes.buffer).getUint32(8, true);
    return bytes;
  };
  let objects = 0;
  let told!: Schema;
  /** `begin`: the frame that comes before the first page. Nothing if there is no first page. */
  const pages = async function* (schema: () => Schema, turn: ExportedTenant['turn'], begin?: () => Uint8Array): AsyncGenerator<Uint8Array> {
    let before: Shards | undefined;
    /** That whoever imports it is told; with tenants 0. */
    const count = shardCountOf(told);
    for (let shard = 0, from = 0; ;) {
      const page = await turn(async (host) => {
        const shards = await host.shards();
        if (count && shards.count !== count) throw resharded(count, shards.count);
        shards.checkSame(before);
        before = shards;
        return shards.parts[shard]!.handle.page({ from, limit: PAGE, want: { vectors: true } });
      });
      if (!page) return;
      if (begin) yield begin();
      begin = undefined;
      // a schema is changed before the objects that need it are written
      if (schema().revision !== told.revision) {
        told = schema();
        yield frame(Kind.Collection, json(told));
      }
      for (const object of page.objects) {
        const vectors = object.vectors!.filter(({ number }) => told.vectors.some((vector) => vector.number === number));
        yield frame(Kind.Object, encodeObject(object, NO_MARK), vectors.length ? encodeVectorEntry(object.slot, vectors, NO_MARK) : new Uint8Array());
      }
      objects += page.objects.length;
      await pause(); // where nothing is waited for, everything else has its turn here
      if (page.next < 0 && ++shard === before!.count) return;
      from = Math.max(0, page.next);
    }
  };
  let count = 0;
  for (const { schema, turn, tenants } of collections) {
    told = schema();
    yield frame(Kind.Collection, json(told));
    if (!tenants) yield* pages(schema, turn);
    for (const tenant of tenants ?? []) {
      const { name, status } = tenant;
      const begin = () => {
        count++;
        return frame(Kind.Tenant, json({ name, status }));
      };
      try {
        yield* pages(schema, (work) => tenant.turn(work), begin);
      } finally {
        await tenant.end();
      }
    }
  }
  yield frame(Kind.End, json({ collections: collections.length, ...collections.some(({ tenants }) => tenants) && { tenants: count }, objects }));
}

function encodeFrame(kind: Kind, parts: readonly Uint8Array[], crc: number): Uint8Array {
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  const out = new Uint8Array(FRAME_HEADER_BYTES + ((bytes + 3) & ~3));
  const view = new DataView(out.buffer);
  view.setUint32(0, kind, true);
  view.setUint32(4, bytes, true);
  let at = FRAME_HEADER_BYTES;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  view.setUint32(8, crc32c(out.subarray(FRAME_HEADER_BYTES), crc32c(out.subarray(0, 8), crc)), true);
  return out;
}

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
