/** What of an object goes into the index: its stored JSON taken apart into keys, property by property. Knows nothing of how they are kept. */
import { VectileError, invalid } from '../errors.js';
import type { ScalarType, Tokenization } from '../types.js';
import { loadStemmer, type Stemmer } from './stemming.js';
import { tokenize } from './tokenizer.js';
import type { PropertySpec } from './types.js';

/** A property that is indexed. */
export interface Field {
  readonly name: string;
  readonly type: Exclude<ScalarType, 'blob' | 'object'>;
  readonly isList: boolean;
  readonly filterable: boolean;
  readonly searchable: boolean;
  readonly tokenization: Tokenization;
  readonly stem: ((word: string) => string) | undefined;
}

/** Takes the keys of an object. A field is told by its place in `Analyzer.fields`. */
export interface KeySink {
  /** Filterable fields only, as all below but tokens. */
  present(field: number): void;
  length(field: number, length: number): void;
  number(field: number, key: number): void;
  place(field: number, latitude: number, longitude: number): void;
  /** Of a text, in order; of each element of a list. */
  tokens(field: number, tokens: readonly string[]): void;
}

const utf8Decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export class Analyzer {
  readonly fields: readonly Field[];
  readonly #byName = new Map<string, Field>();

  /** `stemmers`: by language, of all that the specs name. */
  constructor(specs: readonly PropertySpec[], stemmers: ReadonlyMap<string, (word: string) => string>) {
    this.fields = specs.flatMap((spec) => fieldOf(spec, stemmers) ?? []);
    for (const field of this.fields) this.#byName.set(field.name, field);
  }

  /** Of a text or uuid property: what is searched in the index to find this text, repeated tokens kept. */
  termsOf(property: string, text: string): string[] {
    const field = this.#byName.get(property);
    if (field?.type === 'uuid') return [text.toLowerCase()];
    if (field?.type !== 'text') throw invalid('property', 'one of text that is indexed', property);
    return tokensOf(field, text);
  }

  /** `properties`: JSON as it is stored, fitting the specs. Names are data, whatever they are. */
  extract(properties: Uint8Array, sink: KeySink): void {
    const object = JSON.parse(utf8Decoder.decode(properties)) as Record<string, unknown>;
    for (let i = 0; i < this.fields.length; i++) {
      const field = this.fields[i]!;
      if (!Object.hasOwn(object, field.name)) continue;
      const value = object[field.name];
      if (field.filterable) {
        sink.present(i);
        if (field.isList) sink.length(i, (value as unknown[]).length);
        else if (field.type === 'text') sink.length(i, codePoints(value as string));
      }
      if (!field.isList) keysOf(field, i, value, sink);
      else for (const element of value as unknown[]) keysOf(field, i, element, sink);
    }
  }
}

/** With the stemmers of all languages that the specs name; `given` as loadStemmer takes them. Throws STEMMER_MISSING. */
export async function openAnalyzer(specs: readonly PropertySpec[], given: Readonly<Record<string, Stemmer>> = {}): Promise<Analyzer> {
  const languages = new Set(specs.flatMap(({ stemming }) => stemming ?? []));
  const stemmers = await Promise.all(Array.from(languages, async (language) => [language, await loadStemmer(language, given)] as const));
  return new Analyzer(specs, new Map(stemmers));
}

function fieldOf(spec: PropertySpec, stemmers: ReadonlyMap<string, (word: string) => string>): Field | undefined {
  const { name, dataType, filterable, tokenization = 'word', stemming } = spec;
  const isList = dataType.endsWith('[]');
  const type = (isList ? dataType.slice(0, -2) : dataType) as ScalarType;
  const searchable = spec.searchable && type === 'text';
  if (type === 'blob' || type === 'object' || !filterable && !searchable) return undefined;
  const stem = stemming === undefined ? undefined : stemmers.get(stemming);
  if (stemming !== undefined && !stem) throw new VectileError('STEMMER_MISSING', `stemmers: expected one for ${stemming}, got none`);
  return { name, type, isList, filterable, searchable, tokenization, stem };
}

function keysOf(field: Field, i: number, value: unknown, sink: KeySink): void {
  switch (field.type) {
    case 'text': sink.tokens(i, tokensOf(field, value as string)); break;
    case 'uuid': sink.tokens(i, [value as string]); break;
    // −0 is 0.
    case 'int': case 'number': sink.number(i, value as number + 0); break;
    case 'boolean': sink.number(i, value ? 1 : 0); break;
    case 'date': sink.number(i, Date.parse(value as string)); break;
    case 'geoCoordinates': {
      const { latitude, longitude } = value as { latitude: number; longitude: number };
      sink.place(i, latitude + 0, longitude + 0);
      break;
    }
  }
}

function tokensOf(field: Field, text: string): string[] {
  const tokens = tokenize(text, field.tokenization);
  return field.stem ? tokens.map((token) => field.stem!(token)) : tokens;
}

function codePoints(text: string): number {
  let count = text.length;
  for (let i = 1; i < text.length; i++) {
    if ((text.charCodeAt(i) & 0xfc00) === 0xdc00 && (text.charCodeAt(i - 1) & 0xfc00) === 0xd800) count--;
  }
  return count;
}
