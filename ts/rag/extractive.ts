/**
 * A generator without a model: a summary in the words of what was found.
 *
 *   objects → sentences → vectors → relevance → one sentence after another, each far from those before → its near-duplicates beside it
 *
 * The same request gives the same text.
 */
import { checkOptions, integer } from '../engine/checks.js';
import { VectileError } from '../errors.js';
import { checkAborted } from '../shard/abort.js';
import { cueOf } from './cues.js';
import type { GenerateFunction, GenerateRequest } from './generator.js';
import { contentOf, sentencesOf, type Sentence } from './sentences.js';
import { TEXTS_MAX, vectorizerOf, type EmbedFunction, type Vectorizer } from './vectorizer.js';

export interface ExtractiveOptions {
  /** The most that are quoted, 1 … 50, default 5. */
  sentences?: number;
  /** By which sentences are compared. Default that of the collection, and without one the words. */
  vectorizer?: Vectorizer;
}

/** Sentences that are compared, of all objects. */
const COMPARED_MAX = 200;
/** From this cosine on, one of two sentences stands for both. Words differ more than what they mean. */
const SAME = { vectors: 0.75, words: 0.6 };
/** What a sentence counts for, next to which that of being like a chosen one is taken off. */
const RELEVANCE = { query: 0.3, task: 0.1, common: 0.4, first: 0.05, long: 0.3, shouted: 0.15 };
const REDUNDANCY = 0.5;
/** A sentence of a result that has been quoted already counts so much less. */
const QUOTED = 0.2;
/** What has less of the best one's relevance is not quoted. */
const LEAST = 0.4;

/** Cosines of sentences with each other, the query and the task. */
interface Likeness {
  between(a: number, b: number): number;
  query: readonly number[];
  task: readonly number[];
  same: number;
}

/**
 * A generator that needs no model and no network: it quotes those sentences of the results that say most of what was asked for and least
 * of the same, says in how many results the same is said, and cites them as `[1]`. What it makes is a summary; it understands nothing.
 *
 * ```ts
 * const tickets = db.collections.use('Ticket', { generator: extractive({ sentences: 3 }) });
 * const { generative } = await tickets.generate.bm25('parcel', { groupedTask: 'What are customers complaining about?' });
 * ```
 */
export function extractive(options: ExtractiveOptions = {}): GenerateFunction {
  checkOptions(options, ['sentences', 'vectorizer']);
  const { sentences: count = 5 } = options;
  integer('sentences', count, 1, 50);
  const own = options.vectorizer === undefined ? undefined : vectorizerOf(options.vectorizer).embed;
  return async function* (request) {
    const { objects, task, signal } = request;
    const sentences = sentencesOf(objects, COMPARED_MAX);
    if (!sentences.length) return;
    const embed = own ? inParts(own, signal) : request.embed;
    const likeness = embed ? await byVectors(sentences, request, embed) : byWords(sentences, request);
    checkAborted(signal);
    const lines = chosen(sentences, relevanceOf(sentences, likeness, task), likeness, count);
    for (const [i, { lead, objects: said }] of lines.entries()) {
      checkAborted(signal);
      const share = said.length > 1 ? `${said.length} of ${objects.length} results: ` : '';
      const cited = request.kind === 'grouped' ? ` ${said.map((object) => `[${object + 1}]`).join('')}` : '';
      yield `${i ? '\n' : ''}${lines.length > 1 ? '- ' : ''}${share}${sentences[lead]!.text}${cited}`;
    }
  };
}

function relevanceOf(sentences: readonly Sentence[], { between, query, task: like }: Likeness, task: string): number[] {
  const cue = cueOf(task);
  const cues = sentences.map(({ text }) => cue(text));
  const cued = Math.max(...cues);
  return sentences.map(({ object, text, words }, i) => {
    if (cues[i]! < cued) return -Infinity; // others speak of what was asked for
    // said by others, too: the mean of what is closest to it in each of the other results
    const closest = new Map<number, number>();
    for (const [j, other] of sentences.entries()) if (other.object !== object) closest.set(other.object, Math.max(closest.get(other.object) ?? 0, between(i, j)));
    const common = closest.size ? [...closest.values()].reduce((sum, value) => sum + value, 0) / closest.size : 0;
    const isFirst = sentences[i - 1]?.object !== object;
    const isShouted = text === text.toUpperCase() && text !== text.toLowerCase();
    return RELEVANCE.query * query[i]! + RELEVANCE.task * like[i]! + RELEVANCE.common * common
      + (isFirst ? RELEVANCE.first : 0) + RELEVANCE.long * Math.min(1, words.length / 6) - (isShouted ? RELEVANCE.shouted : 0);
  });
}

