// Groups of hits: what is in none, what is dropped, and against groups made first and cut afterwards.
import { describe, expect, it } from 'vitest';
import { groupHits } from '../../ts/search/grouping.js';
import { cases, integer, pick } from './support/cases.js';

describe('groups of hits', () => {
  const group = (values, numberOfGroups, objectsPerGroup, measures = values.map((_, i) => i)) =>
    groupHits(measures, (place) => values[place], { numberOfGroups, objectsPerGroup });

  it('come in the order of their best hits', () => {
    expect(group(['b', 'a', 'b', null, 'c', 'a', 'b'], 2, 2, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7])).toEqual([
      { value: 'b', hits: [0, 2], min: 0.1, max: 0.3 },
      { value: 'a', hits: [1, 5], min: 0.2, max: 0.6 },
    ]);
  });

  it('put a hit with a list into each of its groups, once', () => {
    expect(group([['x', 'y', 'x'], [], ['y']], 5, 5).map(({ value, hits }) => [value, hits])).toEqual([['x', [0]], ['y', [0, 2]]]);
  });

  it('tell 1, "1" and true apart', () => {
    expect(group([1, '1', true, 1], 5, 5).map(({ value, hits }) => [value, hits])).toEqual([[1, [0, 3]], ['1', [1]], [true, [2]]]);
  });

  it('have the extremes of hits that are not in the order of their measures', () => {
    expect(group(['a', 'a', 'a'], 1, 3, [2, 5, 1])).toEqual([{ value: 'a', hits: [0, 1, 2], min: 1, max: 5 }]);
  });

  it('do not ask for values once all are full', () => {
    const asked = [];
    groupHits(new Float32Array(10), (place) => { asked.push(place); return place % 2; }, { numberOfGroups: 2, objectsPerGroup: 2 });
    expect(asked).toEqual([0, 1, 2, 3]);
  });

  it('are those of the plain way, generated', () => {
    cases(2000, (random) => {
      const value = pick(random, [() => integer(random, 0, 4), () => pick(random, ['a', 'b', 'ü', '']), () => random() < 0.5]);
      const isList = random() < 0.5;
      const values = Array.from({ length: integer(random, 0, 30) },
        () => (random() < 0.2 ? null : isList ? Array.from({ length: integer(random, 0, 4) }, value) : value()));
      const measures = values.map(() => random());
      const [numberOfGroups, objectsPerGroup] = [integer(random, 1, 6), integer(random, 1, 6)];
      const flat = values.flatMap((each, place) => [each ?? []].flat().map((own) => [own, place]));
      const expected = [...new Set(flat.map(([own]) => own))].slice(0, numberOfGroups).map((own) => {
        const hits = [...new Set(flat.filter(([other]) => other === own).map(([, place]) => place))].slice(0, objectsPerGroup);
        const sizes = hits.map((place) => measures[place]);
        return { value: own, hits, min: Math.min(...sizes), max: Math.max(...sizes) };
      });
      expect(group(values, numberOfGroups, objectsPerGroup, measures)).toEqual(expected);
    });
  });
});
