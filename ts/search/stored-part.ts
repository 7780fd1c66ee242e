/**
 * A part and where its sections are: in memory only, in a file only, or in both. Only what is in a file can be evicted.
 * It reads and checks sections; it does not know why they are wanted.
 */
import { VectileError } from '../errors.js';
import { checkSection, decodeHead, encodePartFile, headBytesOf, PREFACE_BYTES, type Checksum, type FileInfo, type SectionPlace } from './part-file.js';
import { SectionedPart, type Sections } from './part.js';
import type { CachedSection, SectionCache } from './section-cache.js';
import type { SectionName } from './types.js';

/** Reads exactly that many bytes, at once or later. */
export interface FileReader {
  read(name: string, offset: number, bytes: number): Uint8Array | Promise<Uint8Array>;
}

export interface PartFile extends FileInfo {
  /** Objects of the part, stale ones included. */
  readonly count: number;
}

export interface PartHost {
  readonly cache: SectionCache;
  readonly reader: FileReader;
  readonly checksum: Checksum;
}

/** A part as of a snapshot, whatever becomes of it in the index. */
export interface FrozenPart {
  readonly count: number;
  /** Where it is; undefined if it is still to be written. */
  readonly file: PartFile | undefined;
  /** What is to be written. */
  encode(): Uint8Array[];
  /** Its sections may be evicted from now on, and are read from that file, which must stay while a snapshot names it. */
  written(file: FileInfo): void;
}

/** As much as most heads have, and small parts in all. */
const FIRST_READ_BYTES = 4096;

export class StoredPart implements FrozenPart {
  readonly part: SectionedPart;
  /** In the table of slots. */
  readonly number: number;
  /** Of all sections. */
  readonly bytes: number;
  readonly #host: PartHost;
  readonly #sections: ReadonlyMap<string, Section>;
  #file: PartFile | undefined;
  /** Of the file it was encoded to. */
  #head: Uint8Array | undefined;
  #isDropped = false;

  private constructor(host: PartHost, number: number, sections: readonly Section[], file?: PartFile) {
    this.#host = host;
    this.number = number;
    this.#sections = new Map(sections.map((section) => [section.name, section]));
    this.#file = file;
    this.bytes = sections.reduce((sum, { bytes }) => sum + bytes, 0);
    const names = sections.map(({ name }) => name).filter((name) => name !== SLOTS) as SectionName[];
    this.part = new SectionedPart((name) => this.#sections.get(name)?.content(), names);
    for (const section of sections) section.owner = this;
    if (!file) host.cache.hold(this.#sectionBytes());
  }

  static of(host: PartHost, number: number, sections: Sections): StoredPart {
    return new StoredPart(host, number, [...sections].map(([name, bytes]) => new Section(name, bytes.length, bytes)));
  }

  /** Reads no more than head and slots. */
  static async open(host: PartHost, number: number, file: PartFile): Promise<StoredPart> {
    const { reader, checksum } = host;
    let first: Uint8Array = await reader.read(file.name, 0, Math.min(FIRST_READ_BYTES, file.bytes));
    const headBytes = headBytesOf(first, file, checksum);
    if (headBytes > first.length) first = await reader.read(file.name, 0, headBytes);
    const sections = decodeHead(first, file, checksum).map((place) => new Section(place.name, place.bytes, undefined, place));
    const slots = sections.find(({ name }) => name === SLOTS);
    if (slots?.bytes !== file.count * 4) {
      throw new VectileError('STORAGE_CORRUPT', `${file.name}, byte ${PREFACE_BYTES}: expected ${file.count} slots, got ${(slots?.bytes ?? 0) / 4}`);
    }
    const { offset, bytes } = slots.place!;
    const read = offset + bytes <= first.length ? first.slice(offset, offset + bytes) : await reader.read(file.name, offset, bytes);
    slots.data = checkSection(read, slots.place!, file.name, checksum);
    return new StoredPart(host, number, sections, file);
  }

  get count(): number { return this.part.slots.length; }
  get staleCount(): number { return this.part.staleCount; }
  get file(): PartFile | undefined { return this.#file; }

  /** Of sections in memory; slots, which always are, are not counted. */
  get residentBytes(): number { return this.#sectionBytes(({ data }) => data !== undefined); }

  pin(names: readonly SectionName[]): void {
    for (const name of names) {
      const section = this.#sections.get(name);
      if (section) section.pins++;
    }
  }

  unpin(names: readonly SectionName[]): void {
    for (const name of names) {
      const section = this.#sections.get(name);
      if (section) section.pins--;
    }
  }

  /** Brings sections into memory, which must be pinned; pushes what is to be awaited. Not once the part was dropped. */
  load(names: readonly SectionName[], waits: Promise<void>[]): void {
    for (const name of names) {
      const section = this.#sections.get(name);
      if (!section) continue;
      if (section.data) {
        if (this.#file) this.#host.cache.use(section);
        continue;
      }
      const wait = section.loading ?? this.#read(section);
      if (wait) waits.push(wait);
    }
  }

  encode(): Uint8Array[] {
    const chunks = encodePartFile(new Map([...this.#sections.values()].map(({ name, data }) => [name, data!])), this.#host.checksum);
    this.#head = chunks[0];
    return chunks;
  }

  written(file: FileInfo): void {
    const places = new Map(decodeHead(this.#head!, file, this.#host.checksum).map((place) => [place.name, place]));
    this.#head = undefined;
    for (const section of this.#sections.values()) section.place = places.get(section.name);
    this.#file = { name: file.name, bytes: file.bytes, count: this.count };
    if (this.#isDropped) return;
    this.#host.cache.hold(-this.#sectionBytes());
    for (const section of this.#sections.values()) if (section.name !== SLOTS) this.#host.cache.use(section);
  }

  /** Takes the part's sections out of the cache's account. Who holds a view keeps it. */
  drop(): void {
    if (!this.#file) this.#host.cache.hold(-this.#sectionBytes());
    for (const section of this.#sections.values()) this.#host.cache.forget(section);
    this.#isDropped = true;
  }

  #read(section: Section): Promise<void> | undefined {
    const { cache, checksum, reader } = this.#host;
    const { name } = this.#file!;
    const place = section.place!;
    const arrived = (bytes: Uint8Array) => {
      section.data = checkSection(bytes, place, name, checksum);
      if (!this.#isDropped) cache.use(section);
    };
    const read = reader.read(name, place.offset, place.bytes);
    if (read instanceof Uint8Array) return arrived(read) as undefined;
    return section.loading = read.then(arrived).finally(() => { section.loading = undefined; });
  }

  #sectionBytes(isCounted = (_: Section) => true): number {
    let sum = 0;
    for (const section of this.#sections.values()) if (section.name !== SLOTS && isCounted(section)) sum += section.bytes;
    return sum;
  }
}

const SLOTS = 'slots';

class Section implements CachedSection {
  owner: StoredPart | undefined;
  pins = 0;
  loading: Promise<void> | undefined;

  constructor(readonly name: string, readonly bytes: number, public data: Uint8Array | undefined, public place?: SectionPlace) {}

  content(): Uint8Array {
    if (!this.data) throw new Error(`${this.name}: expected to have been loaded`);
    return this.data;
  }

  evict(): void {
    this.data = undefined;
    this.owner!.part.drop(this.name as SectionName);
  }
}
