/**
 * The WebAssembly core: which binary, how it is compiled, instantiated and given memory. The only file that says
 * `WebAssembly`. It knows addresses, not what lies there.
 */
import { instantiateSync } from '@assemblyscript/loader';
import { VectileError, invalid } from '../errors.js';
import { withSharedMemory } from './shared-core.js';

export type CoreModule = WebAssembly.Module;
export type CoreMemory = WebAssembly.Memory;

/** The exports of assembly/index.ts. Addresses and counts are u32. */
export interface CoreExports {
  readonly memory: WebAssembly.Memory;
  base(): number;
  create(index: number, type: number, metric: number, dimensions: number, m: number, efConstruction: number, hasIds: number, seed: bigint): void;
  setCodec(index: number, codec: number, fullVectors: number, segments: number, centroids: number, centred: number): void;
  drawModel(index: number, seed: bigint): void;
  encode(index: number, scratch: number, slot: number): void;
  decode(index: number, scratch: number, slot: number): void;
  measureRows(index: number, scratch: number, count: number): number;
  kmeansBytes(count: number, width: number, centroids: number): number;
  kmeansOpen(state: number, points: number, count: number, width: number, centroids: number, seed: number): void;
  kmeansStep(state: number): number;
  kmeansCentroids(state: number): number;
  imageBytes(index: number, slots: number, arenaBytes: number): number;
  arenaBytesPerPut(index: number): number;
  layOut(index: number, slots: number, arenaBytes: number): void;
  clearUnused(index: number): void;
  scratchBytes(index: number, slots: number, width: number): number;
  openScratch(index: number, scratch: number, width: number): void;
  prepare(index: number, scratch: number): number;
  settleRow(index: number, slot: number): number;
  allot(index: number): number;
  put(index: number, scratch: number, slot: number): void;
  remove(index: number, slot: number): void;
  search(index: number, scratch: number, k: number, ef: number, filter: number, strategy: number, cutoff: number, rescore: number, adaptive: number): number;
  repair(index: number, scratch: number, slots: number): number;
  separateTwins(index: number, scratch: number): void;
  writeImageHeader(index: number, out: number, withoutRows: boolean): void;
  usedBytes(index: number, region: number): number;
  checkImageHeader(at: number): number;
  upgradeHeader(at: number): void;
  checkImage(index: number): number;
}

export type CoreFile = 'core.wasm' | 'core-relaxed.wasm';

/** Where the core may come from, in order of preference. */
export interface CoreSource {
  /** Compiled already; for runtimes that compile at build time only. */
  module?: WebAssembly.Module;
  /** Where to fetch the binary, by http or https. */
  url?: string | URL;
  /** Beside `module`: the same core for shared memory, as `loadSharedCore` compiles it; without it, indexes are not shared. */
  sharedModule?: WebAssembly.Module;
}

/** What an entry for a kind of runtime provides: the bytes, a response or a module of one of the two binaries. */
export type CoreProvider = (file: CoreFile) => Promise<BufferSource | Response | WebAssembly.Module>;

const PAGE_BYTES = 65536;
/** Below 4 GiB by a page, so that no end address wraps to 0. */
const PAGES_MAX = 65535;
const MEMORY_BYTES_MAX = PAGES_MAX * PAGE_BYTES;

const ZERO_VECTOR = [0x41, 0x00, 0xfd, 0x0f]; // i32.const 0, i8x16.splat
const DROP = 0x1a;
const SIMD_PROBE = probe([...ZERO_VECTOR, 0xfd, 0x62, DROP]); // i8x16.popcnt
/** Lane 0 of i32x4.relaxed_dot_i8x16_i7x16_add_s(1 …, 2 …, 100 …): 108 */
const RELAXED_PROBE = probe([
  ...splat(1, 0x0f), ...splat(2, 0x0f), ...splat(100, 0x11), 0xfd, 0x93, 0x02, 0xfd, 0x1b, 0x00,
], true);
const RELAXED_ANSWER = 108;

let provider: CoreProvider | undefined;
let source: CoreSource = {};
let compiled: Promise<WebAssembly.Module> | undefined;
let compiledShared: Promise<WebAssembly.Module> | undefined;

/** Called by an entry when it is imported. */
export function provideCore(provide: CoreProvider): void {
  provider = provide;
}

/**
 * Says where the core comes from, before the first index is created. Without it the entry for this runtime knows.
 * Resolves when the core is compiled.
 */
export async function init(from: CoreSource = {}): Promise<void> {
  checkSource(from);
  source = from;
  compiled = undefined;
  compiledShared = undefined;
  await loadCore();
}

