/** A sentence encoder, with its work in threads or in this one. */
import { Model } from '../../assembly/encoder/layout.js';
import { VectileError, invalid } from '../errors.js';
import { checkAborted } from '../shard/abort.js';
import { unavailable, type WorkerLink } from '../worker/workers.js';
import { bodyOf, readBytes } from './read.js';
import { runtimeHere } from './runtime.js';
import { EncoderThread } from './thread.js';

export interface EncoderOptions {
  /**
   * The file that `convertModel` makes: its bytes, where it is (in Node a path, too), or the response that brings it. Bytes must not
   * change as long as the encoder is in use.
   */
  model: ArrayBuffer | Uint8Array | string | URL | Response;
  /**
   * Worker threads, each with the model in its memory (7 MB with weights of int8, 28 MB with f32, and 4 MB to work with). 0: none, the work is done in
   * the calling thread, in slices of some 20 ms. Default 1, and 0 where there are no threads.
   */
  threads?: number;
}

/** Makes vectors of texts. What `collections.use(name, { vectorizer })` takes is its `embed`. */
export interface Encoder {
  readonly name: 'universal-sentence-encoder-lite-en';
  /** Of each vector. */
  readonly dimensions: 512;
  /**
   * A vector of unit length for each text, in the same order: the cosine of two is their dot product. Of a text, the first 128 tokens count, some 100
   * words. Calls that overlap take turns.
   * @throws INVALID_ARGUMENT a text is empty; ABORTED; CLOSED; WORKER_LOST the thread has ended (the next call starts another one)
   */
  readonly embed: (texts: readonly string[], options?: { signal?: AbortSignal }) => Promise<Float32Array[]>;
  /** Ends the threads; calls that wait are refused with CLOSED. */
  readonly close: () => Promise<void>;
}

/** What embeds: a thread, all of them, or the encoder itself. */
interface Embedder {
  embed(texts: readonly string[], signal: AbortSignal | undefined): Promise<Float32Array[]>;
  close(): Promise<void> | void;
}

/** Texts that are worth a thread of their own. */
const TEXTS_PER_THREAD = 16;
const THREADS_MAX = 64;

/**
 * Universal Sentence Encoder lite, English; resolves when the model is loaded. See docs/encoder.md for how to come by the file.
 * @throws MODEL_UNAVAILABLE, MODEL_FOREIGN, MODEL_VERSION, MODEL_CORRUPT the file is missing, or not what it should be;
 * WORKER_UNAVAILABLE; INVALID_ARGUMENT
 * @example
 * const { embed, close } = await encoder({ model: 'model.venc' });
 * const [a, b] = await embed(['Where is my parcel?', 'My order has not arrived']);
 */
export async function encoder(options: EncoderOptions): Promise<Encoder> {
  if (typeof options !== 'object' || options === null) throw invalid('options', 'an object', options);
  const { spawn } = runtimeHere();
  const { model, threads = spawn ? 1 : 0 } = options;
  if (!Number.isInteger(threads) || threads < 0 || threads > THREADS_MAX) throw invalid('threads', `an integer from 0 to ${THREADS_MAX}`, threads);
  if (threads > 0 && !spawn) throw unavailable('a runtime without threads', undefined);
  const bytes = await bytesOf(model);
  const embedder: Embedder = threads > 0 ? await Threads.start(threads, spawn!, bytes) : await here(bytes);
  let isClosed = false;
  return {
    name: 'universal-sentence-encoder-lite-en',
    dimensions: Model.Dimensions,
    embed: async (texts, { signal } = {}) => {
      checkTexts(texts);
      if (isClosed) throw closedError();
      checkAborted(signal);
      return texts.length ? embedder.embed([...texts], signal) : [];
    },
    close: async () => {
      isClosed = true;
      await embedder.close();
    },
  };
}

async function here(model: Uint8Array): Promise<Embedder> {
  const [core, { LocalEncoder }] = await Promise.all([runtimeHere().core(), import('./local.js')]);
  return LocalEncoder.create(core, model);
}

class Threads implements Embedder {
  readonly #threads: EncoderThread[];
  readonly #another: () => EncoderThread;

  private constructor(count: number, another: () => EncoderThread) {
    this.#another = another;
    this.#threads = Array.from({ length: count }, another);
  }

  static async start(count: number, spawn: () => WorkerLink, model: Uint8Array): Promise<Threads> {
    const threads = new Threads(count, () => new EncoderThread(spawn, model));
    try {
      await Promise.all(threads.#threads.map(({ ready }) => ready));
      return threads;
    } catch (cause) {
      await threads.close();
      throw cause;
    }
  }

  async embed(texts: readonly string[], signal: AbortSignal | undefined): Promise<Float32Array[]> {
    const parts = Math.min(this.#threads.length, Math.ceil(texts.length / TEXTS_PER_THREAD));
    const size = Math.ceil(texts.length / parts);
    const vectors = await Promise.all(Array.from({ length: parts }, (_, i) => this.#freest().embed(texts.slice(i * size, (i + 1) * size), signal)));
    return vectors.flat();
  }

  async close(): Promise<void> { await Promise.all(this.#threads.map((thread) => thread.end(closedError()))); }

  #freest(): EncoderThread {
    this.#threads.forEach((thread, i) => { if (thread.isLost) this.#threads[i] = this.#another(); });
    return this.#threads.reduce((least, each) => (each.texts < least.texts ? each : least));
  }
}

async function bytesOf(model: EncoderOptions['model']): Promise<Uint8Array> {
  if (model instanceof Uint8Array) return model;
  if (model instanceof ArrayBuffer) return new Uint8Array(model);
  if (typeof model === 'string' || model instanceof URL) return readBytes('model', model);
  if (typeof Response !== 'undefined' && model instanceof Response) return bodyOf('model', model);
  throw invalid('model', 'bytes, a URL or a Response', model);
}

function checkTexts(texts: readonly string[]): void {
  if (!Array.isArray(texts)) throw invalid('texts', 'an array of strings', texts);
  for (let i = 0; i < texts.length; i++) {
    if (typeof texts[i] !== 'string' || texts[i] === '') throw invalid(`texts[${i}]`, 'a string of at least one character', texts[i]);
  }
}

const closedError = () => new VectileError('CLOSED', 'encoder: expected one in use, got one closed');
