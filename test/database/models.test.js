// Models in place of functions: what they are asked, when they are asked again, and by which name a collection knows them.
import { describe, expect, it } from 'vitest';
import { errorOf, memory, open } from './support.js';

const ticket = { name: 'Ticket', properties: [{ name: 'text', dataType: 'text' }] };
const codeOf = async (call) => (await errorOf(call)).code;
const failure = (more) => Object.assign(new Error('busy'), more);

/** An embedding model as the AI SDK has them. */
function embeddingModel(more) {
  const calls = [];
  return {
    specificationVersion: 'v3', provider: 'acme', modelId: 'small', maxEmbeddingsPerCall: undefined, supportsParallelCalls: false, calls,
    async doEmbed({ values, abortSignal }) {
      calls.push({ values, abortSignal });
      return { embeddings: values.map((text) => [text.length, 1]), warnings: [] };
    },
    ...more,
  };
}

async function withTickets(config, work) {
  const store = memory();
  const db = await open({ store });
  try {
    await work(await db.collections.create({ ...ticket, ...config }), db, store);
  } finally {
    await db.close();
  }
}

const texts = (count) => Array.from({ length: count }, (_, i) => ({ id: String(i), properties: { text: 'x'.repeat(i + 1) } }));

describe('an embedding model', () => {
  it('is called with as many texts as it takes, in turn', async () => {
    const model = embeddingModel({ maxEmbeddingsPerCall: Promise.resolve(3) });
    await withTickets({ vectorizer: model }, async (tickets) => {
      expect((await tickets.data.insertMany(texts(8))).errors).toEqual([]);
      expect(model.calls.map(({ values }) => values.length)).toEqual([3, 3, 2]);
      const { vectors } = await tickets.query.fetchObjectById('6', { includeVector: true });
      expect(vectors.default[0] / vectors.default[1]).toBeCloseTo(7);
    });
  });

  it('several calls at a time if it allows for that, and their order does not matter', async () => {
    let open = 0, most = 0;
    const model = embeddingModel({ maxEmbeddingsPerCall: 1, supportsParallelCalls: true });
    const { doEmbed } = model;
    model.doEmbed = async (options) => {
      most = Math.max(most, ++open);
      await new Promise((resolve) => setTimeout(resolve, 10 - options.values[0].length));
      open--;
      return doEmbed(options);
    };
    await withTickets({ vectorizer: model }, async (tickets) => {
      await tickets.data.insertMany(texts(9));
      expect(most).toBe(4);
      for (const { id, vectors } of (await tickets.query.fetchObjects({ includeVector: true })).objects) expect(vectors.default[0] / vectors.default[1]).toBeCloseTo(Number(id) + 1);
    });
  });

  it('is not asked for the rest after a call that failed', async () => {
    const model = embeddingModel({ maxEmbeddingsPerCall: 1, supportsParallelCalls: true });
    const { doEmbed } = model;
    let goOn;
    const gate = new Promise((resolve) => { goOn = resolve; });
    model.doEmbed = async (options) => {
      const made = await doEmbed(options);
      if (options.values[0] === 'a') throw new Error('full');
      await gate;
      return made;
    };
    await withTickets({ vectorizer: model }, async (tickets) => {
      expect(await codeOf(() => tickets.query.nearText([...'abcdefghi']))).toBe('VECTORIZER_FAILED');
      goOn();
      await new Promise((resolve) => setTimeout(resolve));
      expect(model.calls).toHaveLength(4);
    });
  });

  it('gets the signal, and another number of vectors is refused', async () => {
    const model = embeddingModel({ maxEmbeddingsPerCall: 2 });
    await withTickets({ vectorizer: model }, async (tickets) => {
      const { signal } = new AbortController();
      await tickets.query.nearText('x', { signal });
      expect(model.calls.at(-1).abortSignal).toBeInstanceOf(AbortSignal);
      model.doEmbed = async () => ({ embeddings: [[1, 0]] });
      expect(await errorOf(() => tickets.query.nearText(['x', 'y', 'z']))).toMatchObject({ code: 'VECTORIZER_FAILED', message: expect.stringMatching(/each of 2 texts, got 1$/) });
    });
  });
});

