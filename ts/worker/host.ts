/** What runs in a thread: it opens shards from descriptions, and does with them what the pool asks. */
import { expose, transfer, wrap, type Endpoint } from 'comlink';
import { VectileError } from '../errors.js';
import { init } from '../engine/core.js';
import type { IndexShare } from '../engine/shared-reader.js';
import { SectionCache } from '../search/section-cache.js';
import type { Page } from '../shard/handle.js';
import { pause } from '../shard/pause.js';
import { Shard } from '../shard/shard.js';
import type { ChangeEvent, KeywordHits, KeywordRequest, Near, NearOptions, Outcome, StoredObject } from '../shard/types.js';
import { attachStore } from '../storage/attach.js';
import { sharingOf, type StoreSharing } from '../storage/sharing.js';
import type { OpenStore } from '../storage/storage.js';
import { rowsOf, withRows } from './object-rows.js';
import { pack, transfersOf, unpack, type Packed } from './pack.js';
import type { Answer, Method, PoolApi, Setup, ShardDescription, SharedNear, SharedSearch, ThreadApi } from './protocol.js';
import { Readings } from './readings.js';

interface Served {
  readonly shard: Shard;
  readonly prefix: string;
  /** That the pool has not been told of yet. */
  events: ChangeEvent[];
}

/** Serves the pool at the other end; once for a thread. */
export function serve(endpoint: Endpoint): void {
  const { told } = wrap<PoolApi>(endpoint);
  expose(new Host((shard, answer) => void told(shard, transferred(answer))), endpoint);
}

class Host implements ThreadApi {
  readonly #tell: (shard: number, answer: Packed) => void;
  #store!: OpenStore;
  #sharing: StoreSharing | undefined;
  #wasClean = true;
  #sections!: SectionCache;
  readonly #shards = new Map<number, Served>();
  readonly #readings = new Readings();
  readonly #signals = new Map<number, AbortController>();

  constructor(tell: (shard: number, answer: Packed) => void) {
    this.#tell = tell;
  }

  start({ core, sharedCore, store, sectionBytesMax }: Setup): Promise<Packed> {
    return this.#answer(async () => {
      await init({ module: core, ...sharedCore && { sharedModule: sharedCore } });
      this.#store = await attachStore(store);
      this.#sharing = sharingOf(this.#store);
      this.#wasClean = store.wasClean;
      this.#sections = new SectionCache(sectionBytesMax);
    });
  }

  open(number: number, description: ShardDescription, isAfterLoss: boolean): Promise<Packed> {
    return this.#answer(async () => {
      const { prefix, readOnly } = description;
      try {
        if ((isAfterLoss || !this.#wasClean) && !readOnly) await this.#sharing!.recover(prefix);
        const shard = await Shard.open({ ...description, store: this.#store, sections: this.#sections });
        const served: Served = { shard, prefix, events: [] };
        this.#shards.set(number, served);
        shard.onChange = (events) => {
          if (!served.events.length) void this.#tellSoon(number, served);
          served.events.push(...events);
        };
      } catch (cause) {
        this.#store.blobs.release(`${prefix}/`);
        throw cause;
      }
    }, number);
  }

  call(number: number, method: Method, args: Packed, signal: number): Promise<Packed> {
    return this.#answer(async () => {
      const served = this.#shards.get(number);
      if (!served) throw new VectileError('CLOSED', 'shard: expected one in use, got one closed');
      const { shard, prefix } = served;
      const given = unpack(args) as unknown[];
      if (signal) given.push(this.#signalOf(signal));
      try {
        return await answerOf(shard, method, given);
      } finally {
        this.#signals.delete(signal);
        if (method === 'close') {
          this.#shards.delete(number);
          this.#store.blobs.release(`${prefix}/`);
        }
      }
    }, number, method);
  }

  abort(signal: number): void { this.#signals.get(signal)?.abort(); }

  async share(number: number, field: number): Promise<IndexShare | undefined> {
    try {
      return await this.#shards.get(number)?.shard.share(field);
    } catch {
      return undefined; // then this thread answers alone
    }
  }

  beginReading(reading: number, share: IndexShare): boolean { return this.#readings.begin(reading, share); }
  readNear(reading: number, query: Float32Array, search: SharedSearch): SharedNear | undefined | null { return this.#readings.near(reading, query, search); }
  endReading(reading: number): void { this.#readings.end(reading); }

  stop(): Promise<Packed> { return this.#answer(() => this.#store.close()); }

  #signalOf(number: number): AbortSignal {
    const controller = new AbortController();
    this.#signals.set(number, controller);
    return controller.signal;
  }

  async #answer(work: () => Promise<unknown>, number = 0, method?: Method): Promise<Packed> {
    const served = this.#shards.get(number);
    const answer: Answer = { isStoreClean: true };
    try {
      answer.value = await work();
    } catch (cause) {
      answer.error = cause instanceof Error ? cause : new Error(String(cause));
    }
    // of one that was opened or closed by this call, too
    const { shard, events } = this.#shards.get(number) ?? served ?? {};
    answer.isStoreClean = this.#sharing?.isClean ?? true;
    answer.failure = shard?.failure;
    if (this.#shards.has(number)) answer.memoryBytes = shard!.memoryBytes;
    if (events?.length) answer.events = events.splice(0, method === 'write' ? countUpTo(events, answer.value as Outcome[] | undefined) : events.length);
    return transferred(pack(answer));
  }

  /** When the answers of all writes that have events now have been given; with those the events went along. */
  async #tellSoon(number: number, served: Served): Promise<void> {
    await pause();
    const { events, shard: { memoryBytes, failure } } = served;
    if (!events.length || !this.#shards.has(number)) return;
    served.events = [];
    this.#tell(number, pack({ isStoreClean: this.#sharing!.isClean, memoryBytes, failure, events } satisfies Answer));
  }
}

/** As `RemoteShard` expects it: objects are rows. What would be asked for next, objects of hits, goes along: messages take longer than reading. */
async function answerOf(shard: Shard, method: Method, given: unknown[]): Promise<unknown> {
  const value = await (shard as unknown as Record<Method, (...given: unknown[]) => unknown>)[method](...given);
  if (method === 'getMany' || method === 'read') return rowsOf(value as StoredObject[]);
  if (method === 'page') return withRows(value as Page);
  if (method !== 'near' && method !== 'keyword') return value;
  const hits = value as Near | KeywordHits;
  const { want } = given[method === 'near' ? 2 : 0] as NearOptions | KeywordRequest;
  return want ? { ...hits, objects: rowsOf(await shard.read(hits.slots, hits.seq, want)) } : hits;
}

/** How many events are of writes up to this one. */
function countUpTo(events: readonly ChangeEvent[], outcomes: readonly Outcome[] = []): number {
  let last = 0;
  for (const outcome of outcomes) if (!outcome.error && outcome.written) last = Math.max(last, outcome.revision);
  const next = events.findIndex(({ revision }) => revision > last);
  return next < 0 ? events.length : next;
}

const transferred = (packed: Packed): Packed => transfer(packed, transfersOf(packed));
