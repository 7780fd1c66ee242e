/** How far a word is from another one that may have been meant. It knows no index and does not normalize: give it tokens. */

/** Typos a term may have; `auto`: none in up to 2 code points, one in up to 5, else two. */
export type TypoTolerance = 0 | 1 | 2 | 'auto';

export function typosAllowed(term: string, tolerance: TypoTolerance): number {
  if (tolerance !== 'auto') return tolerance;
  const length = [...term].length;
  return length < 3 ? 0 : length < 6 ? 1 : 2;
}

export interface TypoMatcher {
  /** 0 … max, or −1 if it is more. */
  distance(candidate: string): number;
}

/**
 * Distances from a term up to `max`: insertions, deletions, substitutions of a code point and transpositions of neighbours
 * count 1, and what was transposed is not edited again ("optimal string alignment", Boytsov 2011, Indexing Methods for
 * Approximate Dictionary Searching, section 2.2). Only the diagonals that can stay within `max` are computed (Ukkonen 1985,
 * Algorithms for Approximate String Matching).
 */
export function withinDistance(term: string, max: number): TypoMatcher {
  const wanted = Uint32Array.from(term, (character) => character.codePointAt(0)!);
  const columns = wanted.length;
  const beyond = max + 1;
  /** [i][j]: distance of the first i points of the candidate from the first j of the term, for i and the two before; one more for the edge. */
  const rows = [0, 0, 0].map(() => new Int32Array(columns + 2)) as [Int32Array, Int32Array, Int32Array];

  return {
    distance(candidate) {
      const units = candidate.length;
      // Each code point is one or two units.
      if (units < columns - max || units > 2 * (columns + max)) return -1;
      let [row, previous, beforeThat] = rows;
      for (let j = 0; j <= columns; j++) row[j] = j;
      row[columns + 1] = beyond;
      let count = 0;
      let pointBefore = -1;
      for (let unit = 0; unit < units; unit++) {
        let point = candidate.charCodeAt(unit);
        if (point >= 0xd800 && point < 0xdc00) {
          point = candidate.codePointAt(unit)!;
          if (point > 0xffff) unit++;
        }
        count++;
        const spare = beforeThat;
        beforeThat = previous;
        previous = row;
        row = spare;
        const from = count > max ? count - max : 1;
        const to = count + max < columns ? count + max : columns;
        let left = from === 1 ? count : beyond;
        let least = left;
        row[from - 1] = left;
        for (let j = from; j <= to; j++) {
          const letter = wanted[j - 1]!;
          let best = previous[j - 1]! + (point === letter ? 0 : 1);
          if (left + 1 < best) best = left + 1;
          if (previous[j]! + 1 < best) best = previous[j]! + 1;
          if (letter === pointBefore && j > 1 && point === wanted[j - 2]! && beforeThat[j - 2]! + 1 < best) best = beforeThat[j - 2]! + 1;
          row[j] = left = best;
          if (best < least) least = best;
        }
        // Nor can a transposition come back from two rows before: its distance there was at least max, as this row's are more.
        if (least > max) return -1;
        row[to + 1] = beyond;
        pointBefore = point;
      }
      return count < columns - max || row[columns]! > max ? -1 : row[columns]!;
    },
  };
}
