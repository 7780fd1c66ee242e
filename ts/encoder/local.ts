/** The encoder in this thread. */
import { Batch, Model } from '../../assembly/encoder/layout.js';
import { checkAborted } from '../shard/abort.js';
import { pause } from '../shard/pause.js';
import { EncoderCore, type CoreSource } from './core.js';
import { readModelFile } from './model-file.js';
import { Tokenizer } from './tokenizer.js';

export class LocalEncoder {
  readonly #core: EncoderCore;
  readonly #tokenizer: Tokenizer;

  private constructor(core: EncoderCore, tokenizer: Tokenizer) {
    this.#core = core;
    this.#tokenizer = tokenizer;
  }

  /** Throws as readModelFile and EncoderCore.create do. */
  static async create(source: CoreSource, model: Uint8Array): Promise<LocalEncoder> {
    const file = readModelFile(model);
    return new LocalEncoder(await EncoderCore.create(source, file), new Tokenizer(file.pieces, file.scores));
  }

  /** Gives everything else its turn after each batch, some 5 to 20 ms. None of the texts is empty. */
  async embed(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[]> {
    const vectors: Float32Array[] = [];
    let batch: number[][] = [], tokens = 0;
    const encode = async () => {
      for (const vector of this.#core.encode(batch)) vectors.push(vector);
      batch = [];
      tokens = 0;
      if (vectors.length < texts.length) await pause();
      checkAborted(signal);
    };
    for (const text of texts) {
      const clipped = this.#tokenizer.encode(text).slice(0, Model.TokensMax);
      if (tokens + clipped.length > Batch.Tokens) await encode();
      batch.push(clipped);
      tokens += clipped.length;
    }
    if (batch.length) await encode();
    return vectors;
  }

  close(): void {} // its memory goes with it
}
