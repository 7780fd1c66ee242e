/**
 * Writes of a shard: resolved in their order, appended to the log in groups, applied when they are durable, acknowledged. What
 * objects and indexes are is the shard's matter.
 */
import { VectileError } from '../errors.js';
import type { Durability } from '../storage/storage.js';
import type { Objects } from './objects.js';
import { encodeRecord, type ResolvedEffect, type ShardIdentity, type ShardRecord } from './record.js';
import { patchedProperties } from './stored-properties.js';
import type { Change, Content, Outcome, Patch, StoredObject } from './types.js';

/** Writes that are appended together. */
const GROUP_CHANGES = 1024;
const GROUP_BYTES = 4 << 20;

/** What the queue asks of its shard. */
export interface WriteHost {
  readonly identity: ShardIdentity;
  readonly epoch: number;
  /** Sequence number of the next record of the log. */
  readonly nextSeq: number;
  readonly objects: Objects;
  /** Milliseconds since 1970. */
  now(): number;
  /** Why writes are refused, if they are. */
  refusal(): VectileError | undefined;
  /** Waits until the next write may come. */
  room(): Promise<void>;
  read(slot: number, withVectors: boolean): Promise<StoredObject | undefined>;
  append(records: Uint8Array[], firstSeq: number, durability: Durability): Promise<void>;
  /** Takes a record up into objects and indexes; `acknowledge` is called before anyone else is told of it. */
  apply(record: ShardRecord, acknowledge: () => void): void;
  /** A record that is in the log could not be applied. Returns why nothing is written any more. */
  fail(cause: unknown): VectileError;
  /** Something was written. */
  wake(): void;
}

interface Request {
  changes: readonly Change[];
  durability: Durability;
  resolve(outcomes: Outcome[]): void;
  reject(cause: unknown): void;
}

/** A write that was resolved. */
interface Resolved {
  request: Request;
  outcomes: Outcome[];
  /** Undefined if there is nothing to be done. */
  record: ShardRecord | undefined;
}

export class WriteQueue {
  readonly #host: WriteHost;
  readonly #queue: Request[] = [];
  #draining: Promise<void> | undefined;

  constructor(host: WriteHost) {
    this.#host = host;
  }

