/** What the inverted index takes and gives: plain descriptions, and the narrow views of its parts that queries read. */
import type { DataType, Tokenization } from '../types.js';

/** A property as it is indexed. Plain JSON. */
export interface PropertySpec {
  readonly name: string;
  readonly dataType: DataType;
  /** text and text[]. */
  readonly tokenization?: Tokenization;
  /** text and text[]: the language whose stems stand for words. */
  readonly stemming?: string;
  readonly filterable: boolean;
  readonly searchable: boolean;
}

/** An object to be indexed. */
export interface Doc {
  readonly slot: number;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly updated: number;
  /** JSON as it is stored. */
  readonly properties: Uint8Array;
}

/**
 * An immutable piece of the index. Its objects are counted by ordinals, in ascending order of their slots; postings are
 * lists of ordinals. An object that was written anew or deleted since is stale: it is still in the lists.
 */
export interface Part {
  /** Of each ordinal, ascending. */
  readonly slots: Uint32Array;
  /** One bit per ordinal, in words of 32; undefined while none is stale. */
  readonly live: Uint32Array | undefined;
  readonly staleCount: number;
  /** Each is undefined where no object of the part has such a key. Sections must have been loaded. */
  terms(property: string): Terms | undefined;
  numbers(key: NumbersKey): Numbers | undefined;
  places(property: string): Places | undefined;
  /** Ordinals of objects that have the property; undefined if none. */
  present(property: string): Postings | undefined;
}

/** Values of a property; lengths of its values; or times of objects. */
export type NumbersKey = `value:${string}` | `length:${string}` | 'created' | 'updated';

/** Terms of a text property, ascending by their UTF-8 bytes. */
export interface Terms {
  readonly count: number;
  /** Whether postings tell frequencies (searchable properties). */
  readonly hasFrequencies: boolean;
  /** Number of the term, or −1. */
  find(term: string): number;
  /** Number of the first term that is not before this one. */
  lowerBound(term: string): number;
  term(index: number): string;
  postings(index: number): Postings;
  /** Tokens of the object's property, repeated ones counted; searchable properties only. */
  tokensOf(ordinal: number): number;
}

/** A list of ordinals, ascending, in blocks of at most BLOCK. */
export interface Postings {
  readonly count: number;
  readonly blockCount: number;
  /** Last ordinal of a block. */
  lastOf(block: number): number;
  /** At least every frequency, and at most every count of tokens, in the block. 1 and 0 where frequencies are not told. */
  maxFrequencyOf(block: number): number;
  minTokensOf(block: number): number;
  /** Puts a block's ordinals, and frequencies if asked for and told, into the arrays; returns how many. */
  decode(block: number, ordinals: Uint32Array, frequencies?: Uint32Array): number;
}

export const BLOCK = 128;

/** Distinct numbers, ascending, and who has them. */
export interface Numbers {
  readonly keys: Float64Array;
  /** Objects that have keys[i]. */
  countOf(index: number): number;
  /** Calls back with the ordinals of keys[from] … keys[to − 1] in runs: (ordinals, count). An object may come more than once. */
  each(from: number, to: number, visit: (ordinals: Uint32Array, count: number) => void): void;
}

/** Coordinates in degrees, ascending by latitude; several for one object where it is a list. */
export interface Places {
  readonly latitudes: Float64Array;
  readonly longitudes: Float64Array;
  readonly ordinals: Uint32Array;
}

/** What of the parts a query will read. */
export type SectionName = `terms:${string}` | `numbers:${NumbersKey}` | `places:${string}` | `present:${string}`;
