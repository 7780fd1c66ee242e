/** The k best of the hits offered: higher scores first, lower slots first among equals. */

/** Best first; both arrays have one entry per hit. */
export interface KeywordHits {
  slots: number[];
  scores: number[];
}

export class TopHits {
  /** The score that a hit must at least have to get in: that of the k-th, 0 while there are fewer. */
  threshold = 0;
  // A binary heap, the worst hit on top.
  readonly #slots: number[] = [];
  readonly #scores: number[] = [];

  constructor(readonly k: number) {}

  offer(slot: number, score: number): void {
    const slots = this.#slots, scores = this.#scores;
    if (slots.length < this.k) {
      slots.push(slot);
      scores.push(score);
      this.#up(slots.length - 1, slot, score);
      if (slots.length === this.k) this.threshold = scores[0]!;
    } else if (score > scores[0]! || (score === scores[0]! && slot < slots[0]!)) {
      this.#down(slot, score);
      this.threshold = scores[0]!;
    }
  }

  hits(): KeywordHits {
    const slots = this.#slots, scores = this.#scores;
    const order = Array.from(slots, (_, i) => i).sort((i, j) => scores[j]! - scores[i]! || slots[i]! - slots[j]!);
    return { slots: order.map((i) => slots[i]!), scores: order.map((i) => scores[i]!) };
  }

  #up(at: number, slot: number, score: number): void {
    const slots = this.#slots, scores = this.#scores;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (scores[parent]! < score || (scores[parent] === score && slots[parent]! > slot)) break;
      slots[at] = slots[parent]!;
      scores[at] = scores[parent]!;
      at = parent;
    }
    slots[at] = slot;
    scores[at] = score;
  }

  /** Puts a hit in the place of the worst. */
  #down(slot: number, score: number): void {
    const slots = this.#slots, scores = this.#scores, count = slots.length;
    let at = 0;
    for (let child = 1; child < count; child = 2 * at + 1) {
      const other = child + 1;
      if (other < count && (scores[other]! < scores[child]! || (scores[other] === scores[child] && slots[other]! > slots[child]!))) child = other;
      if (score < scores[child]! || (score === scores[child] && slot > slots[child]!)) break;
      slots[at] = slots[child]!;
      scores[at] = scores[child]!;
      at = child;
    }
    slots[at] = slot;
    scores[at] = score;
  }
}