  /** Resolves when all that was asked for is done. */
  get idle(): Promise<void> { return this.#draining ?? Promise.resolve(); }

  add(changes: readonly Change[], durability: Durability): Promise<Outcome[]> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ changes, durability, resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  async #drain(): Promise<void> {
    while (this.#queue.length) await this.#commit();
    this.#draining = undefined;
  }

  /** Resolves as many writes as go together, appends them, applies them and acknowledges them. */
  async #commit(): Promise<void> {
    const host = this.#host;
    const group: Resolved[] = [];
    const records: Uint8Array[] = [];
    try {
      const refusal = host.refusal();
      if (refusal) throw refusal;
      await host.room();
      const touched = new Set<string>();
      let bytes = 0;
      const firstSeq = host.nextSeq;
      while (this.#queue.length && touched.size < GROUP_CHANGES && bytes < GROUP_BYTES) {
        // what needs to see another write of this group waits for the next
        if (this.#queue[0]!.changes.some(({ id }) => touched.has(id))) break;
        const request = this.#queue.shift()!;
        const resolved = await this.#resolve(request, firstSeq + records.length);
        if (!resolved) continue;
        group.push(resolved);
        for (const { id } of request.changes) touched.add(id);
        if (!resolved.record) continue;
        const encoded = encodeRecord(host.identity, resolved.record);
        records.push(encoded);
        bytes += encoded.length;
      }
      if (records.length) await host.append(records, firstSeq, strongest(group.map(({ request }) => request.durability)));
    } catch (cause) {
      // those not yet taken from the queue are refused in their own turn
      if (!group.length && this.#queue.length) group.push({ request: this.#queue.shift()!, outcomes: [], record: undefined });
      for (const { request } of group) request.reject(cause);
      return;
    }
    for (const { request, outcomes, record } of group) {
      const acknowledge = () => request.resolve(outcomes);
      try {
        if (record) host.apply(record, acknowledge);
        else acknowledge();
      } catch (cause) {
        request.reject(host.fail(cause));
      }
    }
    host.wake();
  }

  /** What a write comes to; undefined if it was rejected. */
  async #resolve(request: Request, seq: number): Promise<Resolved | undefined> {
    const time = this.#host.now();
    const effects: ResolvedEffect[] = [];
    const outcomes: Outcome[] = [];
    try {
      for (const change of request.changes) {
        const outcome = this.#resolveChange(change, seq, time, effects);
        outcomes.push(outcome instanceof Promise ? await outcome : outcome);
      }
    } catch (cause) {
      request.reject(cause);
      return undefined;
    }
    return { request, outcomes, record: effects.length ? { epoch: this.#host.epoch, seq, time, effects } : undefined };
  }

  /** At once where nothing is to be read. */
  #resolveChange(change: Change, seq: number, time: number, effects: ResolvedEffect[]): Outcome | Promise<Outcome> {
    const { id, effect } = change;
    const { table } = this.#host.objects;
    const slot = table.slotOf(id);
    const revision = slot < 0 ? 0 : table.revisions[slot]!;
    const outcomeOf = (old: StoredObject | undefined): Outcome => {
      if (effect === 'delete') {
        if (slot < 0) return { written: false, revision };
        effects.push({ id, created: 0, updated: 0, content: undefined });
        return { written: true, revision: seq };
      }
      const { properties, vectors, created = old?.created ?? time, updated = time } = 'patch' in effect ? patched(old!, effect) : effect;
      effects.push({ id, created, updated, content: { properties, vectors: vectors === 'kept' && slot < 0 ? [] : vectors } });
      return { written: true, revision: seq };
    };
    try {
      checkConditions(change, slot, revision);
      if (slot < 0 || effect === 'delete') return outcomeOf(undefined);
      return this.#readOld(slot, effect, time).then(outcomeOf).catch(failedOutcome);
    } catch (error) {
      return failedOutcome(error);
    }
  }

  /** An object that is damaged can be replaced, if nothing of it is needed. */
  async #readOld(slot: number, effect: Content | Patch, time: number): Promise<StoredObject | undefined> {
    const isNeeded = 'patch' in effect;
    try {
      return await this.#host.read(slot, isNeeded && effect.vectors.length > 0);
    } catch (cause) {
      if (isNeeded || !(cause instanceof VectileError) || cause.code !== 'STORAGE_CORRUPT') throw cause;
      const { table } = this.#host.objects;
      return { id: table.idOf(slot), slot, revision: table.revisions[slot]!, created: time, updated: time, properties: new Uint8Array() };
    }
  }
}

function checkConditions({ id, expect, ifRevision }: Change, slot: number, revision: number): void {
  if (expect === 'absent' && slot >= 0) throw new VectileError('OBJECT_EXISTS', `id: expected one that is not in use, got ${JSON.stringify(id)}`);
  if (expect === 'present' && slot < 0) throw new VectileError('OBJECT_MISSING', `id: expected one of an object, got ${JSON.stringify(id)}`);
  if (ifRevision !== undefined && ifRevision !== revision) {
    throw new VectileError('REVISION_MISMATCH', `ifRevision: expected ${revision}, the revision of ${JSON.stringify(id)}, got ${ifRevision}`);
  }
}

/** Of one change among others; what is no VectileError ends them all. */
function failedOutcome(error: unknown): Outcome {
  if (error instanceof VectileError) return { error };
  throw error;
}

function patched(old: StoredObject, patch: Patch): Content {
  const { vectors: given } = patch;
  const kept = (old.vectors ?? []).filter(({ number }) => !given.some((vector) => vector.number === number));
  return { properties: patchedProperties(old.properties, patch), vectors: given.length ? [...kept, ...given] : 'kept' };
}

function strongest(durabilities: readonly Durability[]): Durability {
  if (durabilities.includes('sync')) return 'sync';
  return durabilities.includes('flush') ? 'flush' : 'none';
}
