import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorOf, memory, open } from './support.js';

const ticket = {
  name: 'Ticket',
  properties: [{ name: 'text', dataType: 'text' }, { name: 'product', dataType: 'text', tokenization: 'field' }, { name: 'stars', dataType: 'int' }, { name: 'image', dataType: 'blob' }],
};
const objects = [
  { id: 'a', properties: { text: 'parcel is late', product: 'shop', stars: 1, image: Uint8Array.of(1) }, vector: [1, 0] },
  { id: 'b', properties: { text: 'parcel came broken', product: 'shop', stars: 2 }, vector: [0.9, 0.1] },
  { id: 'c', properties: { text: 'parcel of joy', product: 'app' }, vector: [0.1, 0.9] },
];
const never = new Promise(() => {});
const codeOf = async (call) => (await errorOf(call)).code;

let db, tickets, requests;
beforeAll(async () => {
  db = await open({ store: memory() });
  tickets = await db.collections.create(ticket);
  await tickets.data.insertMany(objects);
});
afterAll(() => db.close());

/** The collection with a generator that remembers what it was asked. */
function asking(generator) {
  requests = [];
  return db.collections.use('Ticket', {
    generator: (request) => {
      requests.push(request);
      return generator(request);
    },
  });
}
async function* pieces(...texts) { yield* texts; }
const collect = async (parts) => {
  const all = [];
  for await (const part of parts) all.push(part);
  return all;
};

describe('a grouped task', () => {
  it('is asked once, with what was found, in its order and numbered', async () => {
    const one = asking(() => 'two parcels [1][2]');
    const result = await one.generate.bm25('parcel late', { groupedTask: 'What is wrong?', groupedProperties: ['text', 'stars'] }, { returnProperties: ['product'], returnMetadata: ['score'] });
    const { objects: found } = await one.query.bm25('parcel late', { returnProperties: ['product'], returnMetadata: ['score'] });
    expect(result).toEqual({ objects: found, generative: { text: 'two parcels [1][2]' } });
    expect(requests).toHaveLength(1);
    const [{ task, query, prompt, objects: given, embed, signal }] = requests;
    expect({ task, query, embed }).toEqual({ task: 'What is wrong?', query: 'parcel late', embed: undefined });
    expect(given[0]).toEqual({ id: 'a', properties: { text: 'parcel is late', stars: 1 } });
    expect(given.map(({ id }) => id)).toEqual(found.map(({ id }) => id));
    expect(prompt).toContain('[1] text: parcel is late\nstars: 1\n\n[2] ');
    expect(prompt).toMatch(/Task: What is wrong\?$/);
    expect(prompt).not.toContain('shop');
    expect(signal.aborted).toBe(false);
  });

  it('gets all properties without groupedProperties, and bytes are not in the prompt', async () => {
    const one = asking(() => '');
    const { objects: [first], generative } = await one.generate.nearVector([1, 0], { groupedTask: 'x' }, { limit: 1, returnProperties: ['text'] });
    expect(first.properties).toEqual({ text: 'parcel is late' });
    expect(generative).toEqual({ text: '' });
    expect(requests[0].objects[0].properties).toEqual({ text: 'parcel is late', product: 'shop', stars: 1, image: Uint8Array.of(1) });
    expect(requests[0].prompt).toContain('[1] text: parcel is late\nproduct: shop\nstars: 1\n\nTask: x');
  });

  it('is not asked if nothing was found', async () => {
    const one = asking(() => 'made up');
    expect(await one.generate.bm25('nothing', { groupedTask: 'x', singlePrompt: '{text}' })).toEqual({ objects: [], generative: { text: '' } });
    expect(requests).toEqual([]);
  });
});

