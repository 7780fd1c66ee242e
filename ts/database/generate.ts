/** Queries whose results are read by a generator: the same as those of `query`, and texts that are made of what they find. */
import { checkOptions } from '../engine/checks.js';
import { VectileError, invalid } from '../errors.js';
import { Generation } from '../rag/generation.js';
import { piecesOf, type GenerateFunction, type GenerateObject, type GenerateRequest } from '../rag/generator.js';
import { filledPrompt, groupedPrompt, placeholdersOf } from '../rag/prompt.js';
import { TEXTS_MAX } from '../rag/vectorizer.js';
import { checkAborted } from '../shard/abort.js';
import { pause } from '../shard/pause.js';
import { call, checkSignal, type CallOptions } from './calls.js';
import type { GroupedResult, QueryResult } from './hit-results.js';
import type { CollectionHost } from './host.js';
import { textOfQuery, type Found, type InGroups, type Query, type Scored } from './query.js';
import type { Bm25Options, FetchObjectsOptions, FetchOptions, Grouped, HybridOptions, NearOptions, OrderedName } from './query-options.js';
import type { MetadataNames, PropertyNames } from './results.js';
import { checkPropertyNames } from './schema.js';
import type { Properties, VectorsInput } from './typed.js';
import { embed } from './vectorize.js';

/** What is to be generated; at least one of the first two. */
export interface GeneratePrompts<P extends object = Properties> {
  /** Asked once for each object, with the object's values in place of `{property}`, of which there is at least one; up to 4 at a time. */
  singlePrompt?: string;
  /** Asked once, beside a list of all objects. */
  groupedTask?: string;
  /** What of the objects `groupedTask` is given; default all their properties. */
  groupedProperties?: readonly Extract<keyof P, string>[];
}

export interface GeneratedText {
  /** The whole text; '' where nothing was found. */
  generative: { text: string };
}

type Of<Prompt> = Prompt extends string ? GeneratedText : Partial<GeneratedText>;
type Each<O, T> = O & Of<T extends { singlePrompt: infer S } ? S : undefined>;

/** A result of a query, with texts where `T`, the prompts, ask for them: of each object, and of all. */
export type Generated<Q extends { objects: unknown[] }, T> =
  & Omit<Q, 'objects' | 'groups'>
  & { objects: Each<Q['objects'][number], T>[] }
  & (Q extends { groups: (infer G extends { objects: unknown[] })[] } ? { groups: (Omit<G, 'objects'> & { objects: Each<G['objects'][number], T>[] })[] } : unknown)
  & Of<T extends { groupedTask: infer S } ? S : undefined>;

/** First what was found; then pieces of texts, to be put together as they come: `index` is that of the object, undefined for `groupedTask`. */
export type GeneratedPart<Q extends { objects: unknown[] }> =
  | (Q & { text?: undefined; index?: undefined })
  | { text: string; index?: number; objects?: undefined };

type Made<Q extends { objects: unknown[] }, T> = Generation<Generated<Q, T>, GeneratedPart<Q>>;

/** Prompts asked at a time, of those that are asked for each object. */
const SINGLE_PROMPTS = 4;
/** Of a generator that never waits; then timers, such as that of `timeoutMs`, have their turn. */
const PIECES_AT_ONCE = 1000;

type Result = QueryResult<object> & Partial<Pick<GroupedResult<object>, 'groups'>> & Partial<GeneratedText>;
type Options<P extends object> = FetchOptions<P> & { groupBy?: unknown };

/**
 * The queries of `query`, with something to be generated of what they find. Each gives a `Generation`, which begins when it is awaited or
 * iterated. Beside what the query throws: GENERATOR_MISSING, GENERATOR_FAILED, and INVALID_ARGUMENT or SCHEMA_MISMATCH for prompts, before
 * anything is searched. `signal` and `timeoutMs` hold for the search and the generation together.
 *
 * ```ts
 * const { generative, objects } = await tickets.generate.hybrid('refund', { groupedTask: 'What are customers asking for?' }, { limit: 8 });
 *
 * for await (const { text } of tickets.generate.hybrid('refund', { groupedTask: 'What are customers asking for?' })) show(text);
 * ```
 */
export class Generate<P extends object = Properties> {
  readonly #host: CollectionHost;
  readonly #query: Query<P>;

  /** @internal */
  constructor(host: CollectionHost, query: Query<P>) {
    this.#host = host;
    this.#query = query;
  }

