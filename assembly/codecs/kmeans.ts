/**
 * Trains the centroids of one segment: Lloyd's iterations after k-means++ (Arthur & Vassilvitskii, "k-means++: The
 * Advantages of Careful Seeding", 2007, §2.2). Done in slices of about a millisecond; what comes out depends on the points
 * and the seed only. All state lies in a work area of kmeansBytes:
 *
 *   state      Kmeans
 *   centroids  f32[sub][width]       as in a model of pq.ts
 *   sample     f32[sub][sampleLanes] points to seed from, zero-padded; points are lanes
 *   nearest    f32[sampleLanes]      squared distance of each to the nearest seed so far
 *   clusters   Cluster[centroids], each followed by the sum of its points f64[sub]
 *   assigned   u8[count]             the cluster of each point
 */
import { madd } from "../simd";
import { centroidLanes, nearestCentroid } from "./pq";

/** Seeds are chosen among at most so many points a centroid: among all of them it would take longer than the iterations. */
const SAMPLE_PER_CENTROID: u32 = 64;
const ITERATIONS_MAX: u32 = 10;
/** Components compared in one slice; about a millisecond. */
const SLICE: u64 = 1 << 22;

const enum Phase {
  Sample,
  Seed,
  Assign,
  Done,
}

@unmanaged @final class Kmeans {
  random: u64;
  changed: u32;      // points whose cluster this iteration changed
  points: usize;     // f32[count][sub]
  count: u32;
  sub: u32;
  k: u32;
  phase: u32;
  cursor: u32;       // next point to sample, centroid to seed or point to assign
  iteration: u32;
  sampleCount: u32;
  centroids: usize;
  sample: usize;
  nearest: usize;
  clusters: usize;
  assigned: usize;

  @inline get width(): u32 { return centroidLanes(this.k); }
  @inline get sampleLanes(): u32 { return (this.sampleCount + 3) & ~3; }
  @inline point(i: u32): usize { return this.points + (<usize>i * this.sub << 2); }
  @inline cluster(i: u32): Cluster { return changetype<Cluster>(this.clusters + <usize>i * clusterBytes(this.sub)); }
}

@unmanaged @final class Cluster {
  spread: f64;       // sum of its points' squared distances
  size: u32;
  farthest: u32;     // the point farthest from the centroid
  distance: f32;     // of that point

  @inline get sum(): usize { return changetype<usize>(this) + CLUSTER_HEAD_BYTES; }
}

const CLUSTER_HEAD_BYTES: usize = 24;
if (offsetof<Cluster>() > CLUSTER_HEAD_BYTES) ERROR("the sum would overlap Cluster");

@inline function clusterBytes(sub: u32): usize { return CLUSTER_HEAD_BYTES + (<usize>sub << 3); }

@inline function sampleMax(count: u32, centroids: u32): u32 { return min(count, SAMPLE_PER_CENTROID * centroids); }

@inline function aligned16(bytes: usize): usize { return (bytes + 15) & ~15; }

/** Bytes of a work area, which must be 16-byte aligned. */
export function kmeansBytes(count: u32, sub: u32, centroids: u32): usize {
  const lanes = (<usize>sampleMax(count, centroids) + 3) & ~3;
  return aligned16(offsetof<Kmeans>()) + (<usize>centroidLanes(centroids) * sub << 2) + (lanes * sub << 2) + (lanes << 2)
    + aligned16(clusterBytes(sub) * centroids) + aligned16(count);
}

/** Begins with up to 256 centroids of f32[count][sub] points, which must stay where they are until the last step. */
export function kmeansOpen(state: usize, points: usize, count: u32, sub: u32, centroids: u32, seed: u32): void {
  memory.fill(state, 0, kmeansBytes(count, sub, centroids));
  const km = changetype<Kmeans>(state);
  km.points = points;
  km.count = count;
  km.sub = sub;
  km.k = centroids;
  km.sampleCount = sampleMax(count, centroids);
  km.random = advance(advance(0) + seed);
  const lanes = <usize>km.sampleLanes;
  km.centroids = state + aligned16(offsetof<Kmeans>());
  km.sample = km.centroids + (<usize>km.width * sub << 2);
  km.nearest = km.sample + (lanes * sub << 2);
  km.clusters = km.nearest + (lanes << 2);
  km.assigned = km.clusters + aligned16(clusterBytes(sub) * centroids);
  if (!count) km.phase = Phase.Done;
}

