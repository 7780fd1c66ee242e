// Full vectors outside an index: rows of a temporary file, found by id, for an engine that reads them while it searches.

import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function createVectorFile(dimensions) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-vectors-'));
  const handle = openSync(join(folder, 'rows.f32'), 'w+');
  const rowBytes = dimensions * 4;
  const each = (move, ids, floats) => {
    const bytes = new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
    for (let i = 0; i < ids.length; i++) move(handle, bytes, i * rowBytes, rowBytes, ids[i] * rowBytes);
  };
  return {
    /** @param {Float32Array} vectors @param {Uint32Array} ids one per row */
    write: (vectors, ids) => each(writeSync, ids, vectors),
    /** Fills `out` with the rows of `ids`. @param {Uint32Array} ids @param {Float32Array} out */
    read: (ids, out) => each(readSync, ids, out),
    remove() { closeSync(handle); rmSync(folder, { recursive: true, force: true }); },
  };
}