  /** As `query.fetchObjectsByIds`. */
  fetchObjectsByIds<const N extends PropertyNames<P> = undefined, const R extends MetadataNames = undefined, const T extends GeneratePrompts<P> = GeneratePrompts<P>>(
    ids: readonly string[], prompts: T, options?: FetchOptions<P, N, R>,
  ): Made<Found<P, N, R, never>, T>;
  fetchObjectsByIds(ids: readonly string[], prompts: GeneratePrompts<P>, options: FetchOptions<P> = {}): Made<Result, unknown> {
    return this.#generation(prompts, options, undefined, (asked) => this.#query.fetchObjectsByIds(ids, asked));
  }

  /** As `query.fetchObjects`. */
  fetchObjects<const N extends PropertyNames<P> = undefined, const R extends MetadataNames = undefined, const T extends GeneratePrompts<P> = GeneratePrompts<P>>(
    prompts: T, options?: FetchObjectsOptions<P, N, R>,
  ): Made<Found<P, N, R, never>, T>;
  fetchObjects(prompts: GeneratePrompts<P>, options: FetchObjectsOptions<P> = {}): Made<Result, unknown> {
    return this.#generation(prompts, options, undefined, (asked) => this.#query.fetchObjects(asked));
  }

  /** As `query.nearVector`. */
  nearVector<const N extends PropertyNames<P> = undefined, const R extends MetadataNames = undefined, G extends OrderedName<P> = never, const T extends GeneratePrompts<P> = GeneratePrompts<P>>(
    vector: VectorsInput, prompts: T, options: Grouped<P, NearOptions<P, N, R>, G>,
  ): Made<InGroups<P, N, R, 'distance', G>, T>;
  nearVector<const N extends PropertyNames<P> = undefined, const R extends MetadataNames = undefined, const T extends GeneratePrompts<P> = GeneratePrompts<P>>(
    vector: VectorsInput, prompts: T, options?: NearOptions<P, N, R>,
  ): Made<Found<P, N, R, 'distance'>, T>;
  nearVector(vector: VectorsInput, prompts: GeneratePrompts<P>, options: NearOptions<P> = {}): Made<Result, unknown> {
    return this.#generation(prompts, options, undefined, (asked) => this.#query.nearVector(vector, asked));
  }

  /** As `query.nearObject`. */
  nearObject<const N extends PropertyNames<P> = undefined, const R extends MetadataNames = undefined, G extends OrderedName<P> = never, const T extends GeneratePrompts<P> = GeneratePrompts<P>>(
    id: string, prompts: T, options: Grouped<P, NearOptions<P, N, R>, G>,
  ): Made<InGroups<P, N, R, 'distance', G>, T>;
  nearObject<const N extends PropertyNames<P> = undefined, const R extends MetadataNames = undefined, const T extends GeneratePrompts<P> = GeneratePrompts<P>>(
    id: string, prompts: T, options?: NearOptions<P, N, R>,
  ): Made<Found<P, N, R, 'distance'>, T>;
  nearObject(id: string, prompts: GeneratePrompts<P>, options: NearOptions<P> = {}): Made<Result, unknown> {
    return this.#generation(prompts, options, undefined, (asked) => this.#query.nearObject(id, asked));
  }

  /** As `query.nearText`. */
  nearText<const N extends PropertyNames<P> = undefined, const R extends MetadataNames = undefined, G extends OrderedName<P> = never, const T extends GeneratePrompts<P> = GeneratePrompts<P>>(
    text: string | readonly string[], prompts: T, options: Grouped<P, NearOptions<P, N, R>, G>,
  ): Made<InGroups<P, N, R, 'distance', G>, T>;
  nearText<const N extends PropertyNames<P> = undefined, const R extends MetadataNames = undefined, const T extends GeneratePrompts<P> = GeneratePrompts<P>>(
    text: string | readonly string[], prompts: T, options?: NearOptions<P, N, R>,
  ): Made<Found<P, N, R, 'distance'>, T>;
  nearText(text: string | readonly string[], prompts: GeneratePrompts<P>, options: NearOptions<P> = {}): Made<Result, unknown> {
    return this.#generation(prompts, options, textOfQuery(text), (asked) => this.#query.nearText(text, asked));
  }