/** A slice of work; true while there is more. */
export function kmeansStep(state: usize): bool {
  const km = changetype<Kmeans>(state);
  switch (km.phase) {
    case Phase.Sample: takeSample(km); break;
    case Phase.Seed: seedSome(km); break;
    case Phase.Assign: assignSome(km); break;
  }
  return km.phase != Phase.Done;
}

/** f32[sub][width] in the work area; final once kmeansStep has returned false. */
export function kmeansCentroids(state: usize): usize { return changetype<Kmeans>(state).centroids; }

@inline function advance(state: u64): u64 { return state * 6364136223846793005 + 1442695040888963407; }

/** PCG-XSH-RR (O'Neill 2014): 32 bits of a 64-bit state. */
function nextRandom(km: Kmeans): u32 {
  const state = km.random;
  km.random = advance(state);
  return rotr<u32>(<u32>(((state >> 18) ^ state) >> 27), <u32>(state >> 59));
}

/** Below `limit`, not 0. The bias of at most limit / 2^32 does not matter here. */
@inline function randomBelow(km: Kmeans, limit: u32): u32 { return <u32>((<u64>nextRandom(km) * limit) >> 32); }

/** How many of something that each compares so many components make a slice. */
@inline function sliceOf(components: u64): u32 { return <u32>max<u64>(SLICE / components, 1); }

/** Copies a random point out of each of `sampleCount` equal stretches. */
function takeSample(km: Kmeans): void {
  const n = km.sampleCount, stride = <usize>km.sampleLanes << 2;
  let i = km.cursor;
  // a strided copy costs far more than a comparison
  const end = min(n, i + sliceOf(<u64>km.sub << 6));
  for (; i < end; i++) {
    const from = <u32>(<u64>i * km.count / n), to = <u32>((<u64>i + 1) * km.count / n);
    const point = km.point(from + randomBelow(km, to - from));
    for (let j: u32 = 0; j < km.sub; j++) {
      store<f32>(km.sample + (<usize>i << 2) + <usize>j * stride, load<f32>(point + (<usize>j << 2)));
    }
    store<f32>(km.nearest + (<usize>i << 2), f32.MAX_VALUE);
  }
  km.cursor = i;
  if (i < n) return;
  km.cursor = 0;
  km.phase = Phase.Seed;
}

function seedSome(km: Kmeans): void {
  // drawing a point takes as long as some twelve components
  const end = min(km.k, km.cursor + sliceOf(<u64>km.sampleCount * (km.sub + 12)));
  for (let c = km.cursor; c < end; c++) {
    const chosen = c ? drawFar(km) : randomBelow(km, km.sampleCount);
    for (let j: u32 = 0; j < km.sub; j++) {
      store<f32>(centroid(km, c, j), load<f32>(km.sample + ((<usize>j * km.sampleLanes + chosen) << 2)));
    }
    lowerNearest(km, c);
  }
  km.cursor = end;
  if (end < km.k) return;
  repeatLast(km);
  km.cursor = 0;
  km.phase = Phase.Assign;
}

@inline function centroid(km: Kmeans, c: u32, component: u32): usize {
  return km.centroids + ((<usize>component * km.width + c) << 2);
}

/** Lanes without a centroid of their own repeat the last. */
function repeatLast(km: Kmeans): void {
  for (let c = km.k; c < km.width; c++) {
    for (let j: u32 = 0; j < km.sub; j++) store<f32>(centroid(km, c, j), load<f32>(centroid(km, km.k - 1, j)));
  }
}

