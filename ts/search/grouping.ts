/** Hits of a search by a property of theirs. Knows only the property's values, and numbers by which hits are ranked. */
import { distinctIn, type Scalar, type Value } from './values.js';

export interface GroupLimits {
  readonly numberOfGroups: number;
  readonly objectsPerGroup: number;
}

export interface HitGroup {
  readonly value: Scalar;
  /** Places in the ranking, ascending. */
  readonly hits: number[];
  /** Of the measures of `hits`: nearest and farthest of distances, worst and best of scores. */
  readonly min: number;
  readonly max: number;
}

/**
 * Groups in the order of their best hits. A hit is in the group of each element of a list, in none if it has no value; hits of
 * groups beyond the limit are dropped, as are those of a group that is full. `measures`: distance or score of each hit;
 * `valueOf` is asked by places in the ranking, once each, and not after all groups are full.
 */
export function groupHits(measures: ArrayLike<number>, valueOf: (place: number) => Value, limits: GroupLimits): HitGroup[] {
  const { numberOfGroups, objectsPerGroup } = limits;
  const groups = new Map<Scalar, number[]>();
  let full = 0;
  for (let place = 0; place < measures.length && full < numberOfGroups; place++) {
    for (const value of distinctIn(valueOf(place))) {
      let hits = groups.get(value);
      if (!hits && groups.size < numberOfGroups) groups.set(value, hits = []);
      if (!hits || hits.length === objectsPerGroup) continue;
      if (hits.push(place) === objectsPerGroup) full++;
    }
  }
  return Array.from(groups, ([value, hits]) => {
    const own = hits.map((place) => measures[place]!);
    return { value, hits, min: own.reduce((a, b) => Math.min(a, b)), max: own.reduce((a, b) => Math.max(a, b)) };
  });
}
