/** What an index holds and what it takes. */
import { HEADER_BYTES, Header, Region, State } from '../../assembly/layout.js';
import type { IndexStats } from '../types.js';
import { REGION_NAMES, regionBytes } from './image.js';
import type { IndexMemory } from './memory.js';
import { METRICS, TYPES } from './options.js';

/** `idTable`: bytes of the table from ids to slots. */
export function statsOf(memory: IndexMemory, idTable: number): IndexStats {
  const sizes = { header: HEADER_BYTES } as Record<(typeof REGION_NAMES)[number] | 'header', number>;
  REGION_NAMES.forEach((name, region) => { sizes[name] = regionBytes(memory, region); });
  return {
    type: TYPES[memory.field(Header.Type)]!,
    metric: METRICS[memory.field(Header.Metric)]!,
    dimensions: memory.field(Header.Dimensions),
    count: memory.field(Header.Live),
    tombstones: memory.field(Header.Tombstones),
    twins: memory.field(Header.TwinCount),
    free: memory.field(Header.FreeCount),
    levels: levelsOf(memory),
    bytes: { ...sizes, total: memory.imageBytes, memory: memory.core.byteLength, idTable },
  };
}

function levelsOf(memory: IndexMemory): number[] {
  const states = memory.region(Region.States);
  const levels: number[] = [];
  for (const state of memory.core.u8.subarray(states, states + memory.field(Header.Extent))) {
    if (!(state & State.Linked) || state & State.Twin) continue;
    const level = (state & State.LevelMask) - 1;
    while (levels.length <= level) levels.push(0);
    levels[level]!++;
  }
  return levels;
}
