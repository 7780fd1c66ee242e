import { describe, expect, it } from 'vitest';
import { extractive, memory, open } from '../database/support.js';
import { sentencesOf, splitSentences } from '../../ts/rag/sentences.js';
import { errorOf } from '../support/engine.js';

const posts = [
  'Hello there, my parcel never arrived. Thanks!',
  'The app looks great since the update.',
  '@shop hi - my parcel never arrived. #fail',
  'Small question - do you ship to Malta?',
  'I was charged twice for one order ^KL',
  'Update: my parcel has never arrived! Regards, Ben',
  'Thank you Mia, brilliant help!',
  'The courier broke the door, who pays for that?',
];
const objects = posts.map((text, i) => ({ id: String(i), properties: { author: `user${i}`, text, stars: i } }));
const request = (more) => ({ kind: 'grouped', prompt: '', task: 'What are customers complaining about?', query: undefined, objects, embed: undefined, signal: new AbortController().signal, ...more });

async function linesOf(options, more) {
  const pieces = [];
  for await (const piece of extractive(options)(request(more))) pieces.push(piece);
  return pieces.join('').split('\n').filter(Boolean);
}

describe('a summary', () => {
  it('quotes what was asked for, groups what is said several times, and cites it', async () => {
    const lines = await linesOf({ sentences: 3 });
    expect(lines[0]).toMatch(/^- 3 of 8 results: My parcel (has )?never arrived.*\[1\]\[3\]\[6\]$/);
    expect(lines).toHaveLength(3);
    expect(lines.slice(1).sort()).toEqual(['- I was charged twice for one order. [5]', '- The courier broke the door, who pays for that? [8]']);
    const praise = await linesOf({ sentences: 2 }, { task: 'What do customers praise?' });
    expect(praise.sort()).toEqual(['- Thank you Mia, brilliant help! [7]', '- The app looks great since the update. [2]'].sort());
    expect((await linesOf({ sentences: 1 }, { task: 'What do they ask?' }))[0]).toMatch(/^(Do you ship to Malta\? \[4\]|The courier broke the door, who pays for that\? \[8\])$/);
  });

  it('is the same for the same request, and comes piece by piece', async () => {
    const pieces = [];
    for await (const piece of extractive()(request())) pieces.push(piece);
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.slice(1).every((piece) => piece.startsWith('\n- '))).toBe(true);
    expect(await linesOf()).toEqual(pieces.map((piece) => piece.trim()));
  });

  it('follows the query', async () => {
    const calm = ['The red bicycle stands in the yard', 'The green tea comes from the hills', 'The blue boat lies in the harbour'].map((text, i) => ({ id: String(i), properties: { text } }));
    for (const [query, line] of [['bicycles', 'The red bicycle stands in the yard. [1]'], ['tea', 'The green tea comes from the hills. [2]'], ['a boat', 'The blue boat lies in the harbour. [3]']]) {
      expect(await linesOf({ sentences: 1 }, { objects: calm, task: 'Summarise', query })).toEqual([line]);
    }
  });

  it('compares by vectors where there are some: what means the same is one', async () => {
    const meanings = [/parcel|package|delivery/i, /door/i, /charged/i];
    const embed = (texts) => texts.map((text) => [0.1, ...meanings.map((one) => (one.test(text) ? 1 : 0))]);
    const alike = ['My package went missing last week', 'The delivery never came to us', 'Somebody broke our door'].map((text, i) => ({ id: String(i), properties: { text } }));
    const expected = [expect.stringMatching(/^- 2 of 3 results: .*\[1\]\[2\]$/), '- Somebody broke our door. [3]'];
    expect(await linesOf({ vectorizer: embed }, { objects: alike })).toEqual(expected);
    expect(await linesOf({}, { objects: alike, embed })).toEqual(expected);
  });

  it('of one object has no numbers', async () => {
    expect(await linesOf({ sentences: 1 }, { kind: 'single', objects: objects.slice(0, 1) })).toEqual(['My parcel never arrived.']);
  });

  it('of whatever texts there are', async () => {
    expect(await linesOf({}, { objects: [] })).toEqual([]);
    expect(await linesOf({}, { objects: [{ id: 'a', properties: { n: 5 } }, { id: 'b', properties: { text: ' \n ' } }, { id: 'c', properties: { text: '👏' } }] })).toEqual([]);
    expect(await linesOf({}, { objects: [{ id: 'a', properties: { code: 'E42' } }] })).toEqual(['E42. [1]']);
    expect(await linesOf({}, { objects: [{ id: 'a', properties: { tags: ['The parcel is late again', 'x'] } }] })).toEqual(['The parcel is late again. [1]']);
    const [long] = await linesOf({}, { objects: [{ id: 'a', properties: { text: 'many words '.repeat(5000) } }] });
    expect(long.length).toBeLessThan(300);
    const japanese = [{ id: 'a', properties: { text: '荷物がまだ届いていません。とても困っています。' } }];
    expect(await linesOf({ sentences: 1 }, { objects: japanese })).toEqual(['荷物がまだ届いていません。 [1]']);
  });

  it('ends by its signal', async () => {
    const ender = new AbortController();
    const pieces = extractive()(request({ signal: ender.signal }));
    await pieces.next();
    ender.abort();
    expect((await errorOf(() => pieces.next())).code).toBe('ABORTED');
  });

  it('refuses other options', async () => {
    for (const options of [{ sentences: 0 }, { sentences: 51 }, { sentence: 3 }, { vectorizer: 'x' }, null]) expect((await errorOf(() => extractive(options))).code).toBe('INVALID_ARGUMENT');
  });

  it('refuses what are no vectors', async () => {
    for (const vector of [() => [1, NaN], (_, i) => Array(i + 1).fill(1)]) {
      expect((await errorOf(() => linesOf({ vectorizer: (texts) => texts.map(vector) }))).code).toBe('VECTORIZER_FAILED');
    }
    for (const made of [[[1, 0]], 5, undefined]) expect((await errorOf(() => linesOf({ vectorizer: () => made }))).code).toBe('VECTORIZER_FAILED');
  });

  it('serves a collection, by its vectorizer', async () => {
    const asked = [];
    const vectorizer = (texts) => {
      asked.push(texts.length);
      return texts.map((text) => [text.length, /never/.test(text) ? 100 : 1]);
    };
    const db = await open({ store: memory() });
    const tickets = await db.collections.create({ name: 'Ticket', properties: [{ name: 'text', dataType: 'text' }], vectorizer, generator: extractive() });
    await tickets.data.insertMany(posts.map((text, i) => ({ id: String(i), properties: { text } })));
    asked.length = 0;
    const { generative, objects: found } = await tickets.generate.hybrid('parcel', { groupedTask: 'What is wrong?' }, { limit: 4 });
    expect(generative.text).toMatch(/ of 4 results: .*\[\d\]/);
    for (const [, n] of generative.text.matchAll(/\[(\d+)\]/g)) expect(found[n - 1]).toBeDefined();
    expect(asked).toEqual([1, expect.any(Number)]);
    await db.close();
  });
});

describe('sentences', () => {
  it.each([
    ['One. Two! Three?', ['One.', 'Two!', 'Three?']],
    ['A line\nand another  one', ['A line', 'and another one']],
    ['Good day Sami! It works 👏 We are glad', ['It works', 'We are glad']],
    ['FYI: it costs € 3.50 at the door', ['it costs € 3.50 at the door']],
      ['@a @b: look here #now https://x.test/y ^AB', ['look here']],
  ])('of %j', (text, sentences) => {
    expect(splitSentences(text)).toEqual(sentences);
  });

  it('are as many of each object', () => {
    const many = Array.from({ length: 10 }, (_, i) => ({ id: String(i), properties: { text: 'It is late today. '.repeat(50) } }));
    expect(sentencesOf(many, 50)).toHaveLength(50);
    expect(new Set(sentencesOf(many, 50).map(({ object }) => object)).size).toBe(10);
  });
});
