/**
 * What searches find, before objects are read. Hits are slots, and a slot may be given to another object as soon as anything
 * else has its turn: so whoever searches hands over what is to be done with the hits (`take`), and it is begun at once.
 *
 * The searches: `nearHits` (near.ts), `keywordHits` (keyword.ts), `hybridHits` (hybrid.ts).
 */
import { autocut } from '../search/autocut.js';
import type { Deadline } from '../search/deadline.js';
import type { FilterNode } from '../search/filter.js';
import type { NumbersKey } from '../search/types.js';
import type { Shard } from '../shard/shard.js';
import type { HitNumbers } from '../shard/types.js';
import { resolveFilter } from './filter-schema.js';
import type { CollectionHost } from './host.js';
import type { Page } from './query-options.js';

/** It has a distance, or a score, or, of a hybrid search, a score and, if it was found by nearness, a distance. */
export interface Hit {
  readonly slot: number;
  readonly distance?: number;
  /** cosine: 1 − distance / 2. */
  readonly certainty?: number;
  readonly score?: number;
  readonly explainScore?: string;
  /** By key that was asked for: its number, NaN if it has none, of the moment in which it was found. */
  readonly numbers?: readonly number[];
}

/** What calls ask of every search beside its own options. */
export interface Asked {
  /** Numbers of the hits. */
  readonly keys?: readonly NumbersKey[] | undefined;
  readonly deadline?: Deadline | undefined;
}

/** Best first. It must ask for what it needs of the slots before it waits for anything. */
export type Take<T> = (shard: Shard, hits: Hit[]) => T | Promise<T>;

/** What hits are ranked by. */
export function measureOf({ score, distance }: Hit): number {
  return score ?? distance!;
}

/** Those of one hit. */
export function numbersAt(numbers: HitNumbers | undefined, i: number): { numbers?: readonly number[] } {
  return numbers ? { numbers: numbers.map((ofHits) => ofHits[i]!) } : {};
}

/** Asks, and hands over the hits of the page. */
export async function takeHits<T>(shard: Shard, ask: (shard: Shard) => Hit[] | Promise<Hit[]>, page: Page, take: Take<T>): Promise<T> {
  const found = ask(shard);
  // answered at once, it is not awaited: until their objects are asked for, no slot may be given to another
  const hits = found instanceof Promise ? await found : found;
  return take(shard, pageOfHits(hits, page));
}

/** Asks several things of one moment. What fails at once is a promise, too, lest others that are waited for fail unheard. */
export function askAll<T>(questions: readonly (() => T | Promise<T>)[]): (T | Promise<T>)[] {
  return questions.map((question) => {
    try {
      return question();
    } catch (cause) {
      return Promise.reject(cause);
    }
  });
}

/** Of the first limit + offset hits those of the page. */
export function pageOfHits(hits: readonly Hit[], { limit, offset, autoLimit }: Page): Hit[] {
  const first = hits.slice(0, limit + offset);
  return first.slice(offset, autoLimit ? autocut(first.map(measureOf), autoLimit) : first.length);
}

/** Undefined if there is none. Throws as resolveFilter does. */
export async function filterOf(host: CollectionHost, filters: unknown): Promise<FilterNode | undefined> {
  if (filters === undefined) return undefined;
  const analyzer = await host.analyzer();
  return resolveFilter(host.schema(), filters, (property, text) => analyzer.termsOf(property, text));
}
