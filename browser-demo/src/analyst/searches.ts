/** Searches of an account, and what they tell of their hits. */
import type { Collection, FilterInput, MetadataName } from 'vectile';
import type { Filters, Hit, SearchKind, SearchRequest } from '../contract.js';
import { marksOf, wordsOf } from './marks.js';
import { postOf, type PostProperties } from './posts.js';

const DAY_MS = 86_400_000;

/** Only what may be asked for: the request comes from a page. */
export function checkRequest({ kind, alpha, limit, query }: SearchRequest): void {
  if (!['hybrid', 'vector', 'keyword'].includes(kind)) throw new TypeError(`kind: expected hybrid, vector or keyword, got ${kind}`);
  if (!(alpha >= 0 && alpha <= 1)) throw new RangeError(`alpha: expected 0 … 1, got ${alpha}`);
  if (!(Number.isInteger(limit) && limit >= 1 && limit <= 100)) throw new RangeError(`limit: expected 1 … 100, got ${limit}`);
  if (typeof query !== 'string') throw new TypeError('query: expected a text');
}

/** Undefined if nothing is filtered. */
export function filterOf({ from, to, sentiment, channel, product }: Filters): FilterInput<PostProperties> | undefined {
  if (from && to && dayOf('to', to) < dayOf('from', from)) throw new RangeError(`to: expected a day not before ${from}, got ${to}`);
  const conditions: FilterInput<PostProperties>[] = [];
  if (from) conditions.push({ operator: 'GreaterThanEqual', property: 'createdAt', value: new Date(dayOf('from', from)) });
  if (to) conditions.push({ operator: 'LessThan', property: 'createdAt', value: new Date(dayOf('to', to) + DAY_MS) });
  if (sentiment) conditions.push({ operator: 'Equal', property: 'sentiment', value: sentiment });
  if (channel) conditions.push({ operator: 'Equal', property: 'channel', value: channel });
  if (product) conditions.push({ operator: 'Equal', property: 'product', value: product });
  return conditions.length ? { operator: 'And', filters: conditions } as FilterInput<PostProperties> : undefined;
}

function dayOf(name: string, day: string): number {
  const time = Date.parse(`${day.slice(0, 10)}T00:00:00Z`);
  if (Number.isNaN(time)) throw new RangeError(`${name}: expected a day like 2024-05-31, got ${day}`);
  return time;
}

/** Whether a search of this kind needs the vector of its query. */
export const needsVector = ({ kind, alpha, query }: SearchRequest): boolean => query.trim() !== '' && (kind === 'vector' || (kind === 'hybrid' && alpha > 0));

/** Without a query the newest posts. */
export async function find(account: Collection<PostProperties>, request: SearchRequest, vector: Float32Array | undefined): Promise<Hit[]> {
  const { query, kind, limit } = request;
  const filters = filterOf(request.filters);
  const options = { limit, ...filters && { filters } };
  if (!query.trim()) {
    const { objects } = await account.query.fetchObjects({ ...options, sort: { property: 'createdAt', order: 'desc' } });
    return objects.map(({ id, properties }) => ({ post: postOf(id, properties as PostProperties), legs: {}, marks: [] }));
  }
  const { objects } = kind === 'vector' ? await account.query.nearVector(vector!, { ...options, returnMetadata: ['distance'] })
    : kind === 'keyword' ? await account.query.bm25(query, { ...options, queryProperties: ['text'], returnMetadata: ['score'] })
      : await account.query.hybrid(query, hybridOptions(request, vector));
  return hitsOf(objects as Found[], query, kind);
}

/** Of `query.hybrid` and `generate.hybrid`. */
export function hybridOptions({ limit, alpha, filters }: SearchRequest, vector: Float32Array | undefined) {
  const filter = filterOf(filters);
  const returnMetadata: MetadataName[] = ['score', 'distance', 'explainScore'];
  return { limit, alpha, queryProperties: ['text' as const], returnMetadata: returnMetadata as ('score' | 'distance' | 'explainScore')[], ...filter && { filters: filter }, ...vector && { vector } };
}

export interface Found {
  id: string;
  properties: PostProperties;
  metadata: { score?: number; distance?: number; explainScore?: string };
}

export function hitsOf(objects: readonly Found[], query: string, kind: SearchKind): Hit[] {
  const words = wordsOf(query);
  return objects.map(({ id, properties, metadata: { score, distance, explainScore } }, i) => ({
    post: postOf(id, properties),
    ...score !== undefined && { score },
    ...distance !== undefined && { distance },
    legs: kind === 'vector' ? { vector: i + 1 } : kind === 'keyword' ? { keyword: i + 1 } : legsOf(explainScore ?? ''),
    marks: marksOf(properties.text, words),
  }));
}

/** Ranks, counted from 0 in the explanation of a hybrid score: `vector 0.5 × 0.97 (rank 0, …)`; of a search without it none. */
function legsOf(explanation: string): Hit['legs'] {
  const rank = (name: string): number | undefined => {
    const found = new RegExp(`\\b${name} [^(+]*\\(rank (\\d+)`).exec(explanation);
    return found ? Number(found[1]) + 1 : undefined;
  };
  const [keyword, vector] = [rank('keyword'), rank('vector')];
  return { ...keyword !== undefined && { keyword }, ...vector !== undefined && { vector } };
}
