/**
 * Full vectors of an image that was written without them: given when it is opened, by whoever keeps them, and put into their
 * rows. Links and codes were in the image and stay as they are.
 */
import { Header, Region } from '../../assembly/layout.js';
import { VectileError, invalid } from '../errors.js';
import type { RowBatch } from '../types.js';
import type { IndexMemory } from './memory.js';
import { checkArrays, checkBatch, throwStatus } from './options.js';

/** The index must be as its image says but for the rows, which are zero. `slotOf`: the slot of an id, or −1. */
export async function fillRows(
  memory: IndexMemory, batches: Iterable<RowBatch> | AsyncIterable<RowBatch>, slotOf: (id: number) => number,
): Promise<void> {
  const { f32, exports } = memory.core; // no memory grows meanwhile
  const dimensions = memory.field(Header.Dimensions);
  const rowBytes = memory.field(Header.RowBytes);
  const rows = memory.region(Region.Rows);
  const isFilled = new Uint8Array(memory.field(Header.Extent)); // by slot
  let missing = memory.field(Header.Live);
  for await (const batch of batches) {
    const { ids, vectors, offsets } = checked(batch, dimensions);
    for (let i = 0; i < ids.length; i++) {
      const slot = slotOf(ids[i]!);
      if (slot < 0) continue; // whoever keeps vectors may have some that are not linked yet
      if (isFilled[slot]) throw new VectileError('IMAGE_CORRUPT', `rows: expected the vectors of all ids once, got ${ids[i]} again`);
      const at = offsets ? offsets[i]! : i * dimensions;
      const vector = vectors.subarray(at, at + dimensions);
      f32.set(vector, (rows + slot * rowBytes) >>> 2);
      const status = exports.settleRow(memory.index, slot);
      if (status) throwStatus(status, `vector of id ${ids[i]}`, vector);
      isFilled[slot] = 1;
      missing--;
    }
  }
  if (missing) throw new VectileError('IMAGE_CORRUPT', `rows: expected the vectors of all ids, got ${missing} too few`);
  memory.setField(Header.RowsOutside, 0);
}

function checked(batch: RowBatch, dimensions: number): RowBatch {
  const { ids, vectors, offsets } = batch ?? ({} as RowBatch);
  if (offsets === undefined) {
    checkBatch(ids, vectors, dimensions);
    return batch;
  }
  checkArrays(ids, vectors);
  const areIn = offsets instanceof Uint32Array && offsets.length === ids.length && offsets.every((at) => at + dimensions <= vectors.length);
  if (!areIn) throw invalid('offsets', `a Uint32Array of ${ids.length} places of ${dimensions} components`, offsets);
  return batch;
}
