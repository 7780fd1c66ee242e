'use client';
/** `vectile/react`: searches whose answers follow the collection, for the optional peer `react`. */
import { useEffect, useState, useSyncExternalStore } from 'react';
import { filterBuilder } from '../database/filters.js';
import type { MetadataNames, PropertyNames, Returned, Sure } from '../database/results.js';
import { invalid } from '../errors.js';
import type { Bm25Options, Collection, FetchObjectsOptions, HybridOptions, MetadataName, NearOptions, Properties, StoredResult } from '../index.js';

/** The signal is the hook's. */
type Unsignalled<O> = O & { signal?: undefined };

/** A query of `collection.query`: by `kind`, with what it is called with. */
export type Search<P extends object = Properties, N extends PropertyNames<P> = PropertyNames<P>, R extends MetadataNames = MetadataNames> =
  | { kind: 'hybrid'; query: string; options?: Unsignalled<HybridOptions<P, N, R>> }
  | { kind: 'bm25'; query: string; options?: Unsignalled<Bm25Options<P, N, R>> }
  | { kind: 'nearText'; query: string | readonly string[]; options?: Unsignalled<NearOptions<P, N, R>> }
  | { kind: 'nearVector'; query: Parameters<Collection<P>['query']['nearVector']>[0]; options?: Unsignalled<NearOptions<P, N, R>> }
  | { kind: 'fetchObjects'; options?: Unsignalled<FetchObjectsOptions<P, N, R>> };

export interface UseSearchOptions {
  /** Milliseconds without another change of the search before it is asked, and from a change of the collection to the next look. Default 100. */
  debounceMs?: number;
}

/** `R`: metadata that are sure to be there. */
export interface SearchState<P extends object = Properties, R extends MetadataName = never> {
  /** Those last found: until the first answer, and without a search, none. While `isPending` or after an error they are of a former search. */
  objects: readonly StoredResult<P, R>[];
  /** Why the last search failed. */
  error: Error | undefined;
  /** There is no answer to this search yet. Looks that follow changes of the collection go unnoticed. */
  isPending: boolean;
  /** Asks again, at once: after an error, say. The same function in every render. */
  refresh: () => void;
}

/**
 * The answer to a search, asked again whenever the collection changes. Searches, options and collections are compared by what they say,
 * so that they may be written anew in every render; functions among the options, but for `filters`, are not compared. A search that is
 * no longer wanted is aborted, and its answer is never shown.
 *
 * ```tsx
 * const { objects, isPending } = useSearch(tickets, text ? { kind: 'hybrid', query: text, options: { limit: 5 } } : null);
 * ```
 *
 * Errors are told by `error`. Throws INVALID_ARGUMENT for a `debounceMs` that is none, and what a function `filters` throws.
 *
 * @param collection undefined while it is not there yet; `isPending` is true as long
 * @param search null: none
 */
export function useSearch<P extends object = Properties, const N extends PropertyNames<P> = undefined, const R extends MetadataNames = undefined>(
  collection: Collection<P> | null | undefined, search: Search<P, N, R> | null | undefined, { debounceMs = 100 }: UseSearchOptions = {},
): SearchState<Returned<P, N>, Sure<R>> {
  if (!(debounceMs >= 0 && debounceMs <= TIMEOUT_MAX)) throw invalid('debounceMs', `a number from 0 to ${TIMEOUT_MAX}`, debounceMs);
  const asked = { collection: collection ?? undefined, search: search ? plain(search as AnySearch) : undefined } as Asked;
  const [live] = useState(() => new LiveSearch(asked.search !== undefined));
  useEffect(() => live.ask(asked, debounceMs));
  return useSyncExternalStore(live.subscribe, live.state, live.initialState) as unknown as SearchState<Returned<P, N>, Sure<R>>;
}

/** Of whatever properties. */
type AnySearch = Search<Properties, undefined, undefined>;

interface Asked {
  collection: Collection | undefined;
  search: AnySearch | undefined;
}

/** What a timer can count. */
const TIMEOUT_MAX = 2 ** 31 - 1;
const NONE: readonly StoredResult[] = [];

/** What a component is shown. It asks as long as somebody listens, which is while the component is mounted. */
class LiveSearch {
  readonly #initial: SearchState;
  #state: SearchState;
  #asked: Asked | undefined;
  #debounceMs = 0;
  #listener: (() => void) | undefined;
  /** Until the next search. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Of the search that is under way. */
  #controller: AbortController | undefined;
  /** The collection has changed since that search began. */
  #isStale = false;
  #unsubscribe: (() => void) | undefined;

