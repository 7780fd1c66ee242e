/**
 * How many of the best belong together: their distances, or their scores, scaled to 0 … 1 from the first to the last, are compared
 * with a straight line; each local maximum above it is the end of a group (autocut of Weaviate, docs "autocut").
 */
export function autocut(measures: readonly number[], groups: number): number {
  const last = measures.length - 1;
  if (last < 1) return measures.length;
  const range = measures[last]! - measures[0]!;
  const above = measures.map((measure, i) => (range ? (measure - measures[0]!) / range : 0) - i / last);
  let found = 0;
  for (let i = 1; i <= last; i++) {
    const isPeak = above[i]! > above[i - 1]! && (i < last ? above[i]! > above[i + 1]! : above[i]! > (above[i - 2] ?? -Infinity));
    if (isPeak && ++found === groups) return i;
  }
  return measures.length;
}
