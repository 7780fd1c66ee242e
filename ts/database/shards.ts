/**
 * The shards of a collection, or the one of a tenant. An object is in the shard that the hash of its id says. Whatever they are
 * asked, the answer is that of one shard with all objects: each gives its best, and they are merged here.
 */
import { VectileError } from '../errors.js';
import { murmur3 } from '../search/murmur3.js';
import type { ShardHandle, Want } from '../shard/handle.js';
import type { Change, Outcome, StoredObject } from '../shard/types.js';
import type { Durability } from '../storage/storage.js';

export interface ShardPart {
  readonly id: string;
  readonly handle: ShardHandle;
  /** Slots of objects that pages have ended with, by id: the next page follows one that is not there any more. */
  readonly pageEnds: Map<string, number>;
}

/** Where a hit or a row is. */
export interface Place {
  readonly shard: number;
  readonly slot: number;
  /** Of the last write that the shard had seen. */
  readonly seq: number;
}

export class Shards {
  constructor(readonly parts: readonly ShardPart[]) {}

  get count(): number { return this.parts.length; }

  /** Threads they were in that were lost. */
  get losses(): number { return this.parts.reduce((sum, { handle }) => sum + handle.losses, 0); }

  /** Throws RESHARDED unless they are those that were asked before, where slots mean the same. */
  checkSame(before: Shards | undefined): void {
    if (!before || this.count === before.count && this.parts.every(({ id }, i) => id === before.parts[i]!.id)) return;
    throw resharded(before.count, this.count);
  }

  /** Number of the shard that has the object of an id, or would have it. */
  numberOf(id: string): number { return this.count === 1 ? 0 : murmur3(id) % this.count; }

  of(id: string): ShardHandle { return this.parts[this.numberOf(id)]!.handle; }

  /** What each says, in their order. If some fail, it is thrown once none is at work any more. */
  async each<T>(ask: (handle: ShardHandle, shard: number) => T | Promise<T>): Promise<T[]> {
    if (this.count === 1) return [await ask(this.parts[0]!.handle, 0)];
    const answers = await Promise.allSettled(this.parts.map(async ({ handle }, shard) => ask(handle, shard)));
    return answers.map((answer) => {
      if (answer.status === 'rejected') throw answer.reason;
      return answer.value;
    });
  }

  /** Changes of several objects: one record in each shard that has any of them. */
  async write(changes: readonly Change[], durability?: Durability): Promise<Outcome[]> {
    const byShard = this.#split(changes.map(({ id }) => this.numberOf(id)));
    return this.#gather(changes.length, byShard, (shard, at) => this.parts[shard]!.handle.write(at.map((i) => changes[i]!), durability));
  }

  /** Tells places of all shards apart, and orders those that are equal otherwise: by age, more or less, as slots are. */
  rankOf({ shard, slot }: Pick<Place, 'shard' | 'slot'>): number { return slot * this.count + shard; }

  /** The slot of a rank in a shard; between two if it is in another one. */
  slotOfRank(rank: number, shard: number): number { return (rank - shard) / this.count; }

  /** Objects in the order of the ids; undefined in place of those that are not there. */
  async get(ids: readonly string[], want?: Want): Promise<(StoredObject | undefined)[]> {
    const byShard = this.#split(ids.map((id) => this.numberOf(id)));
    return this.#gather(ids.length, byShard, (shard, at) => this.parts[shard]!.handle.getMany(at.map((i) => ids[i]!), want));
  }

  /** The objects of places as they were when they were found; undefined in place of those that were written since. */
  async read(places: readonly Place[], want?: Want): Promise<(StoredObject | undefined)[]> {
    const byShard = this.#split(places.map(({ shard }) => shard));
    // of two searches, the earlier one counts
    const seqOf = (at: readonly number[]) => at.reduce((seq, i) => Math.min(seq, places[i]!.seq), Infinity);
    return this.#gather(places.length, byShard, (shard, at) => this.parts[shard]!.handle.read(at.map((i) => places[i]!.slot), seqOf(at), want));
  }

  /** By shard: which of a list are its. */
  #split(shardOf: readonly number[]): number[][] {
    const byShard: number[][] = this.parts.map(() => []);
    shardOf.forEach((shard, i) => byShard[shard]!.push(i));
    return byShard;
  }

  async #gather<T>(length: number, byShard: readonly number[][], ask: (shard: number, at: readonly number[]) => Promise<T[]>): Promise<T[]> {
    const all = new Array<T>(length);
    const asked = byShard.map(async (at, shard) => {
      if (!at.length) return;
      const answers = await ask(shard, at);
      at.forEach((i, j) => { all[i] = answers[j]!; });
    });
    for (const answer of await Promise.allSettled(asked)) if (answer.status === 'rejected') throw answer.reason;
    return all;
  }
}

/** Of what goes on from call to call. */
export function resharded(before: number, now: number): VectileError {
  const what = before === now ? `${now} others (the tenant was made anew, or it was resharded twice)` : `${now} others`;
  return new VectileError('RESHARDED', `shards: expected the ${before} that were there when it began, got ${what}; begin anew`);
}
