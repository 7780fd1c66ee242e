/**
 * The section of a property's coordinates, ascending by latitude, then longitude, then ordinal.
 *
 *   latitudes f64, longitudes f64, ordinals u32
 */
import { Columns, packColumns } from './section.js';
import type { Places } from './types.js';

/** Undefined if there are none. */
export function* writePlaces(places: Places): Generator<void, Uint8Array | undefined> {
  const { latitudes, longitudes, ordinals } = places;
  return ordinals.length === 0 ? undefined : yield* packColumns([latitudes, longitudes, ordinals]);
}

export class PlacesSection implements Places {
  readonly latitudes: Float64Array;
  readonly longitudes: Float64Array;
  readonly ordinals: Uint32Array;

  constructor(section: Uint8Array) {
    const columns = new Columns(section);
    this.latitudes = columns.f64(0);
    this.longitudes = columns.f64(1);
    this.ordinals = columns.u32(2);
  }
}

/** Whether place i of the first is before place j of the second, their ordinals being these. */
export function isBefore(x: Places, i: number, xOrdinal: number, y: Places, j: number, yOrdinal: number): boolean {
  const latitude = x.latitudes[i]! - y.latitudes[j]!;
  if (latitude !== 0) return latitude < 0;
  const longitude = x.longitudes[i]! - y.longitudes[j]!;
  return longitude !== 0 ? longitude < 0 : xOrdinal < yOrdinal;
}
