/**
 * The arithmetic of BM25F with statistics filled in (Robertson & Zaragoza 2009, "The Probabilistic Relevance Framework",
 * §3.6, in the simple form of one saturation per term): with T = Σ weight · tf / (1 − b + b · tokens / average) over the
 * properties, a term adds idf · T / (k1 + T). Both the search and explanations are made of it.
 */
import { invalid } from '../errors.js';
import type { KeywordQuery, KeywordStatistics } from './keyword-query.js';

export interface Bm25Options {
  /** How soon more of the same term stops to count, at least 0. Default 1.2. */
  readonly k1?: number;
  /** How much longer texts count less, 0 … 1. Default 0.75. */
  readonly b?: number;
}

/** Counts of tokens whose factor is looked up rather than computed. */
const TABLE = 256;

/** What a frequency is multiplied by in objects of so many tokens: weight / (1 − b + b · tokens / average). */
export class LengthFactor {
  readonly #table = new Float64Array(TABLE);

  constructor(readonly weight: number, readonly average: number, readonly b: number) {
    // Whoever has a term has a token. 0 stands for "not told" in bounds, where b = 1 would make it infinite.
    for (let tokens = 1; tokens < TABLE; tokens++) this.#table[tokens] = this.#compute(tokens);
    this.#table[0] = this.#table[1]!;
  }

  of(tokens: number): number {
    return tokens < TABLE ? this.#table[tokens]! : this.#compute(tokens);
  }

  #compute(tokens: number): number {
    return this.weight / (1 - this.b + this.b * tokens / this.average);
  }
}

/** A group of the query by its place in it, with its idf. */
export interface WeighedGroup {
  readonly field: number;
  readonly index: number;
  readonly idf: number;
}

export class Bm25Model {
  readonly k1: number;
  /** By fields and property. */
  readonly factors: readonly (readonly LengthFactor[])[];
  /**
   * Rarest first. Scores are always added up in this order, so that objects with the same terms have the very same score
   * whatever was pruned on the way to them.
   */
  readonly groups: readonly WeighedGroup[];

  constructor(query: KeywordQuery, statistics: KeywordStatistics, { k1 = 1.2, b = 0.75 }: Bm25Options) {
    if (!(k1 >= 0 && k1 < Infinity)) throw invalid('k1', 'a number of at least 0', k1);
    if (!(b >= 0 && b <= 1)) throw invalid('b', 'a number from 0 to 1', b);
    if (statistics.fields.length !== query.fields.length) throw invalid('statistics', 'those of the query', statistics);
    this.k1 = k1;
    this.factors = query.fields.map(({ properties }, field) => properties.map(({ name, weight }, p) => {
      if (!(weight > 0 && weight < Infinity)) throw invalid(`weight of ${name}`, 'a positive number', weight);
      const { tokens, objects } = statistics.fields[field]!.properties[p]!;
      return new LengthFactor(weight, objects ? tokens / objects : 1, b);
    }));
    this.groups = statistics.fields
      .flatMap(({ groups }, field) => groups.map((group, index) => {
        const count = group.reduce((most, { counts }) => counts.reduce((a, c) => Math.max(a, c), most), 0);
        return { field, index, idf: Math.log(1 + (statistics.objects - count + 0.5) / (count + 0.5)) };
      }))
      .sort((x, y) => y.idf - x.idf || x.field - y.field || x.index - y.index);
  }
}
