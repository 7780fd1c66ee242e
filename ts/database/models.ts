/** What a collection is given that is not stored: models, or functions in their place. */
import { generatorOf, type GenerateFunction, type Generator } from '../rag/generator.js';
import { rerankerOf, type RerankFunction, type Reranker } from '../rag/reranker.js';
import { vectorizerOf, type HeldVectorizer, type Vectorizer } from '../rag/vectorizer.js';

export interface ModelOptions {
  /** Null: there shall be none. */
  vectorizer?: Vectorizer | null;
  generator?: Generator;
  reranker?: Reranker;
}

export interface Models {
  readonly vectorizer?: HeldVectorizer | null;
  readonly generator?: GenerateFunction;
  readonly reranker?: RerankFunction;
}

export const MODEL_OPTIONS = ['vectorizer', 'generator', 'reranker'] as const;

/** Those that are given. Throws INVALID_ARGUMENT for what is none. */
export function modelsOf({ vectorizer, generator, reranker }: ModelOptions): Models {
  return {
    ...vectorizer !== undefined && { vectorizer: vectorizer && vectorizerOf(vectorizer) },
    ...generator !== undefined && { generator: generatorOf(generator) },
    ...reranker !== undefined && { reranker: rerankerOf(reranker) },
  };
}
