/**
 * Keeps sections of parts in memory within a budget that all shards of a database share: those used least recently go first.
 * It knows neither parts nor files: whoever puts a section in can read it again.
 */

/** What can be let go of, and read again. */
export interface CachedSection {
  readonly bytes: number;
  /** Evaluations under way that need it; as long as there is one, it stays, whatever the budget. */
  readonly pins: number;
  /** Called when it was taken out of the cache. */
  evict(): void;
}

export class SectionCache {
  /** A set keeps the order in which its elements were put in: least recently used first. */
  readonly #sections = new Set<CachedSection>();
  #cachedBytes = 0;
  #heldBytes = 0;

  constructor(readonly bytesMax: number) {}

  /** In memory, held ones included. */
  get bytes(): number { return this.#cachedBytes + this.#heldBytes; }

  /** Puts a section in, or makes it the one used last. Nothing is evicted before `trim`. */
  use(section: CachedSection): void {
    if (!this.#sections.delete(section)) this.#cachedBytes += section.bytes;
    this.#sections.add(section);
  }

  /** Takes a section out that is not wanted any more. */
  forget(section: CachedSection): void {
    if (this.#sections.delete(section)) this.#cachedBytes -= section.bytes;
  }

  /** Counts bytes that are nowhere but in memory, so that others make room for them; less than 0 where they are no longer. */
  hold(bytes: number): void { this.#heldBytes += bytes; }

  /** Evicts until the rest is within the budget, as far as that can be had. */
  trim(): void {
    if (this.bytes <= this.bytesMax) return;
    for (const section of this.#sections) {
      if (section.pins) continue;
      this.forget(section);
      section.evict();
      if (this.bytes <= this.bytesMax) return;
    }
  }
}
