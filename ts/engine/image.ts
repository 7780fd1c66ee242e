/**
 * Images as streams of bytes: written from memory region by region, read back into memory and verified. Where things lie
 * is the core's business (assembly/layout.ts); this file carries bytes and explains what is wrong with them.
 */
import { FORMAT_VERSION, HEADER_BYTES, Header, MAGIC, Region } from '../../assembly/layout.js';
import { VectileError } from '../errors.js';
import type { Core } from './core.js';

/** Bytes handed to a sink at a time. */
const CHUNK_BYTES = 4 << 20;

/** Names of the regions, as in the image; index by `Region`. */
export const REGION_NAMES = ['ids', 'states', 'live', 'twins', 'uppers', 'norms', 'links', 'rows', 'arena'] as const;

/** Reads the header's fields of an index in memory. */
export function field(core: Core, index: number, offset: Header): number {
  return core.u32[(index + offset) >>> 2]!;
}

/** Absolute address of a region. */
export function regionAt(core: Core, index: number, region: Region): number {
  return index + core.u32[(index + Header.Regions + region * 12) >>> 2]!;
}

/** Bytes a region may grow to without moving. */
export function regionCapacity(core: Core, index: number, region: Region): number {
  return core.u32[(index + Header.Regions + region * 12 + 4) >>> 2]!;
}

/**
 * The image as chunks, in order. A chunk is a view of memory and valid until the next is asked for. `staging` is the
 * address of HEADER_BYTES that the header is composed in.
 */
export function* imageChunks(core: Core, index: number, staging: number): Generator<Uint8Array> {
  core.exports.writeImageHeader(index, staging);
  const header = core.u8.slice(staging, staging + HEADER_BYTES);
  yield header;
  const view = new DataView(header.buffer);
  for (let region: Region = 0; region < Region.Count; region++) {
    const bytes = view.getUint32(Header.Regions + region * 12 + 4, true);
    const used = usedBytes(view, region, bytes);
    for (let from = 0; from < used; from += CHUNK_BYTES) {
      const at = regionAt(core, index, region) + from;
      yield core.u8.subarray(at, at + Math.min(CHUNK_BYTES, used - from));
    }
    if (bytes > used) yield new Uint8Array(bytes - used);
  }
}

/** Size of the image in bytes, as its header states. */
export function imageBytes(core: Core, index: number): number {
  return core.exports.imageBytes(index, field(core, index, Header.Extent), field(core, index, Header.ArenaUsed));
}

/** Bytes of a region before the padding. */
function usedBytes(header: DataView, region: Region, bytes: number): number {
  const extent = header.getUint32(Header.Extent, true);
  const m = header.getUint32(Header.MaxConnections, true);
  const perSlot = [4, 1, 0, 4, 4, 4, m * 8, header.getUint32(Header.RowBytes, true), 0][region]!;
  if (!bytes) return 0;
  if (region === Region.Live) return ((extent + 31) >>> 5) * 4;
  return region === Region.Arena ? header.getUint32(Header.ArenaUsed, true) : extent * perSlot;
}

/** Takes an image in chunks of any size and puts it into memory at `index`; `staging` as above. */
export class ImageReader {
  readonly #header = new Uint8Array(HEADER_BYTES);
  #bytes = 0;
  #expected = HEADER_BYTES;

  constructor(readonly core: Core, readonly index: number, readonly staging: number) {}

  push(chunk: Uint8Array): void {
    let from = 0;
    if (this.#bytes < HEADER_BYTES) {
      from = Math.min(HEADER_BYTES - this.#bytes, chunk.length);
      this.#header.set(chunk.subarray(0, from), this.#bytes);
      this.#bytes += from;
      if (this.#bytes < HEADER_BYTES) return;
      this.#expected = this.#openHeader();
    }
    const rest = from ? chunk.subarray(from) : chunk;
    if (this.#bytes + rest.length > this.#expected) throw this.#wrongLength(`${this.#bytes + rest.length} or more`);
    this.core.u8.set(rest, this.index + this.#bytes);
    this.#bytes += rest.length;
  }

  /** Verifies what was read. Only then is the index usable. */
  finish(): void {
    if (this.#bytes < HEADER_BYTES) this.#checkBeginning(this.#bytes);
    if (this.#bytes !== this.#expected) throw this.#wrongLength(String(this.#bytes));
    const region = this.core.exports.checkImage(this.index);
    if (region >= 0) throw new VectileError('IMAGE_CORRUPT', `image: expected region ${REGION_NAMES[region]} as it was written, got other bytes`);
  }

  /** Checks the header, makes room, and returns the size of the image. */
  #openHeader(): number {
    const { core, index, staging } = this;
    this.#checkBeginning(HEADER_BYTES);
    core.ensure(staging + HEADER_BYTES);
    core.u8.set(this.#header, staging);
    const wrong = core.exports.checkImageHeader(staging);
    if (wrong) throw new VectileError('IMAGE_CORRUPT', `image: expected a sound header, got a wrong field at byte ${wrong - 1}`);
    const bytes = field(core, staging, Header.ImageBytes);
    core.ensure(index + bytes);
    core.u8.set(this.#header, index);
    return bytes;
  }

  /** Magic and version, as far as they were read. */
  #checkBeginning(bytes: number): void {
    const view = new DataView(this.#header.buffer);
    const magic = view.getUint32(Header.Magic, true);
    if (bytes >= 4 && magic !== MAGIC) {
      throw new VectileError('IMAGE_FOREIGN', `image: expected magic ${hex(MAGIC)}, got ${hex(magic)}`);
    }
    const version = view.getUint32(Header.Version, true);
    if (bytes >= 8 && version !== FORMAT_VERSION) {
      throw new VectileError('IMAGE_VERSION', `image: expected format version ${FORMAT_VERSION}, got ${version}`);
    }
  }

  #wrongLength(got: string): VectileError {
    return new VectileError('IMAGE_TRUNCATED', `image: expected ${this.#bytes < HEADER_BYTES ? 'at least ' : ''}${this.#expected} bytes, got ${got}`);
  }
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}
