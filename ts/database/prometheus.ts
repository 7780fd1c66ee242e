/**
 * What `stats` and `cluster.nodes` say, in the text form of Prometheus. Figures of all shards of a collection are added up: there may be
 * very many of them.
 */
import type { VerboseNodeStatus } from './cluster.js';
import type { DatabaseStats } from './stats.js';

type Labels = Record<string, string>;
type Sample = [labels: Labels, value: number];

const SHARD_STATUSES = ['READY', 'INDEXING', 'READONLY', 'LOADING', 'LAZY_LOADING', 'SHUTDOWN'];

export function prometheusText({ collections }: DatabaseStats, { shards, tenants, disk, memory }: VerboseNodeStatus): string {
  const families: string[] = [];
  const gauge = (name: string, help: string, samples: readonly Sample[]) => {
    if (!samples.length) return;
    families.push(`# HELP vectile_${name} ${help}\n# TYPE vectile_${name} gauge\n`, ...samples.map(([labels, value]) => `vectile_${name}${textOf(labels)} ${value}\n`));
  };
  const all = Object.entries(collections);
  const each = (samplesOf: (stats: DatabaseStats['collections'][string], collection: string) => readonly Sample[]) => all.flatMap(([name, stats]) => samplesOf(stats, name));
  const byKey = (collection: string, label: string, counts: object): Sample[] => Object.entries(counts).map(([key, value]) => [{ collection, [label]: key }, value as number]);
  const byVector = (figure: (vector: DatabaseStats['collections'][string]['vectors'][string]) => number | undefined) => each(({ vectors }, collection) =>
    Object.entries(vectors).flatMap(([vector, stats]): Sample[] => {
      const value = figure(stats);
      return value === undefined ? [] : [[{ collection, vector }, value]];
    }));
  gauge('object_count', 'Objects, of shards that are loaded.', each(({ objects }, collection) => [[{ collection }, objects]]));
  gauge('vector_index_size', 'Vectors, of shards that are loaded.', byVector(({ count }) => count));
  gauge('queue_size', 'Vectors that are not linked yet.', byVector(({ unlinked }) => unlinked));
  gauge('vector_index_tombstones', 'Vectors that were removed, and are still linked.', byVector(({ index }) => index?.tombstones));
  gauge('memory_bytes', 'Bytes in memory, by what they are for.', each(({ memory: regions }, collection) => byKey(collection, 'region', regions)));
  gauge('disk_bytes', 'Bytes on disk, by what they are for.', each(({ disk: { total: _, ...regions } }, collection) => byKey(collection, 'region', regions)));
  gauge('shards', 'Shards by status.', each((_, collection) => SHARD_STATUSES.map((status): Sample =>
    [{ collection, status }, shards.filter((shard) => shard.class === collection && shard.vectorIndexingStatus === status).length])));
  gauge('tenants', 'Tenants by status.', Object.entries(tenants).flatMap(([collection, counts]) => byKey(collection, 'status', counts)));
  gauge('failed_shards', 'Shards that cannot be used, or not be written.', each((_, collection) => [[{ collection }, shards.filter((shard) => shard.class === collection && shard.failure).length]]));
  for (const [what, use] of [['disk', disk], ['memory', memory]] as const) {
    if (!use) continue;
    gauge(`${what}_used_bytes`, `Bytes of the ${what} in use, by whomever.`, [[{}, use.used]]);
    gauge(`${what}_size_bytes`, `Bytes of the ${what}.`, [[{}, use.total]]);
    gauge(`${what}_read_only`, `1 while writes are refused because too much of the ${what} is in use.`, [[{}, Number(use.status === 'READONLY')]]);
  }
  return families.join('');
}

function textOf(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))}"`);
  return pairs.length ? `{${pairs.join(',')}}` : '';
}