function checkSource(from: CoreSource): void {
  if (typeof from !== 'object' || from === null) throw invalid('source', 'an object', from);
  const { module, url, sharedModule } = from;
  if (url !== undefined && typeof url !== 'string' && !(url instanceof URL)) throw invalid('url', 'a string or a URL', url);
  checkModule('module', module, false);
  checkModule('sharedModule', sharedModule, true);
}

function checkModule(argument: string, module: WebAssembly.Module | undefined, shared: boolean): void {
  if (module === undefined) return;
  if (!(module instanceof WebAssembly.Module)) throw invalid(argument, 'a WebAssembly.Module', module);
  const isCore = WebAssembly.Module.exports(module).some(({ name }) => name === 'checkImage');
  if (isCore && importsMemory(module) === shared) return;
  throw new VectileError('CORE_UNAVAILABLE', `${argument}: expected the core of this release${shared ? ' for shared memory' : ''}, got another module`);
}

function importsMemory(module: WebAssembly.Module): boolean {
  return WebAssembly.Module.imports(module).length > 0;
}

/** The compiled core, shared by all indexes; loaded at the first call. A failure is not kept. */
export function loadCore(): Promise<WebAssembly.Module> {
  compiled ??= compile().catch((cause: unknown) => {
    compiled = undefined;
    throw cause;
  });
  return compiled;
}

/**
 * The same core, but for memory that threads share; compiled when it is first asked for. Can be posted to other threads, for
 * `init({ module, sharedModule })`. Throws SHARING_UNSUPPORTED where threads cannot share memory, or where the core came as a
 * module and no `sharedModule` with it.
 */
export function loadSharedCore(): Promise<WebAssembly.Module> {
  compiledShared ??= compileShared().catch((cause: unknown) => {
    compiledShared = undefined;
    throw cause;
  });
  return compiledShared;
}

/** Throws SHARING_UNSUPPORTED unless memory can be shared, and this thread may wait for others. */
export function checkSharing(): void {
  checkSharedMemory();
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
  } catch (cause) {
    throw sharingUnsupported('a thread that may wait for others, as a worker', 'another', cause);
  }
}

function checkSharedMemory(): void {
  if (typeof SharedArrayBuffer === 'undefined') throw sharingUnsupported('SharedArrayBuffer (in browsers: a page that is cross-origin isolated)', 'none');
}

function sharingUnsupported(expected: string, got: string, cause?: unknown): VectileError {
  return new VectileError('SHARING_UNSUPPORTED', `runtime: expected ${expected}, got ${got}`, { cause });
}

async function compileShared(): Promise<WebAssembly.Module> {
  checkSharedMemory();
  if (source.sharedModule) return source.sharedModule;
  const binary = source.module ?? (await loadBinary());
  if (binary instanceof WebAssembly.Module) throw sharingUnsupported('the core as bytes, or compiled for shared memory', 'another module');
  try {
    return await WebAssembly.compile(withSharedMemory(binary, PAGES_MAX));
  } catch (cause) {
    throw sharingUnsupported('WebAssembly with shared memory', 'none', cause);
  }
}

async function compile(): Promise<WebAssembly.Module> {
  if (source.module) return source.module;
  const binary = await loadBinary();
  if (binary instanceof WebAssembly.Module) return binary;
  try {
    return await WebAssembly.compile(binary);
  } catch (cause) {
    throw coreUnavailable(cause);
  }
}

/** The bytes of the binary that suits the runtime, or a module of it where there are none. */
async function loadBinary(): Promise<WebAssembly.Module | BufferSource> {
  if (!WebAssembly.validate(SIMD_PROBE)) {
    throw new VectileError('SIMD_UNSUPPORTED', 'runtime: expected WebAssembly SIMD (Chrome 91, Firefox 89, Safari 16.4 or newer), got none');
  }
  try {
    const found: unknown = source.url ? await fetch(source.url) : await provider!(coreFile());
    // bytes are asked for first: in Node the mere mention of Response loads 40 ms of code
    if (found instanceof WebAssembly.Module || found instanceof ArrayBuffer || ArrayBuffer.isView(found)) return found as WebAssembly.Module | BufferSource;
    return await wasmBytes(found as Response);
  } catch (cause) {
    throw coreUnavailable(cause);
  }
}

function coreFile(): CoreFile {
  return hasRelaxedSimd() ? 'core-relaxed.wasm' : 'core.wasm';
}

function coreUnavailable(cause: unknown): VectileError {
  if (cause instanceof VectileError) return cause;
  return new VectileError('CORE_UNAVAILABLE', `${source.url ?? coreFile()}: expected the WebAssembly core, got ${String(cause)}`, { cause });
}