describe('calls that fail', () => {
  /** A model that fails so often, and how often it was called. */
  const failing = (times, error, calls = []) => embeddingModel({
    calls,
    async doEmbed({ values }) {
      calls.push(performance.now());
      if (calls.length <= times) throw error;
      return { embeddings: values.map(() => [1, 0]) };
    },
  });
  const now = { 'retry-after-ms': '1' };
  const itsOwnCause = failure();
  itsOwnCause.cause = itsOwnCause;
  const quick = (more) => failure({ responseHeaders: now, ...more });

  it.each([
    ['that say so', quick({ isRetryable: true })], ['429', quick({ statusCode: 429 })], ['503', quick({ status: 503 })], ['a lost connection', failure({ code: 'ECONNRESET' })],
    ['a fetch without a server', Object.assign(new TypeError('fetch failed'), { cause: failure({ code: 'ECONNREFUSED' }) })],
  ])('are repeated: %s', async (_, error) => {
    const model = failing(1, error);
    await withTickets({ vectorizer: model }, async (tickets) => {
      await tickets.query.nearText('x');
      expect(model.calls).toHaveLength(2);
    });
  });

  it.each([
    ['an error', new Error('broken')], ['that say so', failure({ isRetryable: false, statusCode: 503 })], ['400', failure({ statusCode: 400 })], ['a mistake', new TypeError('x is undefined')], ['its own cause', itsOwnCause],
    ['a server that wants to be left alone for an hour', failure({ statusCode: 429, responseHeaders: { 'retry-after': '3600' } })],
  ])('are not: %s', async (_, error) => {
    const model = failing(9, error);
    await withTickets({ vectorizer: model }, async (tickets) => {
      expect(await errorOf(() => tickets.query.nearText('x'))).toMatchObject({ code: 'VECTORIZER_FAILED', cause: error });
      expect(model.calls).toHaveLength(1);
    });
  });

  it('wait as long as the server asks, and no longer than the signal', async () => {
    const model = failing(9, failure({ statusCode: 429, responseHeaders: new Headers({ 'retry-after': '30' }) }));
    await withTickets({ vectorizer: model }, async (tickets) => {
      expect(await codeOf(() => tickets.query.nearText('x', { timeoutMs: 50 }))).toBe('TIMEOUT');
      expect(model.calls.length).toBeLessThan(2);
    });
  });
});

it('a vectorizer that comes after the call has ended writes nothing', async () => {
  await withTickets({ vectorizer: (all) => all.map(() => [1, 0]) }, async (tickets, db) => {
    await tickets.data.insert({ id: 'a', properties: { text: 'old' } });
    const ender = new AbortController();
    const gates = [];
    const late = db.collections.use('Ticket', { vectorizer: () => new Promise((resolve) => { gates.push(() => resolve([[1, 0]])); }) });
    const { signal } = ender;
    const calls = [
      late.data.insert({ id: 'b', properties: { text: 'new' } }, { signal }), late.data.insertMany([{ id: 'c', properties: { text: 'new' } }], { signal }),
      late.data.update({ id: 'a', properties: { text: 'new' } }, { signal }), late.data.replace({ id: 'a', properties: { text: 'new' } }, { signal }),
    ].map((call) => codeOf(() => call));
    await expect.poll(() => gates.length).toBe(4);
    ender.abort();
    expect(await Promise.all(calls)).toEqual(Array(4).fill('ABORTED'));
    for (const open of gates) open();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await tickets.query.fetchObjects()).objects.map(({ id, properties }) => [id, properties.text])).toEqual([['a', 'old']]);
  });
});

