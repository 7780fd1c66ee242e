/** What an index holds and what it takes. */
import { FullVectors, HEADER_BYTES, Header, Region, State } from '../../assembly/layout.js';
import type { IndexStats } from '../types.js';
import { FULL_VECTORS, codecOf, readStorage, type Storage } from './codecs.js';
import { REGION_NAMES, regionBytes } from './image.js';
import type { IndexMemory } from './memory.js';
import { METRICS, TYPES } from './options.js';

/** `idTable`: bytes of the table from ids to slots. `recoding`: a change under way. */
export function statsOf(
  memory: IndexMemory, idTable: number, hasReader: boolean, recoding?: { wanted: Storage; trained: boolean; done: number },
): IndexStats {
  const storage = readStorage(memory, Header.Codec);
  const isExact = storage.fullVectors === FullVectors.Memory;
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
    codec: codecOf(storage),
    fullVectors: FULL_VECTORS[storage.fullVectors]!,
    vectors: isExact ? 'exact' : hasReader ? 'read' : 'decoded',
    recoding: recoding && {
      codec: codecOf(recoding.wanted), fullVectors: FULL_VECTORS[recoding.wanted.fullVectors]!, trainingLimit: recoding.wanted.trainingLimit,
      trained: recoding.trained, done: recoding.done, total: memory.field(Header.Extent),
    },
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
