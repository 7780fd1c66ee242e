/** Hits in another order: that of a model which reads them. */
import { VectileError, invalid } from '../errors.js';
import { rerankScores } from '../rag/reranker.js';
import type { ReadHit } from './hits.js';
import type { CollectionHost } from './host.js';
import { decodeProperties } from './properties.js';
import { checkNested, type Rerank } from './query-options.js';
import { refusal } from './refusal.js';

/** Puts hits into another order. Those of equal scores stay in theirs. */
type Reorder = (read: readonly ReadHit[], signal: AbortSignal | undefined) => Promise<readonly ReadHit[]>;

/** Checks the options. `text`: what was searched by. Throws RERANKER_MISSING; the order throws RERANKER_FAILED. */
export function reranking<P extends object>(host: CollectionHost, rerank: Rerank<P>, text: string | undefined): Reorder {
  checkNested('rerank', rerank, ['property', 'query']);
  const { property, query = text } = rerank;
  const schema = host.schema();
  const dataType = schema.properties.find(({ name }) => name === property)?.dataType;
  if (dataType !== 'text' && dataType !== 'text[]') throw refusal('SCHEMA_MISMATCH', 'rerank.property', 'the name of a property of text', property);
  if (typeof query !== 'string' || !query) throw invalid('rerank.query', 'a text', query);
  const { reranker } = host.models();
  if (!reranker) throw new VectileError('RERANKER_MISSING', `collection ${host.name}: expected use(${JSON.stringify(host.name)}, { reranker }), got none`);
  return async (read, signal) => {
    const documents = read.map(({ object }) => {
      const value = decodeProperties<Record<string, unknown>>(schema, object.properties, [property])[property];
      return typeof value === 'string' ? value : Array.isArray(value) ? value.join('\n') : '';
    });
    const scores = await rerankScores(reranker, { query, documents, ...signal && { signal } });
    return read.map((each, i) => ({ ...each, hit: { ...each.hit, rerankScore: scores[i]! } })).sort((a, b) => b.hit.rerankScore - a.hit.rerankScore);
  };
}