describe('a vectorizer with a name', () => {
  const named = (name) => ({ name, embed: (all) => all.map((text) => [text.length, 1]) });

  it('is remembered, missed by its name, and not to be mixed with another', async () => {
    await withTickets({ vectorizer: named('lengths') }, async (tickets, db, store) => {
      await tickets.data.insert({ id: 'a', properties: { text: 'hello' } });
      const other = db.collections.use('Ticket', { vectorizer: named('hashes') });
      const calls = [() => other.query.nearText('x'), () => other.data.insert({ properties: { text: 'x' } }), () => other.data.insertMany(texts(2)), () => other.data.update({ id: 'a', properties: { text: 'y' } })];
      for (const call of calls) expect(await errorOf(call)).toMatchObject({ code: 'VECTORIZER_MISMATCH', message: 'collection Ticket: expected the vectorizer lengths that its vectors are of, got hashes' });
      expect(await tickets.length()).toBe(1);
      await db.close();
      const again = await open({ store });
      expect(await errorOf(() => again.collections.use('Ticket').query.nearText('x'))).toMatchObject({ code: 'VECTORIZER_MISSING', message: expect.stringContaining('{ vectorizer }) with lengths') });
      const copy = await open({ store: memory(), from: again.export() });
      for (const place of [again, copy]) {
        expect(await codeOf(() => place.collections.use('Ticket').data.insert({ properties: { text: 'x' } }))).toBe('VECTORIZER_MISSING');
        expect((await place.collections.use('Ticket', { vectorizer: named('lengths') }).query.nearText('x')).objects).toHaveLength(1);
        expect((await place.collections.use('Ticket', { vectorizer: named('lengths').embed }).query.nearText('x')).objects).toHaveLength(1);
        await place.close();
      }
    });
  });

  it('of a model it is its provider and its id', async () => {
    await withTickets({ vectorizer: embeddingModel() }, async (tickets, db) => {
      const other = db.collections.use('Ticket', { vectorizer: embeddingModel({ modelId: 'large' }) });
      expect(await errorOf(() => other.query.nearText('x'))).toMatchObject({ message: expect.stringMatching(/acme\/small that its vectors are of, got acme\/large$/) });
    });
  });

  it.each([['a name'], [{}], [{ name: 'x' }], [{ name: '', embed: () => [] }], [{ embed: () => [] }], [{ doEmbed: 5 }], [5]])('is refused: %j', async (vectorizer) => {
    await withTickets({}, async (_, db) => {
      for (const call of [() => db.collections.use('Ticket', { vectorizer }), () => db.collections.create({ ...ticket, name: 'Other', vectorizer })]) {
        expect(await errorOf(call)).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(/^vectorizer/) });
      }
    });
  });
});

describe('a language model', () => {
  const stream = (parts, more) => ({
    specificationVersion: 'v3', provider: 'acme', modelId: 'chat', calls: [],
    async doStream(options) {
      this.calls.push(options);
      return { stream: new ReadableStream({ start(controller) { for (const part of parts) controller.enqueue(part); controller.close(); } }) };
    },
    ...more,
  });

  it('is asked as a user, and its text comes piece by piece', async () => {
    const model = stream([{ type: 'stream-start' }, { type: 'reasoning-delta', delta: 'hm' }, { type: 'text-delta', delta: 'Hello' }, { type: 'text-delta', delta: ' you' }, { type: 'finish' }]);
    await withTickets({ generator: model, vectors: {} }, async (tickets) => {
      await tickets.data.insert({ properties: { text: 'hi' } });
      const pieces = [];
      for await (const { text } of tickets.generate.bm25('hi', { singlePrompt: 'Answer {text}' })) pieces.push(text);
      expect(pieces).toEqual([undefined, 'Hello', ' you']);
      expect(model.calls[0]).toEqual({ prompt: [{ role: 'user', content: [{ type: 'text', text: 'Answer hi' }] }], abortSignal: expect.any(AbortSignal) });
    });
  });

  it('is asked again before its text begins, and not when it breaks off', async () => {
    const model = stream([{ type: 'text-delta', delta: 'ok' }]);
    const { doStream } = model;
    model.doStream = function (options) {
      if (!this.calls.length) {
        this.calls.push('failed');
        throw failure({ statusCode: 503, responseHeaders: { 'retry-after-ms': '1' } });
      }
      return doStream.call(this, options);
    };
    await withTickets({ generator: model, vectors: {} }, async (tickets, db) => {
      await tickets.data.insert({ properties: { text: 'hi' } });
      expect((await tickets.generate.bm25('hi', { groupedTask: 'x' })).generative.text).toBe('ok');
      expect(model.calls).toHaveLength(2);
      const cause = failure({ statusCode: 503 });
      const breaking = stream([{ type: 'text-delta', delta: 'so far' }, { type: 'error', error: cause }]);
      expect(await errorOf(() => db.collections.use('Ticket', { generator: breaking }).generate.bm25('hi', { groupedTask: 'x' }))).toMatchObject({ code: 'GENERATOR_FAILED', cause });
      expect(breaking.calls).toHaveLength(1);
    });
  });
});