/** The body of a response, once it is sure to be WebAssembly: servers answer with pages where a file is missing. */
async function wasmBytes(response: Response): Promise<ArrayBuffer> {
  const bytes = await response.arrayBuffer();
  if (response.ok && new DataView(bytes).byteLength >= 4 && new DataView(bytes).getUint32(0) === 0x0061736d) return bytes;
  const type = response.headers.get('content-type') ?? 'unknown type';
  throw new VectileError('CORE_UNAVAILABLE', `${response.url}: expected WebAssembly, got status ${response.status}, ${type}`);
}

/** One instance and its memory. Views are remade when the memory has grown; they must not be kept across a call. */
export class Core {
  readonly exports: CoreExports;
  /** Whether other threads can have the memory, too. */
  readonly isShared: boolean;
  #u8 = new Uint8Array();
  #u32 = new Uint32Array();
  #f32 = new Float32Array();

  /** `memory`: of another thread's instance. Default: one of its own, shared if the module is made for that. */
  constructor(readonly module: WebAssembly.Module, memory?: WebAssembly.Memory) {
    this.isShared = importsMemory(module);
    try {
      const shared = memory ?? (this.isShared ? new WebAssembly.Memory({ initial: 1, maximum: PAGES_MAX, shared: true }) : undefined);
      this.exports = instantiateSync(module, shared && { env: { memory: shared } }).exports as unknown as CoreExports;
    } catch (cause) {
      throw new VectileError('OUT_OF_MEMORY', 'index: expected memory for one more instance, got none', { cause });
    }
  }

  // memory that has grown leaves its former views empty, or `ensure` does
  get u8(): Uint8Array { return this.#u8.length ? this.#u8 : (this.#u8 = new Uint8Array(this.exports.memory.buffer)); }
  get u32(): Uint32Array { return this.#u32.length ? this.#u32 : (this.#u32 = new Uint32Array(this.exports.memory.buffer)); }
  get f32(): Float32Array { return this.#f32.length ? this.#f32 : (this.#f32 = new Float32Array(this.exports.memory.buffer)); }
  get byteLength(): number { return this.exports.memory.buffer.byteLength; }

  /** Makes sure memory reaches up to `end`. Throws INDEX_FULL or OUT_OF_MEMORY, and then nothing has changed. */
  ensure(end: number): void {
    if (end > MEMORY_BYTES_MAX) {
      throw new VectileError('INDEX_FULL', `index: expected at most ${MEMORY_BYTES_MAX} bytes, got ${end}`);
    }
    const missing = end - this.byteLength;
    if (missing <= 0) return;
    try {
      this.exports.memory.grow(Math.ceil(missing / PAGE_BYTES));
    } catch (cause) {
      throw new VectileError('OUT_OF_MEMORY', `index: expected ${end} bytes of memory, got ${this.byteLength}`, { cause });
    }
    this.#forgetViews();
  }

  /** Takes notice that another thread has made the memory grow up to `end`. */
  follow(end: number): void {
    if (this.byteLength < end) this.exports.memory.grow(0); // has the engine look
    this.#forgetViews();
  }

  /** Those of shared memory stay as short as they were. */
  #forgetViews(): void {
    this.#u8 = new Uint8Array();
    this.#u32 = new Uint32Array();
    this.#f32 = new Float32Array();
  }
}

/**
 * Whether relaxed SIMD is there and right: the first compiler of V8 11.3 gets the dot product wrong. Where nothing may be
 * compiled, the entry brings a module of its own.
 */
function hasRelaxedSimd(): boolean {
  if (!WebAssembly.validate(RELAXED_PROBE)) return false;
  try {
    const { f } = new WebAssembly.Instance(new WebAssembly.Module(RELAXED_PROBE)).exports as { f(): number };
    return f() === RELAXED_ANSWER;
  } catch {
    return false;
  }
}

/** i32.const and a splat of it; `value` is below 64, or two bytes of LEB128. */
function splat(value: number, opcode: number): number[] {
  return [0x41, ...(value < 64 ? [value] : [0x80 | (value & 0x7f), value >> 7]), 0xfd, opcode];
}

/** A module that exports one function f: () → (), or () → i32, with these instructions: it is valid where they are known. */
function probe(instructions: number[], hasResult = false): Uint8Array<ArrayBuffer> {
  const body = [0x00, ...instructions, 0x0b];
  const type = hasResult ? [0x60, 0, 1, 0x7f] : [0x60, 0, 0];
  return new Uint8Array([
    0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, // magic, version
    1, type.length + 1, 1, ...type, // one type
    3, 2, 1, 0, // one function of it
    7, 5, 1, 1, 0x66, 0, 0, // exported as f
    10, body.length + 2, 1, body.length, ...body,
  ]);
}
