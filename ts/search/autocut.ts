/**
 * How many of the nearest belong together: their distances, scaled to 0 … 1, are compared with a straight line; each local
 * maximum above it is the end of a group (autocut of Weaviate, docs "autocut").
 */
export function autocut(distances: readonly number[], groups: number): number {
  const last = distances.length - 1;
  if (last < 1) return distances.length;
  const range = distances[last]! - distances[0]!;
  const above = distances.map((distance, i) => (range ? (distance - distances[0]!) / range : 0) - i / last);
  let found = 0;
  for (let i = 1; i <= last; i++) {
    const isPeak = above[i]! > above[i - 1]! && (i < last ? above[i]! > above[i + 1]! : above[i]! > (above[i - 2] ?? -Infinity));
    if (isPeak && ++found === groups) return i;
  }
  return distances.length;
}
