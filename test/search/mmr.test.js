// Maximal marginal relevance: what both ends of the balance mean, and against scores computed from scratch at every step.
import { describe, expect, it } from 'vitest';
import { diversify } from '../../ts/search/mmr.js';
import { METRICS, measure } from '../conformance/oracle.js';
import { cases, integer, pick } from './support/cases.js';

describe('diversity', () => {
  const line = (...places) => places.map((place) => Float32Array.of(place, 0));

  it('is the order of nearness at balance 1', () => {
    expect(diversify([3, 1, 2, 1], line(3, 1, 2, 1), 'l2-squared', { balance: 1, k: 3 })).toEqual([1, 3, 2]);
  });

  it('goes as far as it can from what it has at balance 0, after the nearest', () => {
    expect(diversify([0, 1, 2, 9, 5], line(0, 1, 2, 9, 5), 'manhattan', { balance: 0, k: 4 })).toEqual([0, 3, 4, 2]);
  });

  it('passes over near duplicates in between', () => {
    expect(diversify([1, 1.01, 1.02, 2], line(1, 1, 1, -2), 'manhattan', { balance: 0.5, k: 2 })).toEqual([0, 3]);
  });

  it('leaves out what has no vector, and gives fewer than k if there are no more', () => {
    expect(diversify([0, 1, 2], [undefined, ...line(1, 2)], 'l2-squared', { balance: 0.5, k: 10 })).toEqual([1, 2]);
    expect(diversify([], [], 'cosine', { balance: 0.5, k: 10 })).toEqual([]);
    expect(diversify([1], line(1), 'cosine', { balance: 0.5, k: 0 })).toEqual([]);
  });

  it.each(METRICS)('chooses the best of what is left by %s, generated', (metric) => {
    cases(1000, (random) => {
      const dimensions = integer(random, 1, 6);
      // small integers: but for cosine, sums are exact, and ties are ties
      const vector = () => {
        const components = Float32Array.from({ length: dimensions }, () => integer(random, -3, 4));
        components[0] ||= 1;
        return components;
      };
      const query = vector();
      const vectors = Array.from({ length: integer(random, 0, 20) }, () => (random() < 0.1 ? undefined : vector()));
      const distances = vectors.map((each) => (each ? measure(metric, query, each).distance : 0));
      const balance = pick(random, [0, 0.25, 0.5, 0.875, 1]);
      const k = integer(random, 0, 25);
      const chosen = diversify(distances, vectors, metric, { balance, k });
      expect(chosen).toHaveLength(Math.min(k, vectors.filter((each) => each).length));
      expect(new Set(chosen).size).toBe(chosen.length);
      chosen.forEach((place, step) => {
        const before = chosen.slice(0, step);
        const scoreOf = (i) => (step === 0 ? -distances[i]
          : -balance * distances[i] + (1 - balance) * Math.min(...before.map((other) => measure(metric, vectors[other], vectors[i]).distance)));
        const left = vectors.flatMap((each, i) => (each && !before.includes(i) ? [i] : []));
        const best = Math.max(...left.map(scoreOf));
        const isBest = metric === 'cosine' ? scoreOf(place) > best - 1e-12 : place === left.find((i) => scoreOf(i) === best);
        if (!isBest) expect({ place, score: scoreOf(place), step }).toEqual({ best });
      });
    });
  });
});
