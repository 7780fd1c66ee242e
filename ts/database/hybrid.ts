/** The best by nearness and by words: both searches at once, and one ranking of theirs. How either finds its hits is not known here. */
import { oneOf } from '../engine/checks.js';
import { invalid } from '../errors.js';
import { fuse, type Leg, type Share } from '../search/fusion.js';
import type { Shard } from '../shard/shard.js';
import { askAll, filterOf, measureOf, pageOfHits, type Hit, type Take } from './hits.js';
import type { ShardHost } from './host.js';
import { askKeywords, keywordQuery, type KeywordHitsOptions, type KeywordQueryOptions } from './keyword.js';
import { askNear, checkNear, textQuery, vectorQuery } from './near.js';
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
/** Candidates of the search by nearness, for each of its hits. */
const EF_FACTOR = 2;

/** One of the two. */
interface Search {
  readonly name: 'vector' | 'keyword';
  readonly weight: number;
  ask(shard: Shard): Hit[] | Promise<Hit[]>;
}

interface Found extends Search {
  readonly hits: readonly Hit[];
}

/** Best first. */
export async function hybridHits<T>(
  host: ShardHost, text: string, page: Page, options: HybridHitsOptions, signal: AbortSignal | undefined, take: Take<T>,
): Promise<T> {
  const { alpha = 0.75, vector, fusionType = 'relativeScore', maxVectorDistance, targetVector, ef, oversampling, isExplained = false, keys, deadline } = options;
  checkNumber('alpha', alpha, 0, 1);
  oneOf('fusionType', fusionType, ['relativeScore', 'ranked']);
  if (page.autoLimit && fusionType === 'ranked') throw invalid('autoLimit', 'none beside `ranked`, whose scores do not jump', page.autoLimit);
  checkNumber('maxVectorDistance', maxVectorDistance);
  const words = keywordQuery(host.schema(), text, options);
  const filter = await filterOf(host, options.filters);

  const first: Page = { limit: Math.max(DEPTH, page.limit + page.offset), offset: 0, autoLimit: 0 };
  const searches: Search[] = [];
  if (alpha > 0) {
    const query = vector === undefined ? await textQuery(host, text, targetVector, signal, 'query') : vectorQuery(host.schema(), vector, targetVector);
    // the last of so many hits weigh next to nothing: they need not be as sure as when asked for by themselves
    const near = { distance: maxVectorDistance, ef: ef ?? query.field.index.ef ?? EF_FACTOR * first.limit, oversampling, keys, deadline };
    checkNear(query, near);
    searches.push({ name: 'vector', weight: alpha, ask: (shard) => askNear(shard, query, first, near, filter) });
  }
  if (alpha < 1) {
    searches.push({ name: 'keyword', weight: 1 - alpha, ask: askKeywords(host.schema(), await host.analyzer(), words, first, { isExplained, keys, deadline }, filter) });
  }
  const shard = await host.shard();
  const found = askAll(searches.map((search) => () => search.ask(shard)));
  // as with one search, nothing is awaited if all is there at once
  const hits = found.every((each): each is Hit[] => !(each instanceof Promise)) ? found : await heldTogether(shard, found);
  return take(shard, fusedHits(searches.map((search, i) => ({ ...search, hits: hits[i]! })), fusionType, page, isExplained));
}

/** Waits for all, and drops hits whose slots are not the same objects' any more when the last has come. */
async function heldTogether(shard: Shard, found: readonly (Hit[] | Promise<Hit[]>)[]): Promise<Hit[][]> {
  const withIds = (hits: Hit[]) => hits.map((hit) => ({ hit, id: shard.idOf(hit.slot) }));
  const held = await Promise.all(found.map((each) => (each instanceof Promise ? each.then(withIds) : withIds(each))));
  return held.map((hits) => hits.flatMap(({ hit, id }) => (id !== undefined && shard.slotOf(id) === hit.slot ? [hit] : [])));
}

function fusedHits(found: readonly Found[], fusionType: 'relativeScore' | 'ranked', page: Page, isExplained: boolean): Hit[] {
  const legs = found.map(({ name, weight, hits }): Leg => ({
    weight, slots: hits.map(({ slot }) => slot), scores: hits.map((hit) => (name === 'vector' ? -measureOf(hit) : measureOf(hit))),
  }));
  const { slots, scores, explain } = fuse(legs, fusionType);
  return pageOfHits(slots.map((slot, i) => ({ slot, score: scores[i]! })), page).map(({ slot, score }) => {
    const shares = explain(slot);
    const own = shares.map((share, i) => share && found[i]!.hits[share.rank]);
    return {
      ...own.find((hit) => hit?.distance !== undefined) ?? numbersOf(own), slot, score: score!,
      ...isExplained && { explainScore: explanation(score!, found, own, shares) },
    };
  });
}

function numbersOf(hits: readonly (Hit | undefined)[]): Pick<Hit, 'numbers'> {
  const numbers = hits.find((hit) => hit?.numbers)?.numbers;
  return numbers ? { numbers } : {};
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
