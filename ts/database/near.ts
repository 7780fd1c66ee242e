/** The nearest to a vector: which vector is meant, and how its neighbours are found. Results are made elsewhere. */
import { integer } from '../engine/checks.js';
import { VectileError, invalid } from '../errors.js';
import { TEXTS_MAX } from '../rag/vectorizer.js';
import type { FilterNode } from '../search/filter.js';
import type { Want } from '../shard/handle.js';
import type { Near } from '../shard/types.js';
import type { VectorInput } from '../types.js';
import { alongFor, detailsAt, filterOf, mergedHits, type Asked, type Hit, type Search } from './hits.js';
import type { CollectionHost, ShardHost } from './host.js';
import { checkId } from './ids.js';
import { checkNumber, type Page } from './query-options.js';
import { vectorOf, type Schema, type VectorSchema } from './schema.js';
import type { Shards } from './shards.js';
import type { VectorsInput } from './typed.js';
import { embed } from './vectorize.js';
import { OR_ARRAY, checkedVector, onlyVector } from './vectors.js';

export interface VectorQuery {
  field: VectorSchema;
  /** f32[dimensions] */
  values: Float32Array;
}

/** As in NearOptions. */
export interface NearHitsOptions extends Asked {
  filters?: unknown;
  distance?: number | undefined;
  certainty?: number | undefined;
  ef?: number | undefined;
  oversampling?: number | undefined;
}

/** Nearest first. */
export async function nearSearch(host: ShardHost, query: VectorQuery, page: Page, options: NearHitsOptions): Promise<Search> {
  checkNear(query, options);
  const filter = await filterOf(host, options.filters);
  const shards = await host.shards();
  return { shards, page, ask: (want) => askNear(shards, query, page, options, filter, alongFor(shards, page, want)) };
}

export function checkNear({ field }: VectorQuery, { distance, certainty, ef, oversampling }: NearHitsOptions): void {
  const isCosine = field.metric === 'cosine';
  if (ef !== undefined) integer('ef', ef, 1, 2 ** 20);
  checkNumber('oversampling', oversampling, 1);
  checkNumber('distance', distance);
  if (certainty !== undefined && !(isCosine && distance === undefined && typeof certainty === 'number' && certainty >= 0 && certainty <= 1)) {
    throw invalid('certainty', isCosine ? 'a number from 0 to 1, and no distance' : 'none but with cosine', certainty);
  }
}

/** The first limit + offset of the page. */
export async function askNear(
  shards: Shards, { field, values }: VectorQuery, { limit, offset }: Page, options: Omit<NearHitsOptions, 'filters'>, filter: FilterNode | undefined, want?: Want,
): Promise<Hit[]> {
  const { distance, certainty, ef = field.index.ef, oversampling, keys, deadline } = options;
  const most = distance ?? (certainty === undefined ? Infinity : 2 * (1 - certainty));
  const hitsOf = (found: Near, shard: number): Hit[] => {
    const { slots, distances, seq } = found;
    const hits: Hit[] = [];
    for (let i = 0; i < slots.length && distances[i]! <= most; i++) {
      const distance = distances[i]!;
      hits.push({ shard, slot: slots[i]!, seq, distance, ...field.metric === 'cosine' && { certainty: 1 - distance / 2 }, ...detailsAt(found, i) });
    }
    return hits;
  };
  const k = limit + offset;
  const found = await shards.each((handle) => handle.near(field.number, values, { k, ef, oversampling, filter, keys, deadline, want }));
  return mergedHits(shards, found.map(hitsOf), k);
}

export function targetOf(schema: Schema, name: string | undefined): VectorSchema {
  return name === undefined ? onlyVector(schema, 'targetVector') : vectorOf(schema, name, 'targetVector');
}

/** Which named vector is asked, and for what. A record must name one. */
export function vectorQuery(schema: Schema, input: VectorsInput, targetVector: string | undefined): VectorQuery {
  if (typeof input === 'object' && input !== null && !Array.isArray(input) && !ArrayBuffer.isView(input)) {
    const given = input as Readonly<Record<string, VectorInput | undefined>>;
    const names = Object.keys(given).filter((name) => given[name] !== undefined);
    if (names.length !== 1) throw invalid('vector', 'one vector', `${names.length} of them`);
    if (targetVector !== undefined && targetVector !== names[0]) throw invalid('targetVector', JSON.stringify(names[0]), targetVector);
    const field = vectorOf(schema, names[0]!, 'vector', OR_ARRAY);
    return { field, values: checkedVector(field, given[names[0]!]!, `vector.${names[0]}`) };
  }
  const field = targetOf(schema, targetVector);
  return { field, values: checkedVector(field, input as VectorInput, 'vector') };
}

/** By the vector of an object. Throws OBJECT_MISSING; SCHEMA_MISMATCH if it has no such vector. */
export async function objectQuery(host: ShardHost, id: string, targetVector: string | undefined): Promise<VectorQuery> {
  checkId(id);
  const field = targetOf(host.schema(), targetVector);
  const [object] = await (await host.shards()).get([id], { vectors: true });
  if (!object) throw new VectileError('OBJECT_MISSING', `id: expected one of an object, got ${JSON.stringify(id)}`);
  const values = object.vectors!.find(({ number }) => number === field.number)?.values;
  if (!values) throw new VectileError('SCHEMA_MISMATCH', `id: expected an object with a vector ${JSON.stringify(field.name)}, got one without`);
  return { field, values };
}

/** By what the vectorizer makes of a text; of several, by the mean. Throws VECTORIZER_MISSING, VECTORIZER_FAILED. */
export async function textQuery(
  host: CollectionHost, text: string | readonly string[], targetVector: string | undefined, signal: AbortSignal | undefined, argument = 'text',
): Promise<VectorQuery> {
  const texts: unknown[] = Array.isArray(text) ? [...text] : [text];
  const areTexts = texts.length > 0 && texts.length <= TEXTS_MAX && texts.every((each) => typeof each === 'string' && each !== '');
  if (!areTexts) throw invalid(argument, `a text, or 1 to ${TEXTS_MAX} of them`, text);
  const field = targetOf(host.schema(), targetVector);
  const vectors = (await embed(host, texts as string[], signal)).map((vector) => checkedVector(field, vector, 'vectorizer'));
  return { field, values: vectors.length === 1 ? vectors[0]! : checkedVector(field, mean(vectors), 'vectorizer') };
}

function mean(vectors: readonly Float32Array[]): number[] {
  return Array.from(vectors[0]!, (_, i) => vectors.reduce((sum, vector) => sum + vector[i]!, 0) / vectors.length);
}
