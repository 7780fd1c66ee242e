/** The best by nearness and by words: both searches at once, and one ranking of theirs. How either finds its hits is not known here. */
import { oneOf } from '../engine/checks.js';
import { invalid } from '../errors.js';
import { fuse, type Leg, type Share } from '../search/fusion.js';
import type { Shard } from '../shard/shard.js';
import { measureOf, pageOfHits, type Hit, type Take } from './hits.js';
import type { CollectionHost } from './host.js';
import { keywordHits, keywordQuery, type KeywordHitsOptions, type KeywordQueryOptions } from './keyword.js';
import { nearHits, targetOf, textQuery, vectorQuery, type VectorQuery } from './near.js';
import { checkNumber, type Page } from './query-options.js';
import type { VectorsInput } from './typed.js';

/** As in HybridOptions. */
export interface HybridHitsOptions extends KeywordQueryOptions, KeywordHitsOptions {
  alpha?: number;
  vector?: VectorsInput;
  fusionType?: 'relativeScore' | 'ranked';
  maxVectorDistance?: number;
  targetVector?: string;
  ef?: number;
  oversampling?: number;
}

/** Hits that each search fetches at least: their best and worst scores matter. */
const DEPTH = 100;

/** What one search has found. */
interface Found {
  readonly name: 'vector' | 'keyword';
  readonly weight: number;
  readonly shard: Shard;
  readonly hits: readonly Hit[];
  /** By which it is known, once the other search has ended, whether a slot is still the same object's. */
  readonly ids: readonly (string | undefined)[];
}

/** Best first. */
export async function hybridHits<T>(
  host: CollectionHost, text: string, page: Page, options: HybridHitsOptions, signal: AbortSignal | undefined, take: Take<T>,
): Promise<T> {
  const { alpha = 0.75, vector, fusionType = 'relativeScore', maxVectorDistance, targetVector, ef, oversampling, filters } = options;
  checkNumber('alpha', alpha, 0, 1);
  oneOf('fusionType', fusionType, ['relativeScore', 'ranked']);
  if (page.autoLimit && fusionType === 'ranked') throw invalid('autoLimit', 'none beside `ranked`, whose scores do not jump', page.autoLimit);
  checkNumber('maxVectorDistance', maxVectorDistance);
  const schema = host.schema();
  const words = keywordQuery(schema, text, options);
  const given = vector === undefined ? undefined : vectorQuery(schema, vector, targetVector);
  if (alpha > 0) targetOf(schema, targetVector ?? given?.field.name);

  const first: Page = { limit: Math.max(DEPTH, page.limit + page.offset), offset: 0, autoLimit: 0 };
  const found = (name: Found['name'], weight: number): Take<Found> => (shard, hits) => ({ name, weight, shard, hits, ids: hits.map(({ slot }) => shard.idOf(slot)) });
  const near = async (): Promise<Found> => {
    const query: VectorQuery = given ?? await textQuery(host, text, targetVector, signal, 'query');
    return nearHits(host, query, first, { distance: maxVectorDistance, ef, oversampling, filters }, found('vector', alpha));
  };
  const searches = await Promise.all([
    ...alpha > 0 ? [near()] : [],
    ...alpha < 1 ? [keywordHits(host, words, first, options, found('keyword', 1 - alpha))] : [],
  ]);
  const hits = fusedHits(searches.map(withoutGone), fusionType, options.isExplained ?? false);
  return take(searches[0]!.shard, pageOfHits(hits, page));
}

function withoutGone(found: Found): Found {
  const { shard, ids } = found;
  const isThere = ({ slot }: Hit, i: number) => ids[i] !== undefined && shard.slotOf(ids[i]) === slot;
  return { ...found, hits: found.hits.filter(isThere) };
}

function fusedHits(searches: readonly Found[], fusionType: 'relativeScore' | 'ranked', isExplained: boolean): Hit[] {
  const legs = searches.map(({ name, weight, hits }): Leg => ({
    weight, slots: hits.map(({ slot }) => slot), scores: hits.map((hit) => (name === 'vector' ? -measureOf(hit) : measureOf(hit))),
  }));
  const bySlot = searches.map(({ hits }) => new Map(hits.map((hit) => [hit.slot, hit])));
  const { slots, scores, explain } = fuse(legs, fusionType);
  return slots.map((slot, i) => {
    const own = bySlot.map((hits) => hits.get(slot));
    const score = scores[i]!;
    const explainScore = isExplained ? explanation(score, searches, own, explain(slot)) : undefined;
    return { ...own.find((hit) => hit?.distance !== undefined), slot, score, ...explainScore !== undefined && { explainScore } };
  });
}

/** `hybrid 0.8 = vector 0.75 × 0.8 (rank 1, distance 0.2) + keyword 0.25 × 0.8 (rank 0, bm25 2.1 = …)`, ranks from 0. */
function explanation(score: number, searches: readonly Found[], hits: readonly (Hit | undefined)[], shares: readonly (Share | undefined)[]): string {
  const parts = searches.map(({ name }, i) => {
    const share = shares[i];
    if (!share) return `${name} without it`;
    const { distance, explainScore } = hits[i]!;
    return `${name} ${rounded(share.weight)} × ${rounded(share.normalized)} (rank ${share.rank}, ${explainScore ?? `distance ${rounded(distance!)}`})`;
  });
  return `hybrid ${rounded(score)} = ${parts.join(' + ')}`;
}

const rounded = (value: number): string => String(Number(value.toPrecision(5)));