describe('a single prompt', () => {
  it('is asked for each object, its values in place of names', async () => {
    const one = asking(({ prompt }) => pieces('«', prompt, '»'));
    const { objects: found, ...rest } = await one.generate.nearVector([1, 0], { singlePrompt: 'Is {text}, {stars} stars, { "json": 1 } of {product} or {product}?' }, { limit: 3, returnProperties: ['stars'] });
    expect(rest).toEqual({});
    expect(found.map(({ id, generative: { text }, properties }) => [id, text, properties])).toEqual([
      ['a', '«Is parcel is late, 1 stars, { "json": 1 } of shop or shop?»', { stars: 1 }],
      ['b', '«Is parcel came broken, 2 stars, { "json": 1 } of shop or shop?»', { stars: 2 }],
      ['c', '«Is parcel of joy,  stars, { "json": 1 } of app or app?»', {}],
    ]);
    expect(requests[2].objects).toEqual([{ id: 'c', properties: { text: 'parcel of joy', product: 'app' } }]);
  });

  it('at most four at a time, and one that fails ends the others', async () => {
    let open = 0, most = 0;
    const many = await db.collections.create({ name: 'Many', properties: [{ name: 'text', dataType: 'text' }], vectors: {} }, { ifExists: 'use' });
    await many.data.insertMany(Array.from({ length: 10 }, (_, i) => ({ id: String(i), properties: { text: `number ${i}` } })));
    const slow = async ({ prompt }) => {
      most = Math.max(most, ++open);
      await new Promise((resolve) => setTimeout(resolve, 5));
      open--;
      return prompt;
    };
    const { objects: found } = await db.collections.use('Many', { generator: slow }).generate.fetchObjects({ singlePrompt: '{text}' });
    expect(found.map(({ generative }) => generative.text)).toEqual(found.map(({ properties }) => properties.text));
    expect(most).toBe(4);
    const ended = [];
    const failing = async ({ prompt, signal }) => {
      if (prompt === 'number 3') throw new Error('full');
      signal.addEventListener('abort', () => ended.push(prompt));
      return never;
    };
    expect(await codeOf(() => db.collections.use('Many', { generator: failing }).generate.fetchObjects({ singlePrompt: '{text}' }))).toBe('GENERATOR_FAILED');
    expect(ended).toEqual(['number 0', 'number 1', 'number 2']);
  });
});

