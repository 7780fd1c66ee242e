/**
 * Stems that stand for words: of the package `@orama/stemmers`, if it is installed, or of the caller. Knows languages by
 * their names only.
 */
import { VectileError, invalid } from '../errors.js';
import { TOKEN_MAX, normalForm } from './tokenizer.js';

export type Stemmer = (word: string) => string;

/** UTF-16 code units. Longer tokens are not words of a language, and stemmers take time over them. */
const LONGEST_WORD = 64;
/** Words whose stems are remembered. Texts repeat few words often. */
const MEMO_WORDS = 10_000;

/** By what they call, so that all properties and shards of a language have one memo. */
const remembering = new WeakMap<Stemmer, Stemmer>();

/**
 * The function of `given` for this language, or else that of `@orama/stemmers/<language>`: English names in lower case. What
 * is returned takes any token in lower case and never throws: a word that has no stem, for which the stemmer fails, is its own.
 * STEMMER_MISSING if there is neither.
 */
export async function loadStemmer(language: string, given: Readonly<Record<string, Stemmer>> = {}): Promise<Stemmer> {
  const stem = Object.hasOwn(given, language) ? given[language] : await imported(language);
  if (typeof stem !== 'function') throw invalid(`stemmers.${language}`, 'a function of a word', stem);
  let known = remembering.get(stem);
  if (known === undefined) remembering.set(stem, (known = remember(stem)));
  return known;
}

async function imported(language: string): Promise<Stemmer> {
  const expected = 'stemming: expected a language of the package @orama/stemmers, which must be installed, or of the given stemmers';
  // Only a name: it becomes part of a path.
  if (!/^[a-z]+$/.test(language)) throw new VectileError('STEMMER_MISSING', `${expected}, got ${JSON.stringify(language)}`);
  // Bundlers leave a specifier alone that they cannot read.
  const specifier = `@orama/stemmers/${language}`;
  try {
    const module: { stemmer: Stemmer } = await import(/* @vite-ignore */ /* webpackIgnore: true */ specifier);
    return module.stemmer;
  } catch (cause) {
    throw new VectileError('STEMMER_MISSING', `${expected}, got ${JSON.stringify(language)}`, { cause });
  }
}

function remember(stem: Stemmer): Stemmer {
  const stems = new Map<string, string>();
  return (word) => {
    const known = stems.get(word);
    if (known !== undefined) return known;
    if (word.length > LONGEST_WORD) return word;
    // A text's words come soon again, old ones hardly: to begin anew costs less than to keep an order.
    if (stems.size === MEMO_WORDS) stems.clear();
    const own = copied(word);
    const found = stemOf(stem, own);
    stems.set(own, found);
    return found;
  };
}

/** Stemmers of the package throw for some words of other scripts, or leave nothing. */
function stemOf(stem: Stemmer, word: string): string {
  try {
    const found: unknown = stem(word);
    return typeof found === 'string' && found !== '' && found.length <= TOKEN_MAX ? normalForm(found) : word;
  } catch {
    return word;
  }
}

/** Not a view into a text, which the memo would keep; V8 makes such views from 13 characters on. */
function copied(word: string): string {
  return word.length < 13 ? word : ` ${word}`.slice(1);
}
