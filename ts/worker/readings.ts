/** In a thread: indexes of shards that other threads own, searched over shared memory. */
import { SharedReader, releaseReader, type IndexShare } from '../engine/shared-reader.js';
import type { SharedNear, SharedSearch } from './protocol.js';

export class Readings {
  readonly #readers = new Map<number, SharedReader>();

  /** `reading`: a number that no other one has had. False where memory cannot be shared. */
  begin(reading: number, share: IndexShare): boolean {
    try {
      this.#readers.set(reading, new SharedReader(share));
      return true;
    } catch {
      releaseReader(share);
      return false;
    }
  }

  /** Undefined where the owner must answer, null where it will have to for good: the index has moved. */
  near(reading: number, query: Float32Array, { k, ef, oversampling }: SharedSearch): SharedNear | undefined | null {
    const reader = this.#readers.get(reading);
    if (!reader?.isCurrent) return null;
    const found = reader.search(query, { k, ...ef !== undefined && { ef }, ...oversampling !== undefined && { oversampling } });
    return found && { slots: found.ids, distances: found.distances, seq: found.stamp };
  }

  end(reading: number): void {
    this.#readers.get(reading)?.dispose();
    this.#readers.delete(reading);
  }
}