describe('a reranker', () => {
  const filled = (config, work) => withTickets({ vectors: {}, ...config }, async (tickets, db) => {
    await tickets.data.insertMany(['late', 'late parcel', 'late parcel again'].map((text, i) => ({ id: String(i), properties: { text } })));
    await work(tickets, db);
  });
  const ids = ({ objects }) => objects.map(({ id }) => id).join();
  const byLength = ({ documents }) => Float64Array.from(documents, (text) => text.length);

  it('puts the hits into its order, and tells its scores', async () => {
    const requests = [];
    const reranker = (request) => {
      requests.push(request);
      return byLength(request);
    };
    await filled({ reranker }, async (tickets) => {
      const rerank = { property: 'text' };
      expect(ids(await tickets.query.bm25('late'))).toBe('0,1,2');
      const { objects } = await tickets.query.bm25('late', { rerank, returnProperties: [], returnMetadata: ['rerankScore', 'score'] });
      expect(objects.map(({ id, metadata }) => [id, metadata.rerankScore])).toEqual([['2', 17], ['1', 11], ['0', 4]]);
      expect(requests[0]).toEqual({ query: 'late', documents: ['late', 'late parcel', 'late parcel again'] });
      expect(ids(await tickets.query.bm25('late', { rerank, limit: 2 }))).toBe('1,0'); // of the two best
      expect(ids(await tickets.query.bm25('late', { rerank, limit: 1, offset: 1 }))).toBe('1');
      await tickets.query.hybrid('late', { alpha: 0, rerank: { property: 'text', query: 'sooner' } });
      expect(requests.at(-1).query).toBe('sooner');
      expect((await tickets.query.bm25('late', { rerank, groupBy: { property: 'text', numberOfGroups: 1 } })).groups[0].value).toBe('late parcel again');
      expect((await tickets.query.bm25('nothing', { rerank })).objects).toEqual([]);
    });
  });

  it('of the AI SDK', async () => {
    const model = {
      specificationVersion: 'v3', provider: 'acme', modelId: 'rank',
      async doRerank({ documents: { type, values }, query, topN }) {
        expect([type, query, topN]).toEqual(['text', 'late', 3]);
        return { ranking: [{ index: values.indexOf('late parcel'), relevanceScore: 0.9 }, { index: values.indexOf('late'), relevanceScore: 0.2 }] };
      },
    };
    await filled({ reranker: model }, async (tickets) => expect(ids(await tickets.query.bm25('late', { rerank: { property: 'text' } }))).toBe('1,0,2'));
  });

  it('is missed, and its failures are named', async () => {
    await filled({}, async (tickets, db) => {
      const call = (options) => () => tickets.query.bm25('late', { rerank: { property: 'text' }, ...options });
      expect(await errorOf(call())).toMatchObject({ code: 'RERANKER_MISSING', message: expect.stringContaining('{ reranker }') });
      for (const [reranker, message] of [[() => { throw new Error('gone'); }, /gone/], [() => [1, 2], /3 finite scores.*got 2/], [() => [1, NaN, 2], /got NaN/], [() => 'abc', /got string/]]) {
        db.collections.use('Ticket', { reranker });
        expect(await errorOf(call())).toMatchObject({ code: 'RERANKER_FAILED', message: expect.stringMatching(message) });
      }
      db.collections.use('Ticket', { reranker: () => new Promise(() => {}) });
      expect(await codeOf(call({ timeoutMs: 20 }))).toBe('TIMEOUT');
      for (const [rerank, code] of [[{}, 'SCHEMA_MISMATCH'], [{ property: 'nothing' }, 'SCHEMA_MISMATCH'], [{ property: 'text', query: '' }, 'INVALID_ARGUMENT'], ['text', 'INVALID_ARGUMENT'], [{ property: 'text', top: 3 }, 'INVALID_ARGUMENT']]) {
        expect(await codeOf(call({ rerank })), JSON.stringify(rerank)).toBe(code);
      }
      for (const reranker of [{}, 'x', null]) expect(await codeOf(() => db.collections.use('Ticket', { reranker }))).toBe('INVALID_ARGUMENT');
      expect(await codeOf(() => tickets.aggregate.hybrid('late', { alpha: 0, objectLimit: 3, rerank: { property: 'text' } }))).toBe('INVALID_ARGUMENT');
    });
  });
});
