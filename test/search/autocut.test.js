// Where hits are cut off: examples with jumps that can be seen, and against peaks found in exact fractions.
import { describe, expect, it } from 'vitest';
import { autocut } from '../../ts/search/autocut.js';
import { cases, integer } from './support/cases.js';

describe('autocut', () => {
  it('ends before the n-th jump', () => {
    const distances = [0.1, 0.11, 0.12, 0.5, 0.51, 0.52, 0.9, 0.91, 0.92];
    expect([1, 2, 3].map((groups) => autocut(distances, groups))).toEqual([3, 6, 9]);
    expect(autocut(distances.map((distance) => 7 - 5 * distance), 1)).toBe(3);
  });

  it('cuts nothing where there is no jump', () => {
    for (const even of [[], [1], [1, 2], [1, 1, 1], [0, 0.25, 0.5, 0.75, 1]]) expect(autocut(even, 1)).toBe(even.length);
  });

  it('finds the peaks over the straight line, of distances and of scores, generated', () => {
    cases(2000, (random) => {
      // a power of two of steps, and a range that is one too: all fractions are exact
      const last = 2 ** integer(random, 1, 6);
      const inner = Array.from({ length: last - 1 }, () => integer(random, 0, 65)).sort((a, b) => a - b);
      const distances = [0, ...inner, 64];
      const heights = distances.map((distance, i) => BigInt(distance * last - 64 * i));
      const peaks = heights.flatMap((height, i) => {
        if (i === 0 || height <= heights[i - 1]) return [];
        return height > (i < last ? heights[i + 1] : heights[i - 2]) ? [i] : [];
      });
      const groups = integer(random, 1, 6);
      expect(autocut(distances, groups)).toBe(peaks[groups - 1] ?? distances.length);
      expect(autocut(distances.map((distance) => 3 - distance / 8), groups)).toBe(peaks[groups - 1] ?? distances.length);
    });
  });
});
