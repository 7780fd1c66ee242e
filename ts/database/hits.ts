/**
 * What searches find, before objects are read. A hit is a slot of a shard as of a write: objects are read later, and if some were
 * written since, the search is asked again.
 *
 * The searches: `nearSearch` (near.ts), `keywordSearch` (keyword.ts), `hybridSearch` (hybrid.ts).
 */
import { autocut } from '../search/autocut.js';
import type { Deadline } from '../search/deadline.js';
import type { FilterNode } from '../search/filter.js';
import type { NumbersKey } from '../search/types.js';
import type { Want } from '../shard/handle.js';
import type { HitNumbers, StoredObject } from '../shard/types.js';
import { resolveFilter } from './filter-schema.js';
import type { CollectionHost } from './host.js';
import type { Page } from './query-options.js';
import type { Place, Shards } from './shards.js';

/** It has a distance, or a score, or, of a hybrid search, a score and, if it was found by nearness, a distance. */
export interface Hit extends Place {
  readonly distance?: number;
  /** cosine: 1 − distance / 2. */
  readonly certainty?: number;
  readonly score?: number;
  readonly explainScore?: string;
  /** If it was reranked. */
  readonly rerankScore?: number;
  /** By key that was asked for: its number, NaN if it has none, of the moment in which it was found. */
  readonly numbers?: readonly number[];
  /** If it has come along. */
  readonly object?: StoredObject;
}

/** What calls ask of every search beside its own options. */
export interface Asked {
  /** Numbers of the hits. */
  readonly keys?: readonly NumbersKey[] | undefined;
  readonly deadline?: Deadline | undefined;
}

/** Checked, and ready to be asked. */
export interface Search {
  readonly shards: Shards;
  /** The first limit + offset of the page, best first. `want`: objects may come along. */
  ask(want?: Want): Promise<Hit[]>;
  readonly page: Page;
}

export interface ReadHit {
  readonly hit: Hit;
  readonly object: StoredObject;
}

/** A search is asked so often until no object of its hits is written before it is read. */
const ATTEMPTS = 4;

/** What hits are ranked by. */
export function measureOf({ score, distance }: Hit): number {
  return score ?? distance!;
}

/** Objects that come along with hits that are not of the page are read for nothing: so many of them, at most. */
const ALONG_MAX = 32;

/** What shards are asked for, beside limit + offset hits each. */
export function alongFor({ count }: Shards, { limit, offset }: Page, want: Want | undefined): Want | undefined {
  return count * (limit + offset) - limit <= ALONG_MAX ? want : undefined;
}

/** Of one hit: what there is of it beside its rank. */
export function detailsAt({ numbers, objects }: { numbers?: HitNumbers; objects?: readonly (StoredObject | undefined)[] }, i: number): Pick<Hit, 'numbers' | 'object'> {
  const object = objects?.[i];
  return { ...numbers && { numbers: numbers.map((ofHits) => ofHits[i]!) }, ...object && { object } };
}

/** Hits of the page. */
export async function foundHits({ ask, page }: Search): Promise<Hit[]> { return pageOfHits(await ask(), page); }

/** With their objects as they were found. Those that are written again and again are left out. */
export async function readHits(search: Search, vectors: boolean): Promise<ReadHit[]> {
  for (let attempt = 1; ; attempt++) {
    const want = { vectors };
    const hits = pageOfHits(await search.ask(want), search.page);
    const left = hits.filter(({ object }) => !object);
    const objects = left.length ? await search.shards.read(left, want) : [];
    let next = 0;
    const read = hits.flatMap((hit): ReadHit[] => {
      const object = hit.object ?? objects[next++];
      return object ? [{ hit, object }] : [];
    });
    if (read.length === hits.length || attempt === ATTEMPTS) return read;
  }
}

/** The k best of what shards have found, each best first. Of equals those come first that were there first, more or less. */
export function mergedHits(shards: Shards, found: readonly Hit[][], k: number): Hit[] {
  if (found.length === 1) return found[0]!;
  const sign = found.some(([first]) => first?.score !== undefined) ? -1 : 1;
  return found.flat().sort((a, b) => sign * (measureOf(a) - measureOf(b)) || shards.rankOf(a) - shards.rankOf(b)).slice(0, k);
}

/** Of the first limit + offset hits those of the page. */
function pageOfHits(hits: readonly Hit[], { limit, offset, autoLimit }: Page): Hit[] {
  const first = hits.slice(0, limit + offset);
  return first.slice(offset, autoLimit ? autocut(first.map(measureOf), autoLimit) : first.length);
}

/** Undefined if there is none. Throws as resolveFilter does. */
export async function filterOf(host: CollectionHost, filters: unknown): Promise<FilterNode | undefined> {
  if (filters === undefined) return undefined;
  const analyzer = await host.analyzer();
  return resolveFilter(host.schema(), filters, (property, text) => analyzer.termsOf(property, text));
}
