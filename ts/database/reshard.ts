/**
 * Another number of shards for a collection, while it is read and written. New shards are made beside those there are, and all
 * objects are copied; what is written meanwhile is copied again, round by round, until little is left. Then writes wait for the last
 * round, and one record of the catalog puts the new shards in the place of the others.
 *
 *   ids of the new shards noted as dropped ─► shards made ─► objects, what has changed ─► snapshots ─► what has changed
 *     ─► gate closed, writes end ─► the last changes, durable ─► RECORD ─► gate open ─► reads end ─► former shards removed
 *
 * After a crash, or when it is given up, what the catalog calls dropped is removed: the new shards before the record, the former
 * ones after it.
 */
import { VectileError, invalid } from '../errors.js';
import { checkAborted } from '../shard/abort.js';
import type { ShardHandle } from '../shard/handle.js';
import { pause } from '../shard/pause.js';
import type { Change, ChangeEvent, StoredObject } from '../shard/types.js';
import type { Durability } from '../storage/storage.js';
import { newHexId, type Catalog, type CatalogEntry } from './catalog.js';
import { fieldsOf } from './fields.js';
import { shardsOf } from './collection-hosts.js';
import type { OpenCollections, OpenShard, ShardEntry } from './open-collections.js';
import { shardCountOf, withShards, type Schema } from './schema.js';
import { Shards } from './shards.js';
import { specsOf } from './specs.js';
import { each } from './tenant-states.js';

export interface ReshardOptions {
  /** Called after every page of objects that was copied. What it throws ends the resharding. */
  onProgress?: ((progress: ReshardProgress) => void) | undefined;
  /** Once aborted, all stays as it was, unless the new shards are in their place already. */
  signal?: AbortSignal | undefined;
}

export interface ReshardProgress {
  /** Objects that were copied, and all there are to be copied. */
  done: number;
  total: number;
}

export interface ReshardPlaces {
  catalog: Catalog;
  open: OpenCollections;
  /** Throws if the database is closed, or nothing may be written. */
  check(): void;
  /** Throws SHARD_READ_ONLY while there is no room for more. */
  checkRoom(): Promise<void>;
  /** As it is now. Throws COLLECTION_MISSING. */
  entry(name: string): CatalogEntry;
  /** Every byte of shards that the catalog has dropped. */
  removeShards(shards: readonly string[]): Promise<void>;
}

/** Objects read at a time. */
const PAGE = 256;
/** What is written together, at most, but for an object that is larger. */
const BATCH_BYTES = 1 << 20;
/** While more vectors than this are not linked, the next batch waits. */
const UNLINKED_MAX = 500;
/** Objects that writes may wait for; and rounds after which they wait for as many as there are. */
const FEW = 100;
const ROUNDS_MAX = 20;
/**
 * Records of the new shards have higher numbers than the former ones will ever get while it goes on: so the revision of an object only
 * grows, and one that a caller has read before never fits by chance.
 */
const SEQ_GAP = 2 ** 32;
const HEARING_MS = 10_000;

interface Running {
  readonly ended: Promise<void>;
  isGivenUp: boolean;
}

export class Resharding {
  readonly #places: ReshardPlaces;
  /** By collection. */
  readonly #running = new Map<string, Running>();

  constructor(places: ReshardPlaces) {
    this.#places = places;
  }

