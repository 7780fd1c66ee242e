// Fusion of rankings: the formulas worked out by hand, and against a plain sum over all legs.
import { describe, expect, it } from 'vitest';
import { fuse } from '../../ts/search/fusion.js';
import { cases, distinct, integer, pick } from './support/cases.js';

describe('fusion', () => {
  it('scales the scores of each leg to 0 … 1', () => {
    const keywords = { weight: 0.25, slots: [3, 5, 7, 9], scores: [11, 8, 6, 1] };
    const vectors = { weight: 0.75, slots: [5, 4], scores: [-0.1, -0.5] };
    const { slots, scores } = fuse([keywords, vectors], 'relativeScore');
    expect(slots).toEqual([5, 3, 7, 9, 4]);
    expect(scores).toEqual([0.25 * 0.7 + 0.75, 0.25, 0.25 * 0.5, 0, 0]);
  });

  it('gives the whole weight to each hit of a leg in which all have one score', () => {
    expect(fuse([{ weight: 0.3, slots: [8, 2], scores: [4, 4] }, { weight: 0.7, slots: [6], scores: [-2] }], 'relativeScore'))
      .toMatchObject({ slots: [6, 2, 8], scores: [0.7, 0.3, 0.3] });
  });

  it('counts ranks from 0, and 60 to them', () => {
    expect(fuse([{ weight: 0.25, slots: [1, 2], scores: [9, 8] }, { weight: 0.75, slots: [2, 3], scores: [-1, -2] }], 'ranked'))
      .toMatchObject({ slots: [2, 3, 1], scores: [0.25 / 61 + 0.75 / 60, 0.75 / 61, 0.25 / 60] });
  });

  it('breaks ties by the scores of the legs, then by slots', () => {
    const tied = [{ weight: 0.5, slots: [9, 1, 4], scores: [3, 2, 1] }, { weight: 0.5, slots: [4, 1, 9], scores: [3, 2, 1] }];
    expect(fuse(tied, 'relativeScore')).toMatchObject({ slots: [9, 1, 4], scores: [0.5, 0.5, 0.5] });
    expect(fuse([...tied].reverse(), 'relativeScore').slots).toEqual([4, 1, 9]);
    expect(fuse([{ weight: 0.5, slots: [7], scores: [1] }, { weight: 0.5, slots: [2], scores: [5] }], 'ranked').slots).toEqual([7, 2]);
    expect(fuse([{ weight: 1, slots: [7, 2, 5], scores: [1, 1, 1] }], 'relativeScore').slots).toEqual([2, 5, 7]);
  });

  it('takes relative scores for equal that differ by less than 1e-7', () => {
    const near = [
      { weight: 0.5, slots: [1, 2, 3], scores: [1, 0.5, 0] },
      { weight: 0.5, slots: [4, 5, 6], scores: [1, 0.5 + 1e-7, 0] },
    ];
    expect(fuse(near, 'relativeScore').slots).toEqual([1, 4, 2, 5, 3, 6]);
    near[1].scores[1] += 2e-7;
    expect(fuse(near, 'relativeScore').slots).toEqual([1, 4, 5, 2, 3, 6]);
    // ranks far down differ by less than that, and are ranks all the same
    const long = (from, step) => Array.from({ length: 10_000 }, (_, i) => from + step * i);
    const legs = [0.5, 0.4].map((weight, i) => ({ weight, slots: long(i * 1e5, 1), scores: long(0, -1) }));
    const { scores } = fuse(legs, 'ranked');
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
  });

  it('explains what each leg gave', () => {
    const legs = [{ weight: 0.25, slots: [3, 5, 9], scores: [11, 8, 1] }, { weight: 0.75, slots: [5, 4], scores: [-0.5, -1] }];
    const { explain } = fuse(legs, 'relativeScore');
    expect(explain(5)).toEqual([{ rank: 1, score: 8, normalized: 0.7, weight: 0.25 }, { rank: 0, score: -0.5, normalized: 1, weight: 0.75 }]);
    expect(explain(4)).toEqual([undefined, { rank: 1, score: -1, normalized: 0, weight: 0.75 }]);
    expect(explain(1)).toEqual([undefined, undefined]);
  });

  it('is empty where nothing was found', () => {
    expect(fuse([], 'ranked')).toMatchObject({ slots: [], scores: [] });
    expect(fuse([{ weight: 1, slots: [], scores: [] }], 'relativeScore')).toMatchObject({ slots: [], scores: [] });
  });

  it.each(['relativeScore', 'ranked'])('%s is the plain sum, generated', (fusion) => {
    cases(1500, (random) => {
      const legs = Array.from({ length: integer(random, 0, 4) }, () => {
        const slots = distinct(random, integer(random, 0, 30), 40);
        const grain = pick(random, [1, 4, 1000]);
        const scores = slots.map(() => Math.round(random() * grain) / grain * 20 - 10).sort((a, b) => b - a);
        return { weight: integer(random, 0, 5) / 4, slots, scores };
      });
      const shareOf = ({ weight, slots, scores }, slot) => {
        const rank = slots.indexOf(slot);
        if (rank < 0) return 0;
        if (fusion === 'ranked') return weight / (rank + 60);
        const [min, max] = [scores.at(-1), scores[0]];
        return max === min ? weight : weight * ((scores[rank] - min) / (max - min));
      };
      // of one that is not there, nothing
      const rawOf = (slot) => legs.map(({ slots, scores }) => (slots.includes(slot) ? scores[slots.indexOf(slot)] : -Infinity));
      const all = [...new Set(legs.flatMap(({ slots }) => slots))].map((slot) => ({
        slot, raw: rawOf(slot), score: legs.reduce((sum, leg) => sum + shareOf(leg, slot), 0),
      }));
      // scores of so coarse grain are equal, or differ by more than rounding
      const tie = fusion === 'relativeScore' ? 1e-7 : 0;
      all.sort((a, b) => {
        if (Math.abs(a.score - b.score) > tie) return b.score - a.score;
        const leg = a.raw.findIndex((score, i) => score !== b.raw[i]);
        return leg < 0 ? a.slot - b.slot : b.raw[leg] - a.raw[leg];
      });
      const fused = fuse(legs, fusion);
      expect(fused.slots).toEqual(all.map(({ slot }) => slot));
      expect(fused.scores).toEqual(all.map(({ score }) => score));
      for (const { slot, score } of all) {
        const shares = fused.explain(slot);
        const sum = shares.reduce((total, share) => total + (share ? share.weight * share.normalized : 0), 0);
        const areTheirs = shares.every((share, i) => {
          const rank = legs[i].slots.indexOf(slot);
          return share ? share.rank === rank && share.score === legs[i].scores[rank] && share.weight === legs[i].weight : rank < 0;
        });
        if (Math.abs(sum - score) > 1e-12 || !areTheirs) expect({ slot, score, shares }).toBe('explained');
      }
    });
  });
});