  /** As `query.bm25`. */
  bm25<const N extends PropertyNames<P> = undefined, const R extends MetadataNames = undefined, G extends OrderedName<P> = never, const T extends GeneratePrompts<P> = GeneratePrompts<P>>(
    query: string, prompts: T, options: Grouped<P, Bm25Options<P, N, R>, G>,
  ): Made<InGroups<P, N, R, Scored, G>, T>;
  bm25<const N extends PropertyNames<P> = undefined, const R extends MetadataNames = undefined, const T extends GeneratePrompts<P> = GeneratePrompts<P>>(
    query: string, prompts: T, options?: Bm25Options<P, N, R>,
  ): Made<Found<P, N, R, Scored>, T>;
  bm25(query: string, prompts: GeneratePrompts<P>, options: Bm25Options<P> = {}): Made<Result, unknown> {
    return this.#generation(prompts, options, query, (asked) => this.#query.bm25(query, asked));
  }

  /** As `query.hybrid`. */
  hybrid<const N extends PropertyNames<P> = undefined, const R extends MetadataNames = undefined, G extends OrderedName<P> = never, const T extends GeneratePrompts<P> = GeneratePrompts<P>>(
    query: string, prompts: T, options: Grouped<P, HybridOptions<P, N, R>, G>,
  ): Made<InGroups<P, N, R, Scored, G>, T>;
  hybrid<const N extends PropertyNames<P> = undefined, const R extends MetadataNames = undefined, const T extends GeneratePrompts<P> = GeneratePrompts<P>>(
    query: string, prompts: T, options?: HybridOptions<P, N, R>,
  ): Made<Found<P, N, R, Scored>, T>;
  hybrid(query: string, prompts: GeneratePrompts<P>, options: HybridOptions<P> = {}): Made<Result, unknown> {
    return this.#generation(prompts, options, query, (asked) => this.#query.hybrid(query, asked));
  }

