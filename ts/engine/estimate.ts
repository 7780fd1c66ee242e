/** What an index will take, by the arithmetic that lays it out. */
import { HEADER_BYTES, Header } from '../../assembly/layout.js';
import type { ByteEstimate, IndexOptions } from '../types.js';
import { integer } from './checks.js';
import { Core, loadCore } from './core.js';
import { idTableBytes } from './ids.js';
import { REGION_NAMES } from './image.js';
import { IndexMemory } from './memory.js';
import { indexOptions } from './options.js';

/**
 * Bytes that an index of `count` vectors takes, trained if its codec is: by region, as in `stats().bytes`, and in all. The
 * linear memory has some more, for growth and for what a search works in. An index cannot exceed 4 GiB; more are shards.
 */
export async function estimateBytes(options: IndexOptions, count: number): Promise<ByteEstimate> {
  const checked = indexOptions(options);
  integer('count', count, 0, 2 ** 32 - 2);
  const memory = new IndexMemory(new Core(await loadCore()));
  const { exports } = memory.core;
  const m = checked.maxConnections;
  exports.create(memory.index, checked.type, checked.metric, checked.dimensions, m, checked.efConstruction, Number(checked.idTable), 0n);
  memory.adoptStorage(checked.storage);
  // a node has 1 / (m − 1) upper levels of m links on average
  const arena = m ? Math.round((count * 4 * m) / (m - 1)) : 0;
  memory.setField(Header.Extent, count);
  memory.setField(Header.ArenaUsed, arena);
  const regions = Object.fromEntries(REGION_NAMES.map((name, region) => [name, exports.usedBytes(memory.index, region)]));
  return {
    header: HEADER_BYTES,
    ...(regions as Record<(typeof REGION_NAMES)[number], number>),
    total: exports.imageBytes(memory.index, count, arena),
    idTable: checked.idTable ? idTableBytes(count) : 0,
  };
}
