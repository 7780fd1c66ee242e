/** A thread of an encoder, supervised: when it is lost, whoever waits for it is told. */
import { Model } from '../../assembly/encoder/layout.js';
import { VectileError } from '../errors.js';
import { abortedError } from '../shard/abort.js';
import { unavailable, type WorkerLink } from '../worker/workers.js';
import type { Answer, Request } from './protocol.js';

/** Within which a thread must have started. */
const START_MS = 30_000;

interface Waiting {
  resolve(vectors: Float32Array<ArrayBuffer> | undefined): void;
  reject(cause: Error): void;
}

export class EncoderThread {
  /** Rejected with WORKER_UNAVAILABLE if it cannot be started, and as LocalEncoder.create does. */
  readonly ready: Promise<void>;
  /** Texts whose vectors are not there yet. */
  texts = 0;
  readonly #link: WorkerLink;
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;
  /** What whoever asks is refused with, once it has ended. */
  #refusal: Error | undefined;

  constructor(spawn: () => WorkerLink, model: Uint8Array) {
    try {
      this.#link = spawn();
    } catch (cause) {
      throw unavailable(String(cause), cause);
    }
    this.#link.onLost = (why) => this.#lose(why);
    this.#link.endpoint.addEventListener('message', (event) => this.#answered((event as MessageEvent<Answer>).data));
    this.ready = this.#start(model);
    this.ready.catch(() => {}); // told to whoever awaits it
  }

  get isLost(): boolean { return this.#refusal !== undefined; }

  async embed(texts: readonly string[], signal: AbortSignal | undefined): Promise<Float32Array[]> {
    await this.ready;
    const call = ++this.#calls;
    const abort = () => {
      this.#tell({ kind: 'abort', call });
      this.#settle(call)?.reject(abortedError(signal!));
    };
    this.texts += texts.length;
    try {
      const answer = this.#asked({ kind: 'embed', call, texts }, call);
      signal?.addEventListener('abort', abort);
      if (signal?.aborted) abort();
      const block = (await answer)!;
      return texts.map((_, i) => block.slice(i * Model.Dimensions, (i + 1) * Model.Dimensions));
    } finally {
      signal?.removeEventListener('abort', abort);
      this.texts -= texts.length;
    }
  }

  /** Refuses whoever waits, with `cause`. Resolves when the thread has ended. */
  async end(cause: Error): Promise<void> {
    this.#refusal ??= cause;
    for (const call of [...this.#waiting.keys()]) this.#settle(call)!.reject(cause);
    await this.#link.end();
  }

  async #start(model: Uint8Array): Promise<void> {
    const timer = setTimeout(() => this.#lose(`no answer within ${START_MS} ms`), START_MS);
    try {
      await this.#asked({ kind: 'open', model }, 0);
    } catch (cause) {
      void this.end(cause as Error);
      throw cause instanceof LostError ? unavailable(cause.why, cause) : cause;
    } finally {
      clearTimeout(timer);
    }
  }

  #asked(request: Request, call: number): Promise<Float32Array<ArrayBuffer> | undefined> {
    if (this.#refusal) return Promise.reject(this.#refusal);
    return new Promise((resolve, reject) => {
      this.#link.hold(true);
      this.#waiting.set(call, { resolve, reject });
      this.#tell(request);
    });
  }

  #tell(request: Request): void {
    if (!this.#refusal) this.#link.endpoint.postMessage(request);
  }

  #answered({ call, vectors, error }: Answer): void {
    const waiting = this.#settle(call);
    if (error) waiting?.reject(new VectileError(error.code, error.message));
    else waiting?.resolve(vectors);
  }

  /** Who waits for the answer to a call; undefined if it has been given up. */
  #settle(call: number): Waiting | undefined {
    const waiting = this.#waiting.get(call);
    this.#waiting.delete(call);
    if (!this.#waiting.size) this.#link.hold(false);
    return waiting;
  }

  #lose(why: string): void {
    if (!this.#refusal) void this.end(new LostError(why));
  }
}

class LostError extends VectileError {
  constructor(readonly why: string) {
    super('WORKER_LOST', `worker: expected an answer, got its end (${why})`);
  }
}
