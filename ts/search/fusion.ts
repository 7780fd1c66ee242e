/**
 * One ranking of several, for hybrid search. Formulas as Weaviate has them (usecases/traverser/hybrid/hybrid_fusion.go), in f64;
 * ranked fusion is reciprocal rank fusion (Cormack, Clarke and Büttcher 2009). Knows nothing of what the scores mean.
 */

/**
 * | fusion | share of a leg in a hit's score |
 * | --- | --- |
 * | `relativeScore` | weight · (score − min) / (max − min), over the leg's hits; the whole weight if all have one score |
 * | `ranked` | weight / (rank + 60), the first rank being 0 |
 */
export type Fusion = 'relativeScore' | 'ranked';

/** What one search has found, best first. */
export interface Leg {
  readonly weight: number;
  /** Distinct. */
  readonly slots: ArrayLike<number>;
  /** Higher is better: distances are negated. */
  readonly scores: ArrayLike<number>;
}

export interface Fused {
  /** Best first. */
  readonly slots: number[];
  readonly scores: number[];
  /** What each leg has given to a hit's score; undefined where it does not have the hit. */
  explain(slot: number): (Share | undefined)[];
}

export interface Share {
  readonly rank: number;
  /** As the leg has it. */
  readonly score: number;
  /** What the weight is multiplied by. */
  readonly normalized: number;
  readonly weight: number;
}

const RANK_OFFSET = 60;
/** Relative scores that differ by less are ties: they come of f32 distances. */
const TIE = 1e-7;

/**
 * Ties are broken by the legs' own scores, that of the first leg that tells first (a hit it does not have is behind), at last by
 * the lower slot. A leg of weight 0 brings its hits too: leave it out if they are not wanted.
 */
export function fuse(legs: readonly Leg[], fusion: Fusion): Fused {
  const places = legs.map(({ slots }) => new Map(Array.from(slots, (slot, rank) => [slot, rank])));
  const normalizers = legs.map((leg) => normalizer(leg, fusion));
  const totals = new Map<number, number>();
  legs.forEach(({ slots, weight }, i) => {
    for (let rank = 0; rank < slots.length; rank++) {
      const share = fusion === 'ranked' ? weight / (rank + RANK_OFFSET) : weight * normalizers[i]!(rank);
      totals.set(slots[rank]!, (totals.get(slots[rank]!) ?? 0) + share);
    }
  });

  const byLegs = (a: number, b: number): number => {
    for (const [i, { scores }] of legs.entries()) {
      const [first, second] = [places[i]!.get(a), places[i]!.get(b)];
      if (first === undefined && second === undefined) continue;
      if (first === undefined || second === undefined) return first === undefined ? 1 : -1;
      if (scores[first] !== scores[second]) return scores[second]! - scores[first]!;
    }
    return a - b;
  };
  const hits = [...totals].sort(([, first], [, second]) => second - first);
  // a tie is of all that are near its best one, so that the order does not depend on which are compared with which
  const tie = fusion === 'relativeScore' ? TIE : 0;
  for (let from = 0, to; from < hits.length; from = to) {
    const best = hits[from]![1];
    for (to = from + 1; to < hits.length && (hits[to]![1] === best || best - hits[to]![1] < tie); to++);
    hits.slice(from, to).sort(([a], [b]) => byLegs(a, b)).forEach((hit, i) => { hits[from + i] = hit; });
  }

  return {
    slots: hits.map(([slot]) => slot),
    scores: hits.map(([, score]) => score),
    explain: (slot) => legs.map(({ weight, scores }, i) => {
      const rank = places[i]!.get(slot);
      return rank === undefined ? undefined : { rank, score: scores[rank]!, normalized: normalizers[i]!(rank), weight };
    }),
  };
}

/** By ranks. */
function normalizer({ scores }: Leg, fusion: Fusion): (rank: number) => number {
  if (fusion === 'ranked') return (rank) => 1 / (rank + RANK_OFFSET);
  let min = Infinity, max = -Infinity;
  for (let rank = 0; rank < scores.length; rank++) {
    min = Math.min(min, scores[rank]!);
    max = Math.max(max, scores[rank]!);
  }
  return min === max ? () => 1 : (rank) => (scores[rank]! - min) / (max - min);
}
