/** The best by nearness and by words: both searches at once, and one ranking of theirs. How either finds its hits is not known here. */
import { oneOf } from '../engine/checks.js';
import { invalid } from '../errors.js';
import { fuse, type Leg, type Share } from '../search/fusion.js';
import { filterOf, measureOf, type Hit, type Search } from './hits.js';
import type { ShardHost } from './host.js';
import { askKeywords, keywordQuery, keywordRequest, type KeywordHitsOptions, type KeywordQueryOptions } from './keyword.js';
import { askNear, checkNear, textQuery, vectorQuery } from './near.js';
import { checkNumber, type Page } from './query-options.js';
import type { Shards } from './shards.js';
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
/** Candidates of the search by nearness, for each of its hits. */
const EF_FACTOR = 2;

/** One of the two searches. */
interface Side {
  readonly name: 'vector' | 'keyword';
  readonly weight: number;
  ask(shards: Shards): Promise<Hit[]>;
}

interface Found extends Side {
  readonly hits: readonly Hit[];
}

/** Best first. */
export async function hybridSearch(
  host: ShardHost, text: string, page: Page, options: HybridHitsOptions, signal: AbortSignal | undefined,
): Promise<Search> {
  const { alpha = 0.75, vector, fusionType = 'relativeScore', maxVectorDistance, targetVector, ef, oversampling, isExplained = false, keys, deadline } = options;
  checkNumber('alpha', alpha, 0, 1);
  oneOf('fusionType', fusionType, ['relativeScore', 'ranked']);
  if (page.autoLimit && fusionType === 'ranked') throw invalid('autoLimit', 'none beside `ranked`, whose scores do not jump', page.autoLimit);
  checkNumber('maxVectorDistance', maxVectorDistance);
  const words = keywordQuery(host.schema(), text, options);
  const filter = await filterOf(host, options.filters);

  const first: Page = { limit: Math.max(DEPTH, page.limit + page.offset), offset: 0, autoLimit: 0 };
  const sides: Side[] = [];
  if (alpha > 0) {
    const query = vector === undefined ? await textQuery(host, text, targetVector, signal, 'query') : vectorQuery(host.schema(), vector, targetVector);
    // the last of so many hits weigh next to nothing: they need not be as sure as when asked for by themselves
    const near = { distance: maxVectorDistance, ef: ef ?? query.field.index.ef ?? EF_FACTOR * first.limit, oversampling, keys, deadline };
    checkNear(query, near);
    sides.push({ name: 'vector', weight: alpha, ask: (shards) => askNear(shards, query, first, near, filter) });
  }
  if (alpha < 1) {
    const request = keywordRequest(host.schema(), await host.analyzer(), words, first, { isExplained, keys, deadline }, filter);
    sides.push({ name: 'keyword', weight: 1 - alpha, ask: (shards) => askKeywords(shards, request) });
  }
  const shards = await host.shards();
  const ask = async (): Promise<Hit[]> => {
    const hits = await Promise.all(sides.map((side) => side.ask(shards)));
    return fusedHits(shards, sides.map((side, i) => ({ ...side, hits: hits[i]! })), fusionType, isExplained);
  };
  return { shards, page, ask };
}

function fusedHits(shards: Shards, found: readonly Found[], fusionType: 'relativeScore' | 'ranked', isExplained: boolean): Hit[] {
  const legs = found.map(({ name, weight, hits }): Leg => ({
    weight, slots: hits.map((hit) => shards.rankOf(hit)), scores: hits.map((hit) => (name === 'vector' ? -measureOf(hit) : measureOf(hit))),
  }));
  const { slots: ranks, scores, explain } = fuse(legs, fusionType);
  return ranks.map((rank, i) => {
    const score = scores[i]!;
    const shares = explain(rank);
    const own = shares.map((share, leg) => share && found[leg]!.hits[share.rank]);
    const present = own.filter((hit) => hit !== undefined);
    return {
      ...present.find(({ distance }) => distance !== undefined) ?? present[0]!,
      seq: Math.min(...present.map(({ seq }) => seq)), score,
      ...isExplained && { explainScore: explanation(score, found, own, shares) },
    };
  });
}

/** `hybrid 0.8 = vector 0.75 × 0.8 (rank 1, distance 0.2) + keyword 0.25 × 0.8 (rank 0, bm25 2.1 = …)`, ranks from 0. */
function explanation(score: number, found: readonly Found[], hits: readonly (Hit | undefined)[], shares: readonly (Share | undefined)[]): string {
  const parts = found.map(({ name }, i) => {
    const share = shares[i];
    if (!share) return `${name} without it`;
    const { distance, explainScore } = hits[i]!;
    return `${name} ${rounded(share.weight)} × ${rounded(share.normalized)} (rank ${share.rank}, ${explainScore ?? `distance ${rounded(distance!)}`})`;
  });
  return `hybrid ${rounded(score)} = ${parts.join(' + ')}`;
}

const rounded = (value: number): string => String(Number(value.toPrecision(5)));
