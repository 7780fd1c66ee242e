/** Looks into an index's linear memory and into images, with the map the core itself is built from. */
import { FORMAT_VERSION, HEADER_BYTES, Header, NONE, Region, Scratch, State, SweepPhase } from '../../assembly/layout.ts';

/** Runs `make` and returns the index it makes with its instance: `{ index, exports }`. */
export async function withInstance(make) {
  const { Instance } = WebAssembly;
  let exports;
  WebAssembly.Instance = class extends Instance {
    constructor(module, imports) {
      super(module, imports);
      exports = this.exports;
    }
  };
  try {
    return { index: await make(), exports };
  } finally {
    WebAssembly.Instance = Instance;
  }
}

/** Distances measured since memory was last laid out anew: reserve before, and do not widen a search meanwhile. */
export function measured(exports) {
  const memory = new DataView(exports.memory.buffer);
  const index = exports.base() + HEADER_BYTES;
  const scratch = index + memory.getUint32(index + Header.ImageBytes, true);
  return memory.getUint32(scratch + Scratch.Measured, true);
}

/** What is wrong with the graph in an image, one line each; a sound one gives []. */
export function graphErrors(image) {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const u32 = (at) => view.getUint32(at, true);
  const at = (region) => u32(Header.Regions + region * 12);
  const m = u32(Header.MaxConnections);
  if (!m) return []; // flat
  const extent = u32(Header.Extent);
  const state = (slot) => view.getUint8(at(Region.States) + slot);
  const isCondemned = (slot) => (state(slot) & State.Condemned) === State.Condemned;
  const isLive = (slot) => (view.getUint8(at(Region.Live) + (slot >>> 3)) >>> (slot & 7)) & 1;
  const twin = (slot) => u32(at(Region.Twins) + slot * 4);
  const list = (slot, level) => {
    const from = level ? at(Region.Arena) + u32(at(Region.Uppers) + slot * 4) + (level - 1) * m * 4 : at(Region.Links) + slot * m * 8;
    const links = [];
    for (let i = 0; i < (level ? m : 2 * m) && u32(from + i * 4) !== NONE; i++) links.push(u32(from + i * 4));
    return links;
  };

  const errors = [];
  const counts = { live: 0, tombstones: 0, twins: 0 };
  const freeing = u32(Header.SweepPhase) === SweepPhase.Free;
  for (let slot = 0; slot < extent; slot++) {
    const flags = state(slot);
    if (isLive(slot)) counts.live++;
    if (flags === State.Free) {
      if (isLive(slot)) errors.push(`slot ${slot} is free and live`);
      continue;
    }
    const tombstone = (flags & State.Tombstone) !== 0;
    if (tombstone) counts.tombstones++;
    if (tombstone === Boolean(isLive(slot))) errors.push(`slot ${slot} is ${tombstone ? 'a tombstone and live' : 'neither live nor a tombstone'}`);
    if (flags & State.Twin) {
      counts.twins++;
      const before = list(slot, 0);
      if (before.length !== 1 || twin(before[0]) !== slot) errors.push(`twin ${slot} names ${before} as the one before it`);
      continue;
    }
    if (isCondemned(slot)) continue;
    for (let level = 0; level < (flags & State.LevelMask); level++) {
      const links = list(slot, level);
      if (new Set(links).size < links.length) errors.push(`slot ${slot} names a neighbor twice at level ${level}`);
      for (const link of links) {
        if (link === slot) errors.push(`slot ${slot} links to itself at level ${level}`);
        else if (link >= extent || state(link) === State.Free) errors.push(`slot ${slot} links to free slot ${link} at level ${level}`);
        else if (freeing && isCondemned(link)) errors.push(`slot ${slot} links to ${link}, about to be freed, at level ${level}`);
      }
    }
  }
  if (counts.live !== u32(Header.Live)) errors.push(`expected ${u32(Header.Live)} live slots, found ${counts.live}`);
  if (counts.tombstones !== u32(Header.Tombstones)) errors.push(`expected ${u32(Header.Tombstones)} tombstones, found ${counts.tombstones}`);
  if (counts.twins !== u32(Header.TwinCount)) errors.push(`expected ${u32(Header.TwinCount)} twins, found ${counts.twins}`);
  return errors;
}

/** Throws what is wrong with the graph of an index. */
export function expectSound(index) {
  const errors = graphErrors(index.serialize());
  if (errors.length) throw new Error(`graph: ${errors.slice(0, 5).join('; ')}${errors.length > 5 ? `; and ${errors.length - 5} more` : ''}`);
}

export { FORMAT_VERSION, HEADER_BYTES, Header, Region, SweepPhase };
