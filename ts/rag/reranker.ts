/** What judges anew how well texts answer a query: a function, or a reranking model of the AI SDK. */
import { VectileError, failed, invalid } from '../errors.js';
import { checkAborted } from '../shard/abort.js';
import { abortable } from './abortable.js';
import { retrying } from './retry.js';

export interface RerankRequest {
  query: string;
  documents: string[];
  signal?: AbortSignal;
}

/** A score of each document, in their order; higher is better. */
export type RerankFunction = (request: RerankRequest) => Promise<ArrayLike<number>> | ArrayLike<number>;

/** A reranking model of the AI SDK. */
export interface RerankingModel {
  readonly specificationVersion: string;
  readonly provider: string;
  readonly modelId: string;
  doRerank(options: { documents: { type: 'text'; values: string[] }; query: string; topN?: number; abortSignal?: AbortSignal }): PromiseLike<{
    ranking: readonly { index: number; relevanceScore: number }[];
  }>;
}

/** A model's call that fails in a way that may pass is repeated up to three times. */
export type Reranker = RerankFunction | RerankingModel;

/** Throws INVALID_ARGUMENT for what is none. */
export function rerankerOf(reranker: Reranker): RerankFunction {
  if (typeof reranker === 'function') return reranker;
  if (typeof reranker !== 'object' || typeof reranker?.doRerank !== 'function') throw invalid('reranker', 'a function, or a reranking model of the AI SDK', reranker);
  return async ({ query, documents, signal }) => {
    const call = { query, documents: { type: 'text' as const, values: documents }, topN: documents.length, ...signal && { abortSignal: signal } };
    const { ranking } = await retrying(() => reranker.doRerank(call), signal);
    // what a model leaves out is worse than all it gives
    const scores = new Array<number>(documents.length).fill(Math.min(0, ...ranking.map(({ relevanceScore }) => relevanceScore)));
    for (const { index, relevanceScore } of ranking) scores[index] = relevanceScore;
    return scores;
  };
}

/** f64[documents.length]. Throws RERANKER_FAILED, ABORTED. */
export async function rerankScores(rerank: RerankFunction, request: RerankRequest): Promise<number[]> {
  const { documents, signal } = request;
  if (!documents.length) return [];
  let scores: ArrayLike<number>;
  try {
    scores = await abortable(signal, rerank(request));
  } catch (cause) {
    checkAborted(signal);
    throw failed('RERANKER_FAILED', 'reranker', cause);
  }
  const isList = Array.isArray(scores) || ArrayBuffer.isView(scores);
  const all = isList ? Array.from(scores) : [];
  if (!isList || all.length !== documents.length || !all.every(Number.isFinite)) {
    const got = !isList ? typeof scores : all.length === documents.length ? `${all.find((score) => !Number.isFinite(score))} among them` : `${all.length}`;
    throw new VectileError('RERANKER_FAILED', `reranker: expected ${documents.length} finite scores, one of each document, got ${got}`);
  }
  return all;
}
