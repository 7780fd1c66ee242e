/**
 * Open shards of tenants, within a budget: those that were used longest ago are closed to open others. Whoever uses one pins it;
 * one that is pinned is not closed. It knows neither names nor states.
 */
import { VectileError } from '../errors.js';
import type { ShardHandle } from '../shard/handle.js';
import { newSurroundings, type OpenCollections, type OpenShard, type ShardEntry, type Surroundings } from './open-collections.js';

export interface Budget {
  /** Shards that are open at a time; whoever needs another one waits. */
  shardsMax: number;
  /** Bytes in memory; they are counted when a use ends, and then what is not in use is closed. */
  bytesMax: number;
}

/** A shard that is pinned, open, or listened to. */
export interface Pin {
  readonly shardId: string;
  readonly surroundings: Surroundings;
  uses: number;
  entry: ShardEntry;
  open: OpenShard | undefined;
  opened: ShardHandle | undefined;
  closing: Promise<void> | undefined;
  bytes: number;
  /** What a closing that nobody asked for has failed with; told to the next user. */
  failure: unknown;
}

export class ShardPool {
  readonly #collections: OpenCollections;
  readonly #release: (shardId: string) => void;
  readonly #budget: Budget;
  readonly #pins = new Map<string, Pin>();
  /** Least recently used first. */
  readonly #open = new Set<Pin>();
  #bytes = 0;
  /** Called when a use or a closing ends. */
  #waiting: (() => void)[] = [];
  #isClosed = false;

  /** `release`: gives back what the store holds of the files of a shard. */
  constructor(collections: OpenCollections, release: (shardId: string) => void, budget: Budget) {
    this.#collections = collections;
    this.#release = release;
    this.#budget = budget;
  }

