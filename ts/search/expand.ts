/**
 * From the terms of a query to groups of terms in the index that stand for them, if typos are tolerated. Knows nothing of
 * scores, nor of how a text becomes terms.
 *
 * The first code point of a term is taken as it is: hardly anyone gets it wrong, and only terms that begin with it need
 * be read, which are a few of a hundred in each part.
 */
import { Deadline } from './deadline.js';
import { searchableTerms } from './keyword-query.js';
import type { Expansion, KeywordQuery, QueryFields } from './keyword-query.js';
import type { Part, Terms } from './types.js';
import { typosAllowed, withinDistance } from './typos.js';
import type { TypoTolerance } from './typos.js';

/** Properties that are analysed alike, and the query's distinct terms in their form. */
export interface FieldsTerms {
  readonly properties: QueryFields['properties'];
  readonly terms: readonly string[];
  /** True: typos are not tolerated, whatever is asked for. */
  readonly isExact?: boolean;
}

/**
 * The distinct terms of a query, in order, without stopwords; with them if there are no others. `stopwords` must have gone
 * through the same analysis as the query.
 */
export function queryTerms(terms: readonly string[], stopwords: ReadonlySet<string>): string[] {
  const distinct = [...new Set(terms)];
  const rest = distinct.filter((term) => !stopwords.has(term));
  return rest.length ? rest : distinct;
}

/** What comparing two terms is told to the deadline as: so much, and one for so many characters, as a power of two. */
const COMPARING = 2;
const CHARACTERS = 3;

/**
 * With typos, sections `terms:…` of the properties must have been loaded. A term is in its own group even if no object has
 * it, so that the groups of several shards correspond. Throws TIMEOUT.
 */
export function expand(parts: readonly Part[], fields: readonly FieldsTerms[], tolerance: TypoTolerance = 0, deadline = new Deadline()): KeywordQuery {
  return {
    fields: fields.map(({ properties, terms, isExact = false }) => {
      const indexes = parts.flatMap((part) => properties.flatMap(({ name }) => searchableTerms(part, name) ?? []));
      return { properties, groups: terms.map((term) => expansionsOf(indexes, term, isExact ? 0 : typosAllowed(term, tolerance), deadline)) };
    }),
  };
}

function expansionsOf(indexes: readonly Terms[], term: string, typos: number, deadline: Deadline): Expansion[] {
  const group: Expansion[] = [{ term, boost: 1 }];
  if (!typos || !term) return group;
  const known = new Set([term]);
  const matcher = withinDistance(term, typos);
  for (const index of indexes) {
    for (let i = index.lowerBound(firstOf(term)), end = endOf(index, term); i < end; i++) {
      const candidate = index.term(i);
      deadline.spend(COMPARING + (candidate.length >>> CHARACTERS));
      if (known.has(candidate)) continue;
      const distance = matcher.distance(candidate);
      if (distance < 0) continue;
      known.add(candidate);
      group.push({ term: candidate, boost: 0.5 ** distance });
    }
  }
  return group;
}

const firstOf = (term: string): string => String.fromCodePoint(term.codePointAt(0)!);

/** Number of the first term behind those that begin as this one does. */
function endOf(index: Terms, term: string): number {
  const next = term.codePointAt(0)! + 1;
  if (next > 0x10ffff) return index.count;
  // Surrogates are not in terms: they come as U+FFFD.
  return index.lowerBound(String.fromCodePoint(next === 0xd800 ? 0xe000 : next));
}
