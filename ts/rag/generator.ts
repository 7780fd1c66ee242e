/** What makes a text of objects: a function, or a language model of the AI SDK. */
import { VectileError, describe, failed, invalid } from '../errors.js';
import { checkAborted } from '../shard/abort.js';
import { abortable } from './abortable.js';
import { retrying, type RetryOptions } from './retry.js';

/** An object that a text is to be made of. */
export interface GenerateObject {
  id: string;
  /** Those of `groupedProperties`; of a `singlePrompt` those it names. */
  properties: Record<string, unknown>;
}

export interface GenerateRequest {
  /** Of all objects, a `groupedTask`, or of one, a `singlePrompt`. */
  kind: 'grouped' | 'single';
  /** The whole text for a language model: what to do, and of a `groupedTask` the objects, as `[1] …`, with the wish to be cited like that. */
  prompt: string;
  /** `groupedTask`, or `singlePrompt`, as the caller has written it. */
  task: string;
  /** The text that was searched by, if there was one. */
  query: string | undefined;
  /** In the order of their numbers in the prompt, from 1; of a `singlePrompt` the one it is asked for. */
  objects: readonly GenerateObject[];
  /** Vectors of any number of texts by the collection's vectorizer; undefined if it has none. */
  embed: ((texts: string[]) => Promise<readonly ArrayLike<number>[]>) | undefined;
  /** Aborted when nobody waits for the text any more. */
  signal: AbortSignal;
}

/** The text at once, or piece by piece. */
export type GenerateFunction = (request: GenerateRequest) => AsyncIterable<string> | Promise<AsyncIterable<string> | string> | string;

/** A language model of the AI SDK, of its specification v2, v3 or v4. */
export interface LanguageModel {
  readonly specificationVersion: string;
  readonly provider: string;
  readonly modelId: string;
  doGenerate(options: LanguageModelCall): PromiseLike<{ content: readonly { type: string }[] }>;
  doStream(options: LanguageModelCall): PromiseLike<{ stream: ReadableStream<{ type: string }> }>;
}

export interface LanguageModelCall {
  prompt: LanguageModelMessage[];
  abortSignal?: AbortSignal;
}

export type LanguageModelMessage = { role: 'system'; content: string } | { role: 'user'; content: { type: 'text'; text: string }[] };

/** A model's call that fails before its text begins, in a way that may pass, is repeated up to three times. */
export type Generator = GenerateFunction | LanguageModel;

/** Throws INVALID_ARGUMENT for what is none. */
export function generatorOf(generator: Generator): GenerateFunction {
  if (typeof generator === 'function') return generator;
  if (isLanguageModel(generator)) return ofModel(generator, { retry: {} });
  throw invalid('generator', 'a function, or a language model of the AI SDK', generator);
}

export function isLanguageModel(value: unknown): value is LanguageModel {
  return typeof value === 'object' && value !== null && 'doStream' in value && typeof value.doStream === 'function';
}

export function ofModel(model: LanguageModel, { system, settings, retry }: { system?: string | undefined; settings?: object | undefined; retry: RetryOptions }): GenerateFunction {
  return async function* ({ prompt, signal }) {
    const messages: LanguageModelMessage[] = [...system === undefined ? [] : [{ role: 'system' as const, content: system }], { role: 'user', content: [{ type: 'text', text: prompt }] }];
    const { stream } = await retrying(() => model.doStream({ ...settings, prompt: messages, abortSignal: signal }), signal, retry);
    const reader = stream.getReader();
    const leave = () => void reader.cancel().catch(() => {});
    signal.addEventListener('abort', leave); // a model need not listen to its signal
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        const { type, delta, error } = value as { type: string; delta?: string; error?: unknown };
        if (type === 'error') throw error;
        if (type === 'text-delta' && delta !== undefined) yield delta;
      }
    } finally {
      signal.removeEventListener('abort', leave);
      leave();
    }
  };
}

/** What a generator makes, piece by piece. Throws GENERATOR_FAILED; and ABORTED at once, even if the generator does not listen. */
export async function* piecesOf(generator: GenerateFunction, request: GenerateRequest): AsyncGenerator<string, void, undefined> {
  const { signal } = request;
  let iterator: AsyncIterator<string> | undefined;
  try {
    const made: unknown = await abortable(signal, generator(request));
    if (typeof made === 'string') {
      if (made) yield made;
      return;
    }
    if (typeof made !== 'object' || made === null || !(Symbol.asyncIterator in made)) throw notText(made);
    iterator = (made as AsyncIterable<string>)[Symbol.asyncIterator]();
    for (;;) {
      const { done, value } = await abortable(signal, iterator.next());
      if (done) {
        iterator = undefined;
        return;
      }
      if (typeof value !== 'string') throw notText(value);
      if (value) yield value;
    }
  } catch (cause) {
    checkAborted(signal);
    if (cause instanceof VectileError && cause.code === 'GENERATOR_FAILED') throw cause;
    throw failed('GENERATOR_FAILED', 'generator', cause);
  } finally {
    // one that waits for something else cannot end before that comes
    void (async () => iterator?.return?.())().catch(() => {});
  }
}

function notText(got: unknown): VectileError {
  return new VectileError('GENERATOR_FAILED', `generator: expected a text, or an async iterable of texts, got ${describe(got)}`);
}