describe('parts', () => {
  it('are what was found, then pieces', async () => {
    const one = asking(({ objects: given, task }) => (task === 'all' ? pieces('x', '', 'y') : pieces(given[0].id)));
    const [first, ...rest] = await collect(one.generate.nearVector([1, 0], { groupedTask: 'all', singlePrompt: '{text}' }, { limit: 2 }));
    expect(first.objects.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(first.generative).toBeUndefined();
    expect(rest.filter(({ index }) => index === undefined)).toEqual([{ text: 'x' }, { text: 'y' }]);
    expect(rest.filter(({ index }) => index !== undefined)).toEqual([{ text: 'a', index: 0 }, { text: 'b', index: 1 }]);
  });

  it('are the reader\'s, who may sort or freeze them', async () => {
    const one = asking(async ({ objects: [{ id }] }) => id);
    const generation = one.generate.nearVector([1, 0], { singlePrompt: '{text}' }, { groupBy: { property: 'product' } });
    for await (const { objects: found, groups } of generation) {
      if (!found) continue;
      for (const object of found) Object.freeze(object);
      groups.pop().objects.pop();
      found.reverse().pop();
    }
    const { objects: made, groups } = await generation;
    expect(made.map(({ id, generative }) => [id, generative.text])).toEqual([['a', 'a'], ['b', 'b'], ['c', 'c']]);
    expect(groups.map(({ objects: those }) => those.map(({ generative }) => generative.text))).toEqual([['a', 'b'], ['c']]);
  });

  it('come while others are being made; it begins when asked, and once', async () => {
    let goOn;
    const gate = new Promise((resolve) => { goOn = resolve; });
    const one = asking(async function* () {
      yield 'first';
      await gate;
      yield 'last';
    });
    const generation = one.generate.nearVector([1, 0], { groupedTask: 'x' });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(requests).toEqual([]);
    const texts = [];
    for await (const { text } of generation) {
      if (text === 'first') goOn();
      if (text) texts.push(text);
    }
    expect(texts).toEqual(['first', 'last']);
    expect((await generation).generative.text).toBe('firstlast');
    expect((await collect(generation)).map(({ text }) => text)).toEqual([undefined, 'first', 'last']);
    expect(requests).toHaveLength(1);
  });

  it('a loop that is left ends the generator', async () => {
    let isLeft = false;
    const one = asking(async function* ({ signal }) {
      try { for (;;) yield 'on and on '; } finally { isLeft = signal.aborted; }
    });
    const generation = one.generate.nearVector([1, 0], { groupedTask: 'x' });
    for await (const { text } of generation) if (text) break;
    expect(await codeOf(() => generation)).toBe('ABORTED');
    expect(requests[0].signal.aborted).toBe(true);
    await expect.poll(() => isLeft).toBe(true);
  });
});

describe('ends', () => {
  const hanging = {
    'before a piece': () => never,
    'between pieces': async function* () {
      yield 'one';
      await never;
    },
  };

  it.each(Object.entries(hanging))('by the signal, %s, though the generator does not listen', async (_, generator) => {
    const one = asking(generator);
    const ender = new AbortController();
    const generation = one.generate.nearVector([1, 0], { groupedTask: 'x' }, { signal: ender.signal });
    const error = errorOf(() => generation);
    await expect.poll(() => requests.length).toBe(1);
    ender.abort('enough');
    expect(await error).toMatchObject({ code: 'ABORTED', cause: 'enough' });
    expect(requests[0].signal.aborted).toBe(true);
  });

  it.each(Object.entries(hanging))('by timeoutMs, %s', async (_, generator) => {
    const one = asking(generator);
    expect(await codeOf(() => one.generate.nearVector([1, 0], { groupedTask: 'x' }, { timeoutMs: 200 }))).toBe('TIMEOUT');
    expect(requests.filter(({ signal }) => !signal.aborted)).toEqual([]);
    requests = [];
    expect(await codeOf(() => one.generate.nearVector([1, 0], { groupedTask: 'x' }, { signal: AbortSignal.abort() }))).toBe('ABORTED');
    expect(requests).toEqual([]);
  });

  it('by timeoutMs, though the generator never waits', async () => {
    let end = false;
    const one = asking(async function* () { while (!end) yield 'on and on '; });
    setTimeout(() => { end = true; }, 2000); // of a generator that is not stopped
    expect(await codeOf(() => one.generate.nearVector([1, 0], { groupedTask: 'x' }, { timeoutMs: 50 }))).toBe('TIMEOUT');
    end = true;
  });

  it('by whatever it throws, also while it is left', async () => {
    const broken = (end) => ({ [Symbol.asyncIterator]: () => ({ next: async () => { throw new Error('first'); }, return: end }) });
    for (const end of [() => { throw new Error('last'); }, async () => { throw new Error('last'); }, () => undefined]) {
      expect(await errorOf(() => asking(() => broken(end)).generate.nearVector([1, 0], { groupedTask: 'x' }))).toMatchObject({ code: 'GENERATOR_FAILED', cause: { message: 'first' } });
    }
    for (const cause of [Object.create(null), undefined, Symbol('x')]) {
      expect(await errorOf(() => asking(() => { throw cause; }).generate.nearVector([1, 0], { groupedTask: 'x' }))).toMatchObject({ code: 'GENERATOR_FAILED', cause });
    }
  });

  it('by an error, after what came before it', async () => {
    const cause = new Error('the model is gone');
    const one = asking(async function* () {
      yield 'so far';
      throw cause;
    });
    const texts = [];
    const error = await errorOf(async () => { for await (const { text } of one.generate.nearVector([1, 0], { groupedTask: 'x' })) texts.push(text); });
    expect(error).toMatchObject({ code: 'GENERATOR_FAILED', cause, message: expect.stringContaining('the model is gone') });
    expect(texts).toEqual([undefined, 'so far']);
  });

  it.each([[5], [null], [{}], [() => 'x'], [pieces(5)], [(function* () {})()]])('what is no text: %s', async (made) => {
    expect(await errorOf(() => asking(() => made).generate.nearVector([1, 0], { groupedTask: 'x' }))).toMatchObject({ code: 'GENERATOR_FAILED', message: expect.stringMatching(/expected a text.*, got ./) });
  });
});

describe('every query', () => {
  const prompts = { groupedTask: 'x' };
  it.each([
    ['fetchObjects', [prompts, { limit: 2 }], [{ limit: 2 }]],
    ['fetchObjectsByIds', [['c', 'a'], prompts], [['c', 'a']]],
    ['nearVector', [[1, 0], prompts, { limit: 2 }], [[1, 0], { limit: 2 }]],
    ['nearObject', ['c', prompts, { limit: 2, returnMetadata: ['distance'] }], ['c', { limit: 2, returnMetadata: ['distance'] }]],
    ['bm25', ['joy', prompts], ['joy']],
    ['hybrid', ['joy', prompts, { vector: [1, 0], includeVector: true }], ['joy', { vector: [1, 0], includeVector: true }]],
    ['bm25', ['parcel', prompts, { groupBy: { property: 'product' } }], ['parcel', { groupBy: { property: 'product' } }]],
  ])('%s', async (name, args, plain) => {
    const one = asking(({ objects: given }) => given.map(({ id }) => id).join());
    const expected = await one.query[name](...plain);
    expect(await one.generate[name](...args)).toEqual({ ...expected, generative: { text: expected.objects.map(({ id }) => id).join() } });
  });

  it('groups hold the objects with their texts', async () => {
    const one = asking(({ prompt }) => prompt);
    const { groups } = await one.generate.bm25('parcel', { singlePrompt: '{product}' }, { groupBy: { property: 'product' }, returnProperties: ['stars'] });
    expect(groups.map(({ value, objects: own }) => [value, own.map(({ generative, properties }) => [generative.text, Object.keys(properties).join()])])).toEqual([
      ['shop', [['shop', 'stars'], ['shop', 'stars']]], ['app', [['app', '']]],
    ]);
  });

  it('nearText, and of a tenant', async () => {
    const vectorizer = (texts) => texts.map((text) => [text.length, 1]);
    const tenants = await db.collections.create({ name: 'Tenants', properties: ticket.properties, multiTenancy: { enabled: true }, vectorizer, generator: async ({ query, embed, objects: given }) => `${query} ${await embed(['ab'])} ${given.length}` });
    await tenants.tenants.create(['x', 'y']);
    await tenants.withTenant('x').data.insert({ properties: { text: 'hello' } });
    expect((await tenants.withTenant('x').generate.nearText(['a', 'b'], { groupedTask: 't' })).generative.text).toBe('a\nb 2,1 1');
    expect((await tenants.withTenant('y').generate.nearText('a', { groupedTask: 't' })).generative.text).toBe('');
    expect(await codeOf(() => tenants.generate.nearText('a', { groupedTask: 't' }))).toBe('TENANT_REQUIRED');
  });
});

describe('refused before anything is searched', () => {
  it.each([
    [undefined, 'INVALID_ARGUMENT', /^prompts: /],
    [{}, 'INVALID_ARGUMENT', /singlePrompt or groupedTask/],
    [{ groupedTask: 'x', task: 'y' }, 'INVALID_ARGUMENT', /^prompts: .*got "task"/],
    [{ groupedTask: ' ' }, 'INVALID_ARGUMENT', /^groupedTask: /],
    [{ singlePrompt: 5 }, 'INVALID_ARGUMENT', /^singlePrompt: /],
    [{ singlePrompt: 'no name' }, 'INVALID_ARGUMENT', /^singlePrompt: .*in braces/],
    [{ singlePrompt: '{text} {txt}' }, 'INVALID_ARGUMENT', /^singlePrompt: .*"\{txt\}"/],
    [{ singlePrompt: '{text}', groupedProperties: ['text'] }, 'INVALID_ARGUMENT', /^groupedProperties: /],
    [{ groupedTask: 'x', groupedProperties: ['txt'] }, 'SCHEMA_MISMATCH', /^groupedProperties\[0\]: /],
  ])('%j', async (prompts, code, message) => {
    const one = asking(() => 'x');
    const error = await errorOf(() => one.generate.nearVector('no vector', prompts));
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(requests).toEqual([]);
  });

  it('options as the query refuses them', async () => {
    const one = asking(() => 'x');
    for (const options of [null, 5, { limit: 0 }, { returnProperties: 'text' }, { limits: 3 }, { signal: {} }, { timeoutMs: 0 }]) {
      expect(await codeOf(() => one.generate.bm25('x', { groupedTask: 'x' }, options)), JSON.stringify(options)).toBe('INVALID_ARGUMENT');
    }
  });

  it('without a generator, and what is none', async () => {
    const other = await db.collections.create({ name: 'Silent', properties: ticket.properties });
    expect(await errorOf(() => other.generate.bm25('x', { groupedTask: 'x' }))).toMatchObject({ code: 'GENERATOR_MISSING', message: expect.stringContaining('use("Silent", { generator })') });
    for (const generator of ['openai/gpt', {}, null, 5]) {
      expect(await errorOf(() => db.collections.use('Silent', { generator }))).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(/^generator: /) });
      expect(await codeOf(() => db.collections.create({ ...ticket, name: 'None', generator }))).toBe('INVALID_ARGUMENT');
    }
    expect(await db.collections.exists('None')).toBe(false);
  });
});
