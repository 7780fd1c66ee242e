/** How vectors are stored: changed for all accounts, and what that does to one, measured against exact search. */
import type { Collection, Database, VectorConfig } from 'vectile';
import type { Preset, PresetReport } from '../contract.js';
import { quantile } from './latencies.js';
import { GRAPH_FROM, type PostProperties } from './posts.js';

const trained = { trainingLimit: GRAPH_FROM };

export const PRESETS: Record<Preset, Required<Pick<VectorConfig, 'quantizer' | 'fullVectors'>>> = {
  exact: { quantizer: 'f32', fullVectors: 'memory' },
  fast: { quantizer: { type: 'sq4', ...trained }, fullVectors: 'memory' },
  compact: { quantizer: { type: 'sq4', ...trained }, fullVectors: 'sq8' },
  smallest: { quantizer: 'rq1', fullVectors: 'external' },
  sq: { quantizer: { type: 'sq8', ...trained }, fullVectors: 'memory' },
  pq: { quantizer: { type: 'pq', ...trained }, fullVectors: 'memory' },
  bq: { quantizer: { type: 'bq' }, fullVectors: 'memory' },
};

/** Which one a configuration is. */
export async function presetOf(posts: Collection<PostProperties>): Promise<Preset> {
  const { quantizer, fullVectors } = (await posts.config.get()).vectors.default!;
  const type = typeof quantizer === 'object' ? quantizer.type : quantizer ?? 'f32';
  const names = Object.keys(PRESETS) as Preset[];
  return names.find((name) => typeOf(PRESETS[name].quantizer) === type && PRESETS[name].fullVectors === fullVectors) ?? 'exact';
}

const typeOf = (codec: NonNullable<VectorConfig['quantizer']>): string => (typeof codec === 'string' ? codec : codec.type);

/** Resolves when the vectors of one account are stored so; those of others follow. Of accounts that are open, `onProgress` hears how many are done. */
export async function changePreset(db: Database, posts: Collection<PostProperties>, preset: Preset, account: string, signal: AbortSignal, onProgress: (done: number, total: number) => void): Promise<void> {
  await posts.config.update({ vectors: { default: PRESETS[preset] } });
  for (;;) {
    signal.throwIfAborted();
    const [node] = await db.cluster.nodes({ output: 'verbose', collection: posts.name });
    const open = node!.shards.filter(({ loaded }) => loaded);
    const busy = open.filter(({ recoding, vectorQueueLength, objectCount }) => recoding || (vectorQueueLength > 0 && objectCount > GRAPH_FROM));
    onProgress(open.length - busy.length, open.length);
    if (!busy.some(({ name }) => name === account)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const QUERIES = 60, K = 10;

/** Searches for what is near to posts of the account, by the index and by measuring all. Posts written meanwhile blur it. */
export async function measurePreset(
  db: Database, posts: Collection<PostProperties>, name: string, signal: AbortSignal, onProgress: (done: number, total: number) => void,
): Promise<PresetReport> {
  const account = posts.withTenant(name);
  const vectors = { includeVector: ['default'], returnProperties: [] } as const;
  const total = await account.length();
  if (total <= K) throw new RangeError(`account: expected one with more than ${K} posts, got ${name} with ${total}`);
  const { objects: asked } = await account.query.fetchObjects({ ...vectors, limit: QUERIES });
  const queries: Query[] = asked.flatMap(({ id, vectors: { default: vector } }) => (vector ? [{ id, vector: unit(vector), ids: [], distances: [] }] : []));

  let seen = 0;
  for await (const { id, vectors: { default: vector } } of account.iterator({ ...vectors, signal })) {
    if (vector) for (const query of queries) offer(query, id, unit(vector));
    if (++seen % 200 === 0) {
      onProgress(Math.min(seen, total), total);
      await new Promise((resolve) => setTimeout(resolve));
      signal.throwIfAborted();
    }
  }

  const times: number[] = [];
  let found = 0, wanted = 0;
  for (const { id, vector, ids } of queries) {
    signal.throwIfAborted();
    const start = performance.now();
    const { objects } = await account.query.nearVector(vector, { limit: K + 1, returnProperties: [] });
    times.push(performance.now() - start);
    const hits = objects.filter((hit) => hit.id !== id).slice(0, K);
    found += hits.filter((hit) => ids.includes(hit.id)).length;
    wanted += ids.length;
  }
  const [node] = await db.cluster.nodes({ output: 'verbose', collection: posts.name });
  const shard = node!.shards.find((status) => status.name === name);
  return { preset: await presetOf(posts), recall: found / wanted, queries: queries.length, p50: quantile(times, 0.5), bytes: shard?.memory?.indexes ?? NaN, diskBytes: shard?.disk?.total ?? NaN };
}

/** With its exact nearest, itself left out: `ids` and `distances` in order. */
interface Query { id: string; vector: Float32Array; ids: string[]; distances: number[] }

function offer(query: Query, id: string, vector: Float32Array): void {
  if (id === query.id) return;
  let dot = 0;
  for (let i = 0; i < vector.length; i++) dot += vector[i]! * query.vector[i]!;
  const { ids, distances } = query;
  if (ids.length === K && -dot >= distances[K - 1]!) return;
  let at = ids.length;
  while (at > 0 && distances[at - 1]! > -dot) at--;
  ids.splice(at, 0, id);
  distances.splice(at, 0, -dot);
  if (ids.length > K) {
    ids.pop();
    distances.pop();
  }
}

function unit(vector: ArrayLike<number>): Float32Array {
  const length = Math.hypot(...Array.from(vector));
  return Float32Array.from(vector, (x) => x / length);
}