  /** Open ones of a collection. */
  of(collection: string): ShardHandle[] {
    return [...this.#open].flatMap(({ opened, closing, entry }) => (opened && !closing && entry.schema.name === collection ? [opened] : []));
  }

  /** One that is open, or being opened or closed. */
  get(shardId: string): { open: OpenShard | undefined; isClosing: boolean } | undefined {
    const pin = this.#pins.get(shardId);
    return pin && { open: pin.open, isClosing: pin.closing !== undefined };
  }

  /** Does work with those that are open, one after another. */
  async forEach(collection: string, work: (shard: ShardHandle) => Promise<void>): Promise<void> {
    for (const pin of [...this.#open]) {
      if (!pin.opened || pin.closing || pin.entry.schema.name !== collection) continue;
      pin.uses++;
      await work(pin.opened).finally(() => this.unpin(pin));
    }
  }

  /** Closes those of a collection that are not to stay. */
  keep(collection: string, isKept: (shardId: string) => boolean): void {
    for (const pin of this.#open) if (pin.entry.schema.name === collection && !isKept(pin.shardId)) void this.leave(pin.shardId).catch(() => {});
  }

  /** From now on it stays open once it is, until `unpin`. `entry`: the collection, with the shard of the tenant. */
  pin(entry: ShardEntry): Pin {
    const pin = this.#pinOf(entry);
    pin.uses++;
    return pin;
  }

  unpin(pin: Pin): void {
    pin.uses--;
    if (pin.opened) {
      this.#bytes -= pin.bytes;
      this.#bytes += pin.bytes = pin.opened.memoryBytes;
    }
    if (pin.uses) return;
    this.#forgetIfIdle(pin);
    this.#shrink();
    this.#wake();
  }

  /** What belongs to a shard, whether it is open or not. `subscribed`: tells when the last listener may have gone. */
  surroundings(entry: ShardEntry): { surroundings: Surroundings; subscribed(): void } {
    const pin = this.#pinOf(entry);
    return { surroundings: pin.surroundings, subscribed: () => this.#forgetIfIdle(pin) };
  }

  /** Opens a pinned shard if it is not open. */
  async opened(pin: Pin): Promise<OpenShard> {
    for (;;) {
      if (pin.failure !== undefined) {
        const { failure } = pin;
        pin.failure = undefined;
        throw failure;
      }
      if (pin.closing) await pin.closing.catch(() => {});
      else if (pin.open) {
        this.#open.delete(pin);
        this.#open.add(pin);
        return pin.open;
      } else if (this.#isClosed) throw new VectileError('CLOSED', 'database: expected one in use, got one closed');
      else if (this.#open.size >= this.#budget.shardsMax) await this.#makeRoom();
      else await this.#openNow(pin);
    }
  }

  /** Closes a shard when nobody uses it. */
  async leave(shardId: string, { discard = false } = {}): Promise<void> {
    for (;;) {
      const pin = this.#pins.get(shardId);
      if (!pin) return;
      if (pin.uses) {
        await this.#change();
        continue;
      }
      if (discard) pin.surroundings.listeners.clear();
      if (pin.open) await this.#close(pin, discard);
      const { failure } = pin;
      pin.failure = undefined;
      this.#forgetIfIdle(pin);
      if (failure !== undefined && !discard) throw failure;
      return;
    }
  }

  /** Closes all, as the database is. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const failures: unknown[] = [];
    for (let [pin] = this.#open; pin; [pin] = this.#open) await this.#close(pin, false).catch((cause: unknown) => failures.push(cause));
    this.#wake();
    for (const { failure } of this.#pins.values()) if (failure !== undefined) failures.push(failure);
    if (failures.length) throw failures[0];
  }

  #pinOf(entry: ShardEntry): Pin {
    let pin = this.#pins.get(entry.shard);
    if (!pin) {
      const surroundings = newSurroundings();
      pin = { shardId: entry.shard, surroundings, uses: 0, entry, open: undefined, opened: undefined, closing: undefined, bytes: 0, failure: undefined };
      this.#pins.set(entry.shard, pin);
    }
    pin.entry = entry;
    return pin;
  }

  async #openNow(pin: Pin): Promise<void> {
    pin.open = this.#collections.adopt(pin.entry, this.#collections.openShard(pin.entry), pin.surroundings);
    this.#open.add(pin);
    const { open } = pin;
    try {
      pin.opened = await open.shard;
      this.#bytes += pin.bytes = pin.opened.memoryBytes;
    } catch (cause) {
      // it is tried again by the next user
      this.#collections.forget(pin.entry, open);
      this.#open.delete(pin);
      pin.open = undefined;
      this.#wake();
      throw cause;
    }
  }

  /** Closes one that is not in use, or waits until there may be one. */
  async #makeRoom(): Promise<void> {
    const idle = this.#idle();
    if (!idle) return this.#change();
    await this.#evict(idle);
  }

  /** The one that was used longest ago. */
  #idle(): Pin | undefined {
    for (const pin of this.#open) if (!pin.uses && !pin.closing && pin.opened) return pin;
    return undefined;
  }

  #shrink(): void {
    let closing = 0;
    let left = this.#open.size; // one stays, however large it is
    for (const pin of this.#open) {
      if (left === 1 || this.#bytes - closing <= this.#budget.bytesMax) return;
      if (!pin.closing && (pin.uses || !pin.opened)) continue;
      closing += pin.bytes;
      left--;
      if (!pin.closing) void this.#evict(pin);
    }
  }

  async #evict(pin: Pin): Promise<void> {
    await this.#close(pin, false).catch((cause: unknown) => { pin.failure ??= cause; });
    this.#forgetIfIdle(pin);
  }

  #close(pin: Pin, discard: boolean): Promise<void> {
    pin.closing ??= this.#closeNow(pin, discard).finally(() => {
      pin.closing = undefined;
      this.#wake();
    });
    return pin.closing;
  }

  async #closeNow(pin: Pin, discard: boolean): Promise<void> {
    const open = pin.open!;
    this.#collections.forget(pin.entry, open);
    try {
      const shard = await open.shard.catch(() => undefined);
      await open.configured.catch(() => {});
      await shard?.close({ discard });
    } finally {
      this.#bytes -= pin.bytes;
      pin.bytes = 0;
      pin.surroundings.pageEnds.clear(); // or else it would be remembered of every tenant there is
      pin.open = pin.opened = undefined;
      this.#open.delete(pin);
      this.#release(pin.shardId);
    }
  }

  #forgetIfIdle(pin: Pin): void {
    const isNeeded = pin.uses || pin.open || pin.closing || pin.failure !== undefined || pin.surroundings.listeners.size;
    if (!isNeeded && this.#pins.get(pin.shardId) === pin) this.#pins.delete(pin.shardId);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => { this.#waiting.push(resolve); });
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
