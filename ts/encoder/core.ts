/** The encoder's core: one instance, its memory, the model in it. The only file of the encoder that says `WebAssembly`. */
import { Batch, Model, Place, WeightKind } from '../../assembly/encoder/layout.js';
import { VectileError } from '../errors.js';
import type { ModelFile } from './model-file.js';

/** Bytes, or compiled. */
export type CoreSource = BufferSource | WebAssembly.Module;

const PAGE_BYTES = 65536;

/** The exports of assembly/encoder/index.ts. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  encode(texts: number, vocabulary: number, kind: WeightKind): number;
}

export class EncoderCore {
  readonly #exports: Exports;
  readonly #vocabulary: number;
  readonly #kind: WeightKind;

  private constructor(exports: Exports, { kind, pieces, frequencies, weights }: ModelFile) {
    this.#exports = exports;
    this.#vocabulary = pieces.length;
    this.#kind = kind;
    try {
      exports.memory.grow(Math.ceil((Place.Weights + weights.length) / PAGE_BYTES) - exports.memory.buffer.byteLength / PAGE_BYTES);
    } catch (cause) {
      throw new VectileError('OUT_OF_MEMORY', `model: expected ${Place.Weights + weights.length} bytes of memory, got none`, { cause });
    }
    new Uint8Array(exports.memory.buffer, Place.Weights).set(weights);
    writeTiming(new Float32Array(exports.memory.buffer, Place.Timing, Model.TokensMax * Model.Width0), frequencies);
  }

  /** Throws CORE_UNAVAILABLE, OUT_OF_MEMORY. */
  static async create(source: CoreSource, model: ModelFile): Promise<EncoderCore> {
    let instance: WebAssembly.Instance;
    try {
      instance = await WebAssembly.instantiate(source instanceof WebAssembly.Module ? source : await WebAssembly.compile(source));
    } catch (cause) {
      throw new VectileError('CORE_UNAVAILABLE', `encoder: expected WebAssembly with SIMD, got ${String(cause)}`, { cause });
    }
    return new EncoderCore(instance.exports as unknown as Exports, model);
  }

  /** Texts as tokens, Batch.Tokens in all at most and at least one each. A vector of unit length for each text. */
  encode(texts: readonly (readonly number[])[]): Float32Array[] {
    const { buffer } = this.#exports.memory;
    new Uint32Array(buffer, Place.Counts, Batch.Tokens).set(texts.map(({ length }) => length));
    new Uint32Array(buffer, Place.Ids, Batch.Tokens).set(texts.flat());
    this.#exports.encode(texts.length, this.#vocabulary, this.#kind);
    const { Dimensions } = Model;
    const vectors = new Float32Array(buffer, Place.Vectors, texts.length * Dimensions);
    return texts.map((_, i) => vectors.slice(i * Dimensions, (i + 1) * Dimensions));
  }
}

/** For each place in a text the sines of its multiples of all frequencies, then the cosines. */
function writeTiming(timing: Float32Array, frequencies: Float32Array): void {
  for (let place = 0; place < Model.TokensMax; place++) {
    const row = timing.subarray(place * Model.Width0, (place + 1) * Model.Width0);
    frequencies.forEach((frequency, i) => {
      const angle = Math.fround(place * frequency);
      row[i] = Math.sin(angle);
      row[frequencies.length + i] = Math.cos(angle);
    });
  }
}
