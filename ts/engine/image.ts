/**
 * Images as streams of bytes: written from memory region by region, read back into memory and verified. Where things lie
 * is the core's business (assembly/layout.ts); this file carries bytes and explains what is wrong with them.
 */
import {
  FORMAT_VERSION_WITHOUT_ROWS as VERSION_MAX, HEADER_BYTES, Header, MAGIC, REGION_ALIGNMENT as ALIGNMENT, REGION_ENTRY_BYTES, Region,
} from '../../assembly/layout.js';
import { VectileError } from '../errors.js';
import type { IndexMemory } from './memory.js';

/** Bytes handed to a sink at a time. */
const CHUNK_BYTES = 4 << 20;

/** Names of the regions, as in the image; index by `Region`. */
export const REGION_NAMES = ['ids', 'states', 'live', 'twins', 'uppers', 'norms', 'links', 'rows', 'arena', 'codes', 'model', 'rowModel'] as const;

/** Bytes of a region in a file, padding included. */
export function regionBytes(memory: IndexMemory, region: Region): number {
  return Math.ceil(memory.core.exports.usedBytes(memory.index, region) / ALIGNMENT) * ALIGNMENT;
}

/** The image as chunks, in order. A chunk is a view of memory and valid until the next is asked for. */
export function* imageChunks(memory: IndexMemory, withoutRows: boolean): Generator<Uint8Array> {
  const { core, index, staging } = memory;
  core.exports.writeImageHeader(index, staging, withoutRows);
  yield core.u8.subarray(staging, staging + HEADER_BYTES);
  for (let region: Region = 0; region < Region.Count; region++) {
    if (withoutRows && region === Region.Rows) continue;
    const used = core.exports.usedBytes(index, region);
    for (let from = 0; from < used; from += CHUNK_BYTES) {
      const at = memory.region(region) + from;
      yield core.u8.subarray(at, at + Math.min(CHUNK_BYTES, used - from));
    }
    if (used % ALIGNMENT) yield new Uint8Array(ALIGNMENT - (used % ALIGNMENT));
  }
}

/** Takes an image in chunks of any size and puts it into memory. */
export class ImageReader {
  readonly #memory: IndexMemory;
  readonly #header = new Uint8Array(HEADER_BYTES);
  #bytes = 0;
  #expected = HEADER_BYTES;
  #gapAt = 0; // where the file leaves rows out
  #gap = 0; // and their bytes in memory; 0 if it has them

  constructor(memory: IndexMemory) {
    this.#memory = memory;
  }

  push(chunk: Uint8Array): void {
    if (this.#bytes >= HEADER_BYTES) return this.#pushBody(chunk);
    const head = chunk.subarray(0, HEADER_BYTES - this.#bytes);
    this.#header.set(head, this.#bytes);
    this.#bytes += head.length;
    if (this.#bytes < HEADER_BYTES) return;
    this.#expected = this.#openHeader();
    this.#pushBody(chunk.subarray(head.length));
  }

  /** Verifies what was read. Only then is the index usable. */
  finish(): void {
    if (this.#bytes < HEADER_BYTES) this.#checkBeginning();
    if (this.#bytes !== this.#expected) throw this.#wrongLength(String(this.#bytes));
    const region = this.#memory.core.exports.checkImage(this.#memory.index);
    if (region >= 0) throw new VectileError('IMAGE_CORRUPT', `image: expected region ${REGION_NAMES[region]} as it was written, got other bytes`);
  }

  #pushBody(chunk: Uint8Array): void {
    if (this.#bytes + chunk.length > this.#expected) throw this.#wrongLength(`${this.#bytes + chunk.length} or more`);
    const { core, index } = this.#memory;
    const at = index + this.#bytes;
    const before = chunk.subarray(0, Math.max(0, this.#gapAt - this.#bytes));
    core.u8.set(before, at);
    core.u8.set(chunk.subarray(before.length), at + before.length + this.#gap);
    this.#bytes += chunk.length;
  }

  /** Checks the header, makes room, and returns the size of the image. */
  #openHeader(): number {
    this.#checkBeginning();
    const { core, index, staging } = this.#memory;
    core.u8.set(this.#header, staging);
    const wrong = core.exports.checkImageHeader(staging);
    if (wrong) throw new VectileError('IMAGE_CORRUPT', `image: expected a sound header, got a wrong field at byte ${wrong - 1}`);
    const field = (offset: Header): number => core.u32[(staging + offset) >>> 2]!;
    const bytes = field(Header.ImageBytes);
    this.#gap = core.exports.imageBytes(staging, field(Header.Extent), field(Header.ArenaUsed)) - bytes;
    this.#gapAt = field(Header.Regions + Region.Rows * REGION_ENTRY_BYTES);
    core.ensure(index + bytes + this.#gap);
    core.exports.upgradeHeader(staging);
    core.u8.copyWithin(index, staging, staging + HEADER_BYTES);
    return bytes;
  }

  /** Magic and version, as far as they were read. */
  #checkBeginning(): void {
    const view = new DataView(this.#header.buffer);
    const magic = view.getUint32(Header.Magic, true);
    if (this.#bytes >= 4 && magic !== MAGIC) {
      throw new VectileError('IMAGE_FOREIGN', `image: expected magic ${hex(MAGIC)}, got ${hex(magic)}`);
    }
    const version = view.getUint32(Header.Version, true);
    if (this.#bytes >= 8 && !(version >= 1 && version <= VERSION_MAX)) {
      throw new VectileError('IMAGE_VERSION', `image: expected format version 1 to ${VERSION_MAX}, got ${version}`);
    }
  }

  #wrongLength(got: string): VectileError {
    const least = this.#bytes < HEADER_BYTES ? 'at least ' : '';
    return new VectileError('IMAGE_TRUNCATED', `image: expected ${least}${this.#expected} bytes, got ${got}`);
  }
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}
