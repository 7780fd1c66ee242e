/**
 * Fetching rows and codes ahead. Up to this length all cache lines of a row are touched; of longer rows the first, and the
 * hardware fetches on. Touching only one line of a 400-byte row, or as many as eight of a 3,136-byte row, was each measured
 * to be a tenth slower.
 */
const TOUCH_BYTES_MAX: usize = 512;

@inline export function touchBytesOf(rowBytes: usize): usize { return rowBytes <= TOUCH_BYTES_MAX ? rowBytes : 1; }

/** Starts fetching a row; the result must be used, or the loads are dropped. */
@inline export function touchRow(row: usize, bytes: usize): u32 {
  let seen: u32 = 0;
  for (let i: usize = 0; i < bytes; i += 64) seen |= load<u32>(row + i);
  return seen;
}
