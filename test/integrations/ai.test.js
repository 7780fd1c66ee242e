// Against the real packages, over real HTTP, with a server here that speaks the protocol of OpenAI.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, stepCountIs } from 'ai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { generator, searchTool, vectorizer } from '../../ts/integrations/ai.js';
import { errorOf, memory, open } from '../database/support.js';
import { openaiServer } from './openai-server.js';

const texts = ['I want a refund for my order', 'The app crashes', 'Refund the second charge'];
const task = 'What do customers want?';

let server, provider, db, tickets;
beforeAll(async () => {
  server = await openaiServer();
  provider = createOpenAICompatible({ name: 'local', baseURL: server.url });
  db = await open({ store: memory() });
  tickets = await db.collections.create({ name: 'Ticket', properties: [{ name: 'text', dataType: 'text' }], vectorizer: provider.textEmbeddingModel('embed'), generator: provider('chat') });
  await tickets.data.insertMany(texts.map((text, i) => ({ id: String(i), properties: { text } })));
});
afterAll(async () => {
  await db.close();
  await server.close();
});
beforeEach(() => { server.requests.length = 0; });

const withGenerator = (model) => db.collections.use('Ticket', { generator: model });

describe.each([
  ['as they are', (model) => model, (model) => model],
  ['by vectile/ai', (model) => vectorizer(model, { delayMs: 1 }), (model) => generator(model, { delayMs: 1 })],
])('models %s', (_, asVectorizer, asGenerator) => {
  it('embed, and generate piece by piece', async () => {
    db.collections.use('Ticket', { vectorizer: asVectorizer(provider.textEmbeddingModel('embed')) });
    const generation = withGenerator(asGenerator(provider('chat'))).generate.hybrid('refund', { groupedTask: task }, { limit: 2 });
    const pieces = [];
    for await (const { text } of generation) if (text) pieces.push(text);
    expect(pieces).toEqual(['Customers ', 'want refunds ', '[1].']);
    expect((await generation).generative.text).toBe('Customers want refunds [1].');
    expect(server.requests.map(({ path }) => path)).toEqual(['/v1/embeddings', '/v1/chat/completions']);
    const { body } = server.requests[1];
    expect(body).toMatchObject({ model: 'chat', stream: true });
    expect(JSON.stringify(body.messages)).toContain('[1] ');
    expect(JSON.stringify(body.messages)).toContain(`Task: ${task}`);
  });

  it('are asked again where the server was busy', async () => {
    const other = await db.collections.create({ name: 'Busy', properties: [{ name: 'text', dataType: 'text' }], vectorizer: asVectorizer(provider.textEmbeddingModel('busy-embed')), generator: asGenerator(provider('busy-chat')) });
    await other.data.insert({ properties: { text: texts[0] } });
    expect((await other.generate.nearText('refund', { groupedTask: task })).generative.text).toBe('Customers want refunds [1].');
    expect(server.requests.map(({ body }) => body.model)).toEqual(['busy-embed', 'busy-embed', 'busy-embed', 'busy-chat', 'busy-chat']);
    await db.collections.delete('Busy');
  });

  it.each(['hanging', 'silent'])('abort at once a stream that is %s, and the server sees that', async (name) => {
    const ender = new AbortController();
    const generation = withGenerator(asGenerator(provider(name))).generate.bm25('refund', { groupedTask: task }, { signal: ender.signal });
    const ended = errorOf(() => generation);
    const parts = generation[Symbol.asyncIterator]();
    expect((await parts.next()).value.objects).toHaveLength(2);
    if (name === 'hanging') expect((await parts.next()).value.text).toBe('Customers ');
    await expect.poll(() => server.requests.length).toBe(1);
    const at = performance.now();
    ender.abort();
    const turn = new Promise((resolve) => setImmediate(resolve));
    expect(await Promise.race([ended, turn])).toMatchObject({ code: 'ABORTED' }); // before anything else has its turn
    expect(await server.requests[0].closed).toBeGreaterThan(at);
  });

  it('whose loop is left lets go of the connection', async () => {
    for await (const { text } of withGenerator(asGenerator(provider('hanging'))).generate.bm25('refund', { groupedTask: task })) if (text) break;
    expect(await server.requests[0].closed).toBeGreaterThan(0);
  });
});

describe('a vectorizer', () => {
  it('has the name of its model, or the one that it is given', () => {
    expect(vectorizer(provider.textEmbeddingModel('embed')).name).toBe('local.embedding/embed');
    expect(vectorizer(provider.textEmbeddingModel('embed'), { name: 'mine' }).name).toBe('mine');
  });

  it('that gives up is not asked anew', async () => {
    const calls = [];
    const failing = { ...provider.textEmbeddingModel('x'), provider: 'local', doEmbed: async () => { calls.push(1); throw Object.assign(new Error('full'), { statusCode: 503 }); } };
    const other = await db.collections.create({ name: 'Failing', properties: [{ name: 'text', dataType: 'text' }], vectorizer: vectorizer(failing, { retries: 2, delayMs: 1, random: () => 1 }) });
    expect(await errorOf(() => other.query.nearText('x'))).toMatchObject({ code: 'VECTORIZER_FAILED', cause: { statusCode: 503 } });
    expect(calls).toHaveLength(3);
  });
});

describe('a generator', () => {
  it('passes system and settings on', async () => {
    await withGenerator(generator(provider('chat'), { system: 'Be brief.', settings: { temperature: 0, maxOutputTokens: 7 } })).generate.bm25('refund', { groupedTask: task });
    const { body } = server.requests[0];
    expect(body).toMatchObject({ temperature: 0, max_tokens: 7 });
    expect(body.messages[0]).toEqual({ role: 'system', content: 'Be brief.' });
  });
});

describe('a search tool', () => {
  it('is called by a model', async () => {
    const tools = { search: searchTool(tickets, { kind: 'bm25', search: { limit: 2, returnProperties: ['text'] } }) };
    const { text, steps } = await generateText({ model: provider('chat'), tools, stopWhen: stepCountIs(2), prompt: task });
    expect(text).toBe('done');
    expect(steps[0].toolResults[0].output.map(({ id }) => id).sort()).toEqual(['0', '2']);
    const [{ body }, { body: last }] = server.requests;
    expect(body.tools[0].function).toMatchObject({ name: 'search', description: expect.stringContaining('Ticket'), parameters: { type: 'object', required: ['query'] } });
    expect(last.messages.at(-1)).toMatchObject({ role: 'tool', content: expect.stringContaining('I want a refund') });
  });

  it.each(['hybrid', 'nearText'])('by %s', async (kind) => {
    expect((await searchTool(tickets, { kind }).execute({ query: 'refund' }, { toolCallId: 'x', messages: [] })).length).toBe(3);
  });
});

it('refuses what is none', async () => {
  const calls = [
    () => vectorizer(provider('chat')), () => generator(provider.textEmbeddingModel('embed')), () => vectorizer(provider.textEmbeddingModel('x'), { retries: 11 }), () => generator(provider('x'), { delayMs: -1 }),
    () => generator(provider('x'), { system: 5 }), () => generator(provider('x'), { settings: 5 }), () => generator(provider('x'), { temperature: 0 }), () => searchTool(tickets, { kind: 'nearVector' }), () => searchTool(tickets, { limit: 5 }),
  ];
  for (const call of calls) expect((await errorOf(call)).code, String(call)).toBe('INVALID_ARGUMENT');
});