/** A point of the sample, drawn with probability proportional to its squared distance to the nearest seed; any, if all are 0. */
function drawFar(km: Kmeans): u32 {
  const n = km.sampleCount;
  let left: f64 = 0;
  for (let at = km.nearest, end = at + (<usize>n << 2); at < end; at += 4) left += load<f32>(at);
  left *= <f64>nextRandom(km) * 2.3283064365386963e-10; // 2^−32
  if (left == 0) return randomBelow(km, n);
  let last: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const weight = load<f32>(km.nearest + (<usize>i << 2));
    if (!weight) continue;
    left -= weight;
    if (left < 0) return i;
    last = i;
  }
  return last;
}

/** Takes a new seed into account. */
function lowerNearest(km: Kmeans, c: u32): void {
  const stride = <usize>km.sampleLanes << 2;
  for (let i: usize = 0; i < stride; i += 16) {
    let from = km.sample + i;
    let sum = f32x4.splat(0);
    for (let j: u32 = 0; j < km.sub; j++) {
      const t = f32x4.sub(v128.load(from), v128.load_splat<f32>(centroid(km, c, j)));
      sum = madd(t, t, sum);
      from += stride;
    }
    v128.store(km.nearest + i, f32x4.pmin(v128.load(km.nearest + i), sum));
  }
}

function assignSome(km: Kmeans): void {
  const sub = km.sub, width = km.width;
  if (!km.cursor) memory.fill(km.clusters, 0, clusterBytes(sub) * km.k);
  let i = km.cursor;
  const end = <u32>min<u64>(km.count, <u64>i + sliceOf(<u64>width * (sub + 2)));
  let changed = km.changed;
  for (; i < end; i++) {
    const point = km.point(i);
    const found = nearestCentroid(point, km.centroids, sub, width);
    changed += u32(load<u8>(km.assigned + i) != <u8>found);
    store<u8>(km.assigned + i, <u8>found);
    addTo(km.cluster(<u32>found), point, sub, i, reinterpret<f32>(<u32>(found >> 32)));
  }
  km.cursor = i;
  km.changed = changed;
  if (i < km.count) return;
  const settled = km.iteration > 0 && <u64>changed * 100 < km.count;
  const reseeded = moveCentroids(km);
  km.cursor = 0;
  km.changed = 0;
  km.iteration++;
  if (settled && !reseeded || km.iteration == ITERATIONS_MAX) km.phase = Phase.Done;
}

@inline function addTo(cluster: Cluster, point: usize, sub: u32, i: u32, distance: f32): void {
  cluster.size++;
  cluster.spread += distance;
  if (distance > cluster.distance) {
    cluster.distance = distance;
    cluster.farthest = i;
  }
  let to = cluster.sum;
  for (const end = to + (<usize>sub << 3); to < end; to += 8) {
    store<f64>(to, load<f64>(to) + load<f32>(point));
    point += 4;
  }
}

/** Every centroid goes to the mean of its cluster; one without any, to where there is most to gain. True if there were such. */
function moveCentroids(km: Kmeans): bool {
  let reseeded = false;
  for (let c: u32 = 0; c < km.k; c++) {
    const cluster = km.cluster(c);
    if (cluster.size) {
      for (let j: u32 = 0; j < km.sub; j++) {
        store<f32>(centroid(km, c, j), <f32>(load<f64>(cluster.sum + (<usize>j << 3)) / cluster.size));
      }
    } else {
      reseeded = reseed(km, c) || reseeded;
    }
  }
  repeatLast(km);
  return reseeded;
}

/**
 * Puts a centroid on the farthest point of the cluster with the greatest spread, which is then not asked again. False if
 * all points lie on their centroids; then it stays, equal to another.
 */
function reseed(km: Kmeans, c: u32): bool {
  let widest = km.cluster(0);
  for (let i: u32 = 1; i < km.k; i++) {
    const cluster = km.cluster(i);
    if (cluster.spread > widest.spread) widest = cluster;
  }
  if (widest.spread == 0) return false;
  widest.spread = 0;
  for (let j: u32 = 0; j < km.sub; j++) store<f32>(centroid(km, c, j), load<f32>(km.point(widest.farthest) + (<usize>j << 2)));
  return true;
}