  constructor(isPending: boolean) {
    this.#initial = this.#state = { objects: NONE, error: undefined, isPending, refresh: () => this.#begin(0) };
  }

  readonly state = (): SearchState => this.#state;
  readonly initialState = (): SearchState => this.#initial;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listener = listener;
    this.#begin(0);
    return () => {
      this.#listener = undefined;
      this.#end();
    };
  };

  ask(asked: Asked, debounceMs: number): void {
    const former = this.#asked;
    this.#debounceMs = debounceMs;
    const isThere = former !== undefined && isSameCollection(former.collection, asked.collection);
    if (isThere && isSame(former.search, asked.search)) return;
    this.#asked = asked;
    this.#begin(isThere && former.search ? debounceMs : 0);
  }

  #begin(delayMs: number): void {
    if (!this.#asked || !this.#listener) return;
    this.#end();
    const { collection, search } = this.#asked;
    if (!search) {
      this.#set({ objects: NONE, error: undefined, isPending: false });
      return;
    }
    this.#set({ error: undefined, isPending: true });
    if (!collection) return;
    try {
      this.#unsubscribe = collection.subscribe(() => this.#changed());
    } catch (error) {
      this.#set({ error: error as Error, isPending: false });
      return;
    }
    if (delayMs > 0) this.#schedule(delayMs);
    else void this.#run();
  }

  #end(): void {
    this.#unsubscribe?.();
    clearTimeout(this.#timer);
    this.#controller?.abort();
    this.#unsubscribe = this.#timer = this.#controller = undefined;
  }

  /** A search under way is let finish: aborted by every write, it would never come to an end during an import. */
  #changed(): void {
    if (this.#controller) this.#isStale = true;
    else if (this.#timer === undefined) this.#schedule(this.#debounceMs);
  }

  #schedule(delayMs: number): void {
    this.#timer = setTimeout(() => void this.#run(), delayMs);
  }

  async #run(): Promise<void> {
    const { collection, search } = this.#asked!;
    const controller = new AbortController();
    this.#timer = undefined;
    this.#controller = controller;
    this.#isStale = false;
    const found = await answerTo(collection!, search!, controller.signal).then(({ objects }) => ({ objects, error: undefined }), (error: Error) => ({ error }));
    if (this.#controller !== controller) return; // it is no longer wanted
    this.#controller = undefined;
    if (this.#isStale) this.#schedule(this.#debounceMs);
    this.#set({ ...found, isPending: false });
  }

  #set(change: Partial<SearchState>): void {
    const names = Object.keys(change) as (keyof SearchState)[];
    if (names.every((name) => change[name] === this.#state[name])) return;
    this.#state = { ...this.#state, ...change };
    this.#listener?.();
  }
}

async function answerTo({ query }: Collection, search: AnySearch, signal: AbortSignal): Promise<{ objects: StoredResult[] }> {
  switch (search.kind) {
    case 'hybrid': return query.hybrid(search.query, { ...search.options, signal });
    case 'bm25': return query.bm25(search.query, { ...search.options, signal });
    case 'nearText': return query.nearText(search.query, { ...search.options, signal });
    case 'nearVector': return query.nearVector(search.query, { ...search.options, signal });
    case 'fetchObjects': return query.fetchObjects({ ...search.options, signal });
    default: throw invalid('search.kind', 'one of hybrid, bm25, nearText, nearVector, fetchObjects', (search as Search).kind);
  }
}

/** With a filter that can be compared. */
function plain(search: AnySearch): AnySearch {
  const filters = search.options?.filters;
  return typeof filters === 'function' ? { ...search, options: { ...search.options, filters: filters(filterBuilder) } } as AnySearch : search;
}

function isSameCollection(a: Collection | undefined, b: Collection | undefined): boolean {
  return a === b || a !== undefined && b !== undefined && a.isSame(b);
}

/** Of plain data, dates, and lists of all kinds. Functions are not told apart: those written in a render are new ones each time. */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b) || typeof a === 'function' && typeof b === 'function') return true;
  if (typeof a !== 'object' || typeof b !== 'object' || !a || !b) return false;
  const kind: unknown = Object.getPrototypeOf(a);
  if (kind !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Date) return Object.is(a.getTime(), (b as Date).getTime());
  if (isListLike(a) && isListLike(b)) return a.length === b.length && Array.prototype.every.call(a, (element, i) => isSame(element, b[i]));
  if (kind !== Object.prototype && kind !== null) return false;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && isSame((a as Fields)[name], (b as Fields)[name]));
}

type Fields = Record<string, unknown>;

function isListLike(value: object): value is ArrayLike<unknown> {
  return Array.isArray(value) || ArrayBuffer.isView(value) && !(value instanceof DataView);
}