  /** Throws RESHARDING if the collection is being resharded. */
  async reshard(name: string, count: number, { onProgress, signal }: ReshardOptions): Promise<void> {
    const { check, entry } = this.#places;
    for (let running = this.#running.get(name); running; running = this.#running.get(name)) {
      if (!running.isGivenUp) throw new VectileError('RESHARDING', `reshard: expected ${name} not to be resharded already, got a second call`);
      await running.ended; // it takes away what it has made
    }
    check();
    const { schema } = entry(name);
    if (schema.multiTenancy) throw invalid('reshard', 'a collection without tenants, each of which has a shard', name);
    checkAborted(signal);
    if (count === shardCountOf(schema)) return;
    const working = new Reshard(this.#places, entry(name), count, onProgress, signal).run();
    const running: Running = { isGivenUp: false, ended: working.catch(() => {}).then(() => void this.#running.delete(name)) };
    this.#running.set(name, running);
    const giveUp = () => { running.isGivenUp = true; };
    signal?.addEventListener('abort', giveUp);
    try {
      await working;
    } finally {
      signal?.removeEventListener('abort', giveUp);
      await running.ended;
    }
  }

  /** Waits for all that is under way. */
  async settled(): Promise<void> {
    while (this.#running.size) await Promise.all([...this.#running.values()].map(({ ended }) => ended));
  }
}

/** One resharding. */
class Reshard {
  readonly #places: ReshardPlaces;
  readonly #former: CatalogEntry;
  readonly #name: string;
  readonly #ids: readonly string[];
  readonly #onProgress: ReshardOptions['onProgress'];
  readonly #signal: AbortSignal | undefined;
  readonly #made = new Map<string, ShardHandle>();
  /** Of which the new shards know all. */
  #schema: Schema;
  #from!: Shards;
  #to!: Shards;
  #changed!: Changed;
  /** Threads that its shards had lost when it began. */
  #losses = 0;
  /** Why nobody knows whether the new shards are in the place of the others. */
  #doubt: VectileError | undefined;

  constructor(places: ReshardPlaces, former: CatalogEntry, count: number, onProgress: ReshardOptions['onProgress'], signal: AbortSignal | undefined) {
    this.#places = places;
    this.#former = former;
    this.#name = former.schema.name;
    this.#schema = former.schema;
    this.#ids = Array.from({ length: count }, newHexId);
    this.#onProgress = onProgress;
    this.#signal = signal;
  }

  async run(): Promise<void> {
    const { open, removeShards } = this.#places;
    const { readers } = open.users(this.#former);
    const { shards, end } = open.hold(this.#former);
    try {
      await this.#begin(shards);
      this.#check(); // or else shards of a collection that was deleted would be opened again
      const stop = open.subscribe(this.#former, this.#changed.listener);
      try {
        await this.#changed.begin();
        await this.#copyAll();
        await this.#copyChanges('none');
        await this.#to.each((handle) => handle.snapshot());
        // all that is copied from here on is durable by itself
        await this.#copyChanges('sync');
        await this.#finish();
      } finally {
        stop();
      }
    } catch (cause) {
      end();
      throw await this.#giveUp(cause);
    }
    end();
    // what comes now asks the new shards
    await readers.ended();
    for (const { shard } of shards) await shard.then((opened) => opened.close({ discard: true })).catch(() => {});
    await removeShards(this.#former.shards).catch(() => {}); // it is tried again when the store is opened
  }

  async #begin(shards: readonly OpenShard[]): Promise<void> {
    const { catalog, open } = this.#places;
    this.#from = await shardsOf(shards);
    this.#changed = new Changed(this.#from);
    const seqs = await this.#from.each((handle) => handle.lastSeq());
    const firstSeq = Math.max(...seqs) + SEQ_GAP;
    await catalog.drop(this.#ids);
    await each(this.#ids, async (shard) => void this.#made.set(shard, await open.openShard({ schema: this.#schema, shard }, firstSeq)));
    this.#to = new Shards(this.#ids.map((id) => ({ id, handle: this.#made.get(id)!, pageEnds: new Map() })));
    this.#losses = this.#from.losses + this.#to.losses;
  }

  async #copyAll(): Promise<void> {
    let total = (await this.#from.each((handle) => handle.count())).reduce((sum, count) => sum + count, 0);
    let done = 0;
    for (const { handle } of this.#from.parts) {
      for (let from = 0; from >= 0;) {
        const { objects, next } = await handle.page({ from, limit: PAGE, want: { vectors: true } });
        await this.#write(objects.map((object) => ({ id: object.id, object })), 'none');
        from = next;
        done += objects.length;
        total = Math.max(total, done);
        this.#onProgress?.({ done, total });
        await pause(); // where nothing is waited for, everything else has its turn here
      }
    }
  }

  /** Until few are left. */
  async #copyChanges(durability: Durability): Promise<void> {
    for (let round = 0; this.#changed.count > FEW && round < ROUNDS_MAX; round++) await this.#copyChanged(durability);
  }

  /** What was written before. */
  async #copyChanged(durability: Durability): Promise<void> {
    const ids = this.#changed.take();
    for (let from = 0; from < ids.length; from += PAGE) {
      const some = ids.slice(from, from + PAGE);
      const objects = await this.#from.get(some, { vectors: true });
      await this.#write(some.map((id, i) => ({ id, object: objects[i] })), durability);
      await pause();
    }
  }

  /** Objects as they are; undefined: there is none. */
  async #write(objects: readonly { id: string; object: StoredObject | undefined }[], durability: Durability): Promise<void> {
    this.#check();
    this.#checkThreads();
    await this.#places.checkRoom();
    // a schema is changed before the objects that need it are written
    await this.#configure();
    for (const batch of batches(objects.map(({ id, object }) => changeTo(this.#schema, id, object)))) {
      for (const { error } of await this.#to.write(batch, durability)) if (error) throw error;
      await this.#to.each((handle) => handle.settle(UNLINKED_MAX, this.#signal));
    }
  }

  /** The new shards know all of the newest schema. */
  async #configure(): Promise<void> {
    const { schema } = this.#places.entry(this.#name);
    if (schema.revision === this.#schema.revision) return;
    await this.#to.each((handle) => handle.configure(fieldsOf(schema), specsOf(schema)));
    this.#schema = schema;
  }

  /** Writes wait from here on, until the new shards are in the place of the others, or it has failed. */
  async #finish(): Promise<void> {
    const { open } = this.#places;
    const { writers } = open.users(this.#former);
    let openGate!: () => void, failGate!: (cause: unknown) => void;
    open.setGate(this.#name, new Promise<void>((resolve, reject) => { [openGate, failGate] = [resolve, reject]; }));
    try {
      await writers.ended();
      this.#checkThreads();
      await this.#changed.heardAll();
      await this.#copyChanged('sync');
      this.#check();
      this.#checkThreads();
      await this.#switch();
    } finally {
      if (this.#doubt) {
        failGate(this.#doubt);
      } else {
        open.setGate(this.#name, undefined);
        openGate();
      }
    }
  }

  /** By one record of the catalog. */
  async #switch(): Promise<void> {
    const { catalog, open } = this.#places;
    let adopted: [ShardEntry, OpenShard][] = [];
    while (!adopted.length) {
      await this.#configure();
      try {
        await catalog.change(this.#name, (present) => {
          if (!this.#isFormer(present)) throw this.#missing();
          if (present.schema.revision !== this.#schema.revision) return undefined;
          const schema = withShards(present.schema, this.#ids.length);
          adopted = this.#to.parts.map(({ id, handle }) => {
            const entry = { schema, shard: id };
            return [entry, open.adopt(entry, Promise.resolve(handle))];
          });
          return { schema, shards: this.#ids };
        });
      } catch (cause) {
        for (const [entry, shard] of adopted) open.forget(entry, shard);
        if (adopted.length) await this.#lookWhetherItFailed(cause);
        throw this.#doubt ?? cause;
      }
    }
  }

  /** A record that was not acknowledged may be there nevertheless. If the catalog takes another one in its place, it is not. */
  async #lookWhetherItFailed(cause: unknown): Promise<void> {
    if (cause instanceof VectileError && cause.code === 'STORAGE_FULL') return;
    await this.#places.catalog.drop(this.#ids).catch(() => {
      this.#doubt = new VectileError('STORAGE_FAILED', `reshard: expected to know which shards ${this.#name} has, got a failed write; the database must be opened anew`, { cause });
    });
  }

  /** All as it was. Returns why it could not go on. */
  async #giveUp(cause: unknown): Promise<unknown> {
    for (const handle of this.#made.values()) await handle.close({ discard: true }).catch(() => {});
    if (!this.#doubt) await this.#places.removeShards(this.#ids).catch(() => {}); // it is tried again when the store is opened
    try {
      this.#check();
      return cause;
    } catch (reason) {
      return reason;
    }
  }

  /** Throws if it has been aborted, the collection removed, or the database closed. */
  #check(): void {
    const { check, catalog } = this.#places;
    check();
    if (!this.#isFormer(catalog.collections.get(this.#name))) throw this.#missing();
    checkAborted(this.#signal);
  }

  /** Shards are opened anew, by themselves, when their thread is lost: without copies that were not durable, and changes that were not told. */
  #checkThreads(): void {
    if (this.#from.losses + this.#to.losses === this.#losses) return;
    throw new VectileError('WORKER_LOST', 'reshard: expected the threads of its shards to stay, got the end of one; all is as it was');
  }

  /** Not another collection of that name. */
  #isFormer(present: CatalogEntry | undefined): present is CatalogEntry { return present?.shards[0] === this.#former.shards[0]; }

  #missing(): VectileError {
    return new VectileError('COLLECTION_MISSING', `name: expected that of a collection, got ${JSON.stringify(this.#name)}, which was deleted`);
  }
}

/** Which objects were written since it began, and up to which record of each shard that is known. */
class Changed {
  readonly #shards: Shards;
  #ids = new Set<string>();
  /** By shard. */
  readonly #heard: number[];

  constructor(shards: Shards) {
    this.#shards = shards;
    this.#heard = shards.parts.map(() => 0);
  }

  get count(): number { return this.#ids.size; }

  readonly listener = ({ id, revision }: ChangeEvent): void => {
    this.#ids.add(id);
    this.#hear(this.#shards.numberOf(id), revision);
  };

  /** What was written before, others need not tell. */
  async begin(): Promise<void> {
    (await this.#lastSeqs()).forEach((seq, shard) => this.#hear(shard, seq));
  }

  take(): string[] {
    const ids = [...this.#ids];
    this.#ids = new Set();
    return ids;
  }

  /** Waits until all is known that shards have written: they may be in other threads, and tell it later. */
  async heardAll(): Promise<void> {
    const seqs = await this.#lastSeqs();
    const end = performance.now() + HEARING_MS;
    for (let shard = 0; shard < seqs.length; await pause()) {
      if (this.#heard[shard]! >= seqs[shard]!) shard++;
      else if (performance.now() > end) throw new VectileError('STORAGE_FAILED', `reshard: expected to be told of record ${seqs[shard]} of a shard, got ${this.#heard[shard]}`);
    }
  }

  #lastSeqs(): Promise<number[]> { return this.#shards.each((handle) => handle.lastSeq()); }

  #hear(shard: number, seq: number): void { this.#heard[shard] = Math.max(this.#heard[shard]!, seq); }
}

/** What makes an object there as it is here; it gets a new revision. */
function changeTo({ vectors: known }: Schema, id: string, object: StoredObject | undefined): Change {
  if (!object) return { id, effect: 'delete' };
  const { properties, created, updated, vectors = [] } = object;
  // of a named vector that was dropped nothing is left
  return { id, effect: { properties, created, updated, vectors: vectors.filter(({ number }) => known.some((vector) => vector.number === number)) } };
}

function* batches(changes: readonly Change[]): Generator<Change[]> {
  let batch: Change[] = [];
  let bytes = 0;
  for (const change of changes) {
    batch.push(change);
    bytes += bytesOf(change);
    if (bytes < BATCH_BYTES) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length) yield batch;
}

function bytesOf({ effect }: Change): number {
  if (effect === 'delete' || 'patch' in effect || effect.vectors === 'kept') return 0;
  return effect.vectors.reduce((sum, { values }) => sum + values.byteLength, effect.properties.length);
}