/** `objects`: places of those that say the same, ascending. What most of them say comes first. */
function chosen(sentences: readonly Sentence[], relevance: readonly number[], { between, same }: Likeness, count: number): { lead: number; objects: number[] }[] {
  const lines: { lead: number; objects: number[] }[] = [];
  const most = relevance.reduce((a, b) => Math.max(a, b));
  const least = Math.min(most, LEAST * most);
  const left = new Set(sentences.keys());
  const likest = new Array<number>(sentences.length).fill(0);
  const quoted = new Set<number>();
  while (left.size && lines.length < count) {
    let lead = -1, best = -Infinity;
    for (const i of left) {
      if (relevance[i]! < least) continue;
      const value = relevance[i]! - REDUNDANCY * likest[i]! - (quoted.has(sentences[i]!.object) ? QUOTED : 0);
      if (value > best) [lead, best] = [i, value];
    }
    if (lead < 0) break;
    const group = [...left].filter((i) => i === lead || between(lead, i) > same);
    const objects = [...new Set(group.map((i) => sentences[i]!.object))].sort((a, b) => a - b);
    for (const object of objects) quoted.add(object);
    for (const i of group) left.delete(i);
    for (const i of left) likest[i] = Math.max(likest[i]!, between(lead, i));
    lines.push({ lead, objects });
  }
  return lines.sort((a, b) => b.objects.length - a.objects.length);
}

async function byVectors(sentences: readonly Sentence[], { query, task }: GenerateRequest, embed: NonNullable<GenerateRequest['embed']>): Promise<Likeness> {
  const texts = [...sentences.map(({ text }) => text), task, ...query ? [query] : []];
  const vectors = (await embed(texts)).map(unit);
  if (!vectors.every((vector) => vector.length === vectors[0]!.length && vector.every(Number.isFinite))) {
    throw new VectileError('VECTORIZER_FAILED', 'vectorizer: expected vectors of finite numbers, all of one length, got others');
  }
  const cosine = (a: number, b: number): number => dot(vectors[a]!, vectors[b]!);
  const asked = sentences.length;
  return {
    between: cosine, same: SAME.vectors,
    query: sentences.map((_, i) => (query ? cosine(i, asked + 1) : 0)),
    task: sentences.map((_, i) => cosine(i, asked)),
  };
}

/** Words that few sentences have count more. */
function byWords(sentences: readonly Sentence[], { query = '', task }: GenerateRequest): Likeness {
  const frequency = new Map<string, number>();
  for (const { words } of sentences) for (const word of new Set(words)) frequency.set(word, (frequency.get(word) ?? 0) + 1);
  const weighted = (words: readonly string[]): Map<string, number> => {
    const weights = new Map<string, number>();
    for (const word of words) weights.set(word, (weights.get(word) ?? 0) + Math.log(1 + sentences.length / (frequency.get(word) ?? sentences.length)));
    const length = Math.hypot(...weights.values()) || 1;
    for (const [word, weight] of weights) weights.set(word, weight / length);
    return weights;
  };
  const cosine = (a: Map<string, number>, b: Map<string, number>): number => {
    let sum = 0;
    for (const [word, weight] of a) sum += weight * (b.get(word) ?? 0);
    return sum;
  };
  const vectors = sentences.map(({ words }) => weighted(words));
  const [asked, told] = [weighted(contentOf(query)), weighted(contentOf(task))];
  return {
    between: (a, b) => cosine(vectors[a]!, vectors[b]!), same: SAME.words,
    query: vectors.map((vector) => cosine(vector, asked)), task: vectors.map((vector) => cosine(vector, told)),
  };
}

function inParts(embed: EmbedFunction, signal: AbortSignal): NonNullable<GenerateRequest['embed']> {
  return async (texts) => {
    const vectors: ArrayLike<number>[] = [];
    for (let from = 0; from < texts.length; from += TEXTS_MAX) {
      const part = texts.slice(from, from + TEXTS_MAX);
      const made = await embed(part, { signal });
      if (made?.length !== part.length) throw new VectileError('VECTORIZER_FAILED', `vectorizer: expected a vector for each of ${part.length} texts, got ${made?.length}`);
      vectors.push(...made);
    }
    return vectors;
  };
}

function unit(vector: ArrayLike<number>): Float32Array {
  const values = Float32Array.from(vector);
  const length = Math.sqrt(dot(values, values)) || 1;
  return values.map((value) => value / length);
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
