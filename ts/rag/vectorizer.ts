/** What makes vectors of texts: a function, a function with a name, or an embedding model of the AI SDK. */
import { VectileError, invalid } from '../errors.js';
import { retrying, type RetryOptions } from './retry.js';

/** Texts handed to a vectorizer at a time. */
export const TEXTS_MAX = 64;

/** What becomes of at most 64 texts: one vector each, in their order. */
export type EmbedFunction = (
  texts: string[], options: { signal?: AbortSignal },
) => Promise<readonly ArrayLike<number>[]> | readonly ArrayLike<number>[];

export interface NamedVectorizer {
  /** Of the model, by which a collection remembers it: vectors of two models do not fit each other. 1 … 255 characters. */
  name: string;
  embed: EmbedFunction;
}

/** An embedding model of the AI SDK, of its specification v2, v3 or v4. */
export interface EmbeddingModel {
  readonly specificationVersion: string;
  readonly provider: string;
  readonly modelId: string;
  readonly maxEmbeddingsPerCall: PromiseLike<number | undefined> | number | undefined;
  readonly supportsParallelCalls: PromiseLike<boolean> | boolean;
  doEmbed(options: { values: string[]; abortSignal?: AbortSignal }): PromiseLike<{ embeddings: readonly (readonly number[])[] }>;
}

/** A call that fails in a way that may pass, by a full server or none, is repeated up to three times. */
export type Vectorizer = EmbedFunction | NamedVectorizer | EmbeddingModel;

/** As a collection holds it. */
export interface HeldVectorizer {
  /** `provider/modelId` of a model; functions have none. */
  readonly name: string | undefined;
  readonly embed: EmbedFunction;
}

/** Calls of one model at a time, if it lets itself be called while it is at work. */
const CALLS_MAX = 4;

/** Throws INVALID_ARGUMENT for what is none. */
export function vectorizerOf(vectorizer: Vectorizer): HeldVectorizer {
  if (typeof vectorizer === 'function') return { name: undefined, embed: repeated(vectorizer) };
  if (typeof vectorizer === 'object' && vectorizer !== null) {
    if ('doEmbed' in vectorizer && typeof vectorizer.doEmbed === 'function') return ofModel(vectorizer, {});
    if ('embed' in vectorizer && typeof vectorizer.embed === 'function') {
      const { name, embed } = vectorizer;
      if (typeof name !== 'string' || !name || name.length > 255) throw invalid('vectorizer.name', 'a text of 1 to 255 characters', name);
      return { name, embed: repeated((texts, options) => embed.call(vectorizer, texts, options)) };
    }
  }
  throw invalid('vectorizer', 'a function, { name, embed }, or an embedding model of the AI SDK', vectorizer);
}

export function ofModel(model: EmbeddingModel, retry: RetryOptions): HeldVectorizer {
  return {
    name: `${model.provider}/${model.modelId}`,
    async embed(texts, { signal }) {
      const [most, isParallel] = await Promise.all([model.maxEmbeddingsPerCall, model.supportsParallelCalls]);
      const size = most === undefined ? texts.length : Math.max(1, Math.min(most, texts.length));
      const parts: string[][] = [];
      for (let from = 0; from < texts.length; from += size) parts.push(texts.slice(from, from + size));
      const vectors: (readonly number[])[][] = [];
      let isFailed = false;
      const one = async (): Promise<void> => {
        for (let number = vectors.length; number < parts.length && !isFailed; number = vectors.length) {
          const values = parts[number]!;
          vectors[number] = []; // taken
          const { embeddings } = await retrying(() => model.doEmbed({ values, ...signal && { abortSignal: signal } }), signal, retry);
          if (embeddings.length !== values.length) throw new VectileError('VECTORIZER_FAILED', `vectorizer: expected a vector for each of ${values.length} texts, got ${embeddings.length}`);
          vectors[number] = [...embeddings];
        }
      };
      try {
        await Promise.all(Array.from({ length: isParallel ? CALLS_MAX : 1 }, one));
      } catch (cause) {
        isFailed = true; // the others need not be asked any more
        throw cause;
      }
      return vectors.flat();
    },
  };
}

function repeated(embed: EmbedFunction): EmbedFunction {
  return (texts, options) => retrying(() => embed(texts, options), options.signal);
}