  /** `text`: what is searched by, if it is text. */
  #generation<O extends Options<P>>(prompts: GeneratePrompts<P>, options: O, text: string | undefined, search: (options: O) => Promise<QueryResult<object>>): Made<Result, unknown> {
    return new Generation<Generated<Result, unknown>, GeneratedPart<Result>>(async (emit, leave) => {
      const needed = checkPrompts(this.#host, prompts, options);
      return within(options, leave, async (signal) => {
        const found: Result = await search({ ...options, ...needed !== undefined && { returnProperties: needed }, signal });
        const { objects } = found;
        const read = objects.map(({ id, properties }) => ({ id, properties: { ...properties } as Record<string, unknown> }));
        if (needed) for (const { properties } of objects) keepOnly(properties, options.returnProperties!);
        checkAborted(signal);
        const result = copied(found);
        emit(found);
        await generate({ host: this.#host, prompts: prompts as GeneratePrompts, text, read, result, emit, signal });
        return result as Generated<Result, unknown>;
      });
    });
  }
}

/** What must be read of the objects, if less than all is to be returned. Throws GENERATOR_MISSING, INVALID_ARGUMENT, SCHEMA_MISMATCH. */
function checkPrompts<P extends object>(host: CollectionHost, prompts: GeneratePrompts<P>, options: Options<P>): readonly Extract<keyof P, string>[] | undefined {
  if (typeof options !== 'object' || options === null) throw invalid('options', 'an object', options);
  const { returnProperties } = options;
  if (typeof prompts !== 'object' || prompts === null) throw invalid('prompts', '{ singlePrompt, groupedTask, groupedProperties }', prompts);
  checkOptions(prompts, ['singlePrompt', 'groupedTask', 'groupedProperties'], 'prompts');
  const { singlePrompt, groupedTask, groupedProperties } = prompts;
  if (singlePrompt === undefined && groupedTask === undefined) throw invalid('prompts', 'singlePrompt or groupedTask', 'neither');
  for (const [name, prompt] of Object.entries({ singlePrompt, groupedTask })) {
    if (prompt !== undefined && !(typeof prompt === 'string' && prompt.trim())) throw invalid(name, 'a text', prompt);
  }
  const schema = host.schema();
  const named = singlePrompt === undefined ? [] : placeholdersOf(singlePrompt);
  if (singlePrompt !== undefined && !named.length) throw invalid('singlePrompt', 'a text with the name of a property in braces, {name}', singlePrompt);
  for (const name of named) {
    if (!schema.properties.some((property) => property.name === name)) throw invalid('singlePrompt', `names of properties (${schema.properties.map((each) => each.name).join(', ')}) in braces`, `{${name}}`);
  }
  if (groupedProperties !== undefined) {
    if (groupedTask === undefined) throw invalid('groupedProperties', 'none without groupedTask', groupedProperties);
    checkPropertyNames(schema, groupedProperties, 'groupedProperties');
  }
  if (!host.models().generator) {
    throw new VectileError('GENERATOR_MISSING', `collection ${host.name}: expected use(${JSON.stringify(host.name)}, { generator }), got none`);
  }
  if (returnProperties === undefined) return undefined;
  checkPropertyNames(schema, returnProperties);
  const grouped = groupedTask === undefined ? [] : groupedProperties ?? schema.properties.map(({ name }) => name);
  return [...new Set([...returnProperties, ...named, ...grouped])] as Extract<keyof P, string>[];
}

/** Does work that ends by the options of the call, or because the one who read the parts has left. */
async function within<T>({ signal, timeoutMs }: CallOptions, leave: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  checkSignal(signal);
  const either = new AbortController();
  const stop = ({ reason }: AbortSignal) => either.abort(reason);
  const onSignal = () => stop(signal!), onLeave = () => stop(leave);
  if (signal?.aborted) onSignal();
  signal?.addEventListener('abort', onSignal);
  leave.addEventListener('abort', onLeave);
  try {
    return await call({ signal: either.signal, timeoutMs }, [], (ended) => work(ended!));
  } finally {
    signal?.removeEventListener('abort', onSignal);
    leave.removeEventListener('abort', onLeave);
  }
}

interface Task {
  host: CollectionHost;
  prompts: GeneratePrompts;
  text: string | undefined;
  /** Objects with all that prompts may need, in the order of the result. */
  read: readonly GenerateObject[];
  /** Gets the texts. */
  result: Result;
  emit: (part: GeneratedPart<Result>) => void;
  signal: AbortSignal;
}

/** One that fails ends the others. */
async function generate({ host, prompts: { singlePrompt, groupedTask, groupedProperties }, text, read, result, emit, signal }: Task): Promise<void> {
  const generator = host.models().generator!;
  const failure = new AbortController();
  const onAbort = () => failure.abort(signal.reason);
  signal.addEventListener('abort', onAbort);
  const common = { query: text, signal: failure.signal, embed: embedder(host, failure.signal) };
  const single = async (index: number) => {
    const { id, properties } = read[index]!;
    const some = picked(properties, placeholdersOf(singlePrompt!));
    const request = { ...common, kind: 'single' as const, prompt: filledPrompt(singlePrompt!, some), task: singlePrompt!, objects: [{ id, properties: some }] };
    Object.assign(result.objects[index]!, { generative: { text: await written(generator, request, (piece) => emit({ text: piece, index })) } });
  };
  const grouped = async () => {
    const objects = groupedProperties ? read.map(({ id, properties }) => ({ id, properties: picked(properties, groupedProperties) })) : read;
    const request = { ...common, kind: 'grouped' as const, prompt: groupedPrompt(groupedTask!, objects), task: groupedTask!, objects };
    result.generative = { text: read.length ? await written(generator, request, (piece) => emit({ text: piece })) : '' };
  };
  let next = 0;
  const singles = async () => { while (next < read.length && !failure.signal.aborted) await single(next++); };
  try {
    await Promise.all([...singlePrompt === undefined ? [] : Array.from({ length: SINGLE_PROMPTS }, singles), ...groupedTask === undefined ? [] : [grouped()]]);
  } catch (cause) {
    failure.abort(cause);
    throw cause;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function written(generator: GenerateFunction, request: GenerateRequest, tell: (piece: string) => void): Promise<string> {
  let text = '', count = 0;
  for await (const piece of piecesOf(generator, request)) {
    text += piece;
    tell(piece);
    if (++count % PIECES_AT_ONCE === 0) await pause();
  }
  return text;
}

/** In objects of its own, which get the texts: those that were emitted are the reader's, who may sort or freeze them. */
function copied({ objects, groups, ...rest }: Result): Result {
  const copies = new Map(objects.map((object) => [object, { ...object }]));
  const of = (those: Result['objects']) => those.map((object) => copies.get(object)!);
  return { ...rest, objects: of(objects), ...groups && { groups: groups.map((group) => ({ ...group, objects: of(group.objects) })) } };
}

function embedder(host: CollectionHost, signal: AbortSignal): GenerateRequest['embed'] {
  if (!host.models().vectorizer) return undefined;
  return async (texts) => {
    const vectors: ArrayLike<number>[] = [];
    for (let from = 0; from < texts.length; from += TEXTS_MAX) vectors.push(...await embed(host, texts.slice(from, from + TEXTS_MAX), signal));
    return vectors;
  };
}

function picked(properties: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.filter((name) => Object.hasOwn(properties, name)).map((name) => [name, properties[name]]));
}

function keepOnly(properties: object, names: readonly string[]): void {
  for (const name of Object.keys(properties)) if (!names.includes(name)) Reflect.deleteProperty(properties, name);
}
