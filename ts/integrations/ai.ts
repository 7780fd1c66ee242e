/**
 * `vectile/ai`: for the AI SDK, the optional peer `ai`. Models of its providers can be given to a collection as they are; here they get
 * options, and a collection becomes a tool that a model may call.
 */
import { jsonSchema, tool, type Tool } from 'ai';
import { checkOptions, oneOf } from '../engine/checks.js';
import { VectileError, failed, invalid } from '../errors.js';
import type { Collection, EmbeddingModel, GenerateFunction, HybridOptions, LanguageModel, NamedVectorizer, Properties } from '../index.js';
import { isLanguageModel, ofModel as ofLanguageModel } from '../rag/generator.js';
import { RETRY_OPTIONS, checkRetry, type RetryOptions } from '../rag/retry.js';
import { ofModel as ofEmbeddingModel } from '../rag/vectorizer.js';

export type { RetryOptions } from '../rag/retry.js';

export interface VectorizerOptions extends RetryOptions {
  /** By which a collection remembers it; default `provider/modelId`. */
  name?: string;
}

/** A vectorizer of an embedding model: `embeddingModel` of a provider. */
export function vectorizer(model: EmbeddingModel, options: VectorizerOptions = {}): NamedVectorizer {
  if (typeof model?.doEmbed !== 'function') throw invalid('model', 'an embedding model of the AI SDK', model);
  checkOptions(options, ['name', ...RETRY_OPTIONS]);
  checkRetry(options);
  const held = ofEmbeddingModel(model, options);
  return {
    name: options.name ?? held.name!,
    async embed(texts, call) {
      try {
        return await held.embed(texts, call);
      } catch (cause) {
        // as it is, it would be repeated once more by the collection
        throw cause instanceof VectileError ? cause : failed('VECTORIZER_FAILED', 'vectorizer', cause);
      }
    },
  };
}

export interface GeneratorOptions extends RetryOptions {
  /** What the model is told before each prompt. */
  system?: string;
  /** Options of the model's calls, such as `{ temperature: 0, maxOutputTokens: 500 }`. */
  settings?: object;
}

/** A generator of a language model. `retries` are for calls that fail before their text begins. */
export function generator(model: LanguageModel, options: GeneratorOptions = {}): GenerateFunction {
  if (!isLanguageModel(model)) throw invalid('model', 'a language model of the AI SDK', model);
  checkOptions(options, ['system', 'settings', ...RETRY_OPTIONS]);
  checkRetry(options);
  const { system, settings, ...retry } = options;
  if (system !== undefined && typeof system !== 'string') throw invalid('system', 'a text', system);
  if (settings !== undefined && (typeof settings !== 'object' || settings === null)) throw invalid('settings', 'an object', settings);
  return ofLanguageModel(model, { system, settings, retry });
}

export interface SearchToolOptions<P extends object = Properties> {
  /** Which query. Default `hybrid`. */
  kind?: 'hybrid' | 'bm25' | 'nearText';
  /** What the model is told the tool is for. Default that it searches the collection of this name. */
  description?: string;
  /** Options of the query, such as `{ limit: 8, filters, returnProperties: ['text'] }`. Default limit 5. */
  search?: Pick<HybridOptions<P>, 'limit' | 'filters' | 'returnProperties' | 'autoLimit' | 'rerank' | 'targetVector' | 'timeoutMs'>;
}

/** What the model gets of each object. */
export interface SearchToolHit {
  id: string;
  properties: Record<string, unknown>;
}

/**
 * A tool by which a language model searches a collection, or a tenant of it: it gives a text, and gets objects, best first.
 *
 * ```ts
 * const { text } = await generateText({ model, tools: { search: searchTool(tickets) }, stopWhen: stepCountIs(3), prompt: 'Why do customers ask for refunds?' });
 * ```
 */
export function searchTool<P extends object = Properties>(collection: Collection<P>, options: SearchToolOptions<P> = {}): Tool<{ query: string }, SearchToolHit[]> {
  checkOptions(options, ['kind', 'description', 'search']);
  const { kind = 'hybrid', description = `Searches ${collection.name}. Gives the objects that fit a text best, with their ids.`, search } = options;
  oneOf('kind', kind, ['hybrid', 'bm25', 'nearText']);
  const inputSchema = jsonSchema<{ query: string }>({
    type: 'object',
    properties: { query: { type: 'string', description: 'What to look for, in plain words.' } },
    required: ['query'],
    additionalProperties: false,
  });
  return tool({
    description,
    inputSchema,
    async execute({ query }: { query: string }, { abortSignal }: { abortSignal?: AbortSignal }): Promise<SearchToolHit[]> {
      const asked = { limit: 5, ...search, ...abortSignal && { signal: abortSignal } };
      const { query: queries } = collection;
      const { objects } = await (kind === 'bm25' ? queries.bm25(query, withoutTarget(asked)) : kind === 'hybrid' ? queries.hybrid(query, asked) : queries.nearText(query, asked));
      return objects.map(({ id, properties }) => ({ id, properties: properties as Record<string, unknown> }));
    },
  }) as Tool<{ query: string }, SearchToolHit[]>;
}

/** Words are looked for in no vector. */
function withoutTarget<O extends { targetVector?: string }>({ targetVector: _, ...rest }: O): Omit<O, 'targetVector'> { return rest; }
