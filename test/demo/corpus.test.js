// The corpus of the demo.
import { describe, expect, it } from 'vitest';
import { generateCorpus } from '../../browser-demo/corpus/generate.js';
import { expand } from '../../browser-demo/corpus/grammar.js';
import { Random } from '../../browser-demo/corpus/random.js';

const accounts = generateCorpus();
const posts = accounts.flatMap((account) => account.posts);
const distinct = (values) => new Set(values).size;

describe('the corpus', () => {
  it('has at least 10,000 posts of at least 12 companies, all said to be synthetic', () => {
    expect(accounts.length).toBeGreaterThanOrEqual(12);
    expect(posts.length).toBeGreaterThanOrEqual(10_000);
    expect(accounts.every(({ synthetic, blurb }) => synthetic && /synthetic.*fictional/i.test(blurb))).toBe(true);
    expect(accounts.every(({ name }) => /^[\w-]{1,64}$/.test(name))).toBe(true);
  });

  it('is the same each time, and another one for another seed', () => {
    expect(generateCorpus({ share: 0.05 })).toEqual(generateCorpus({ share: 0.05 }));
    const [{ posts: others }] = generateCorpus({ share: 0.05, seed: 1 });
    expect(others[0].text).not.toBe(accounts[0].posts[0].text);
    expect(generateCorpus({ share: 0.05 })[0].posts.map(({ text }) => text)).toEqual(accounts[0].posts.slice(0, others.length).map(({ text }) => text));
  });

  it('says hardly anything twice', () => {
    expect(distinct(posts.map(({ text }) => text)) / posts.length).toBeGreaterThanOrEqual(0.95);
    expect(distinct(posts.map(({ id }) => id))).toBe(posts.length);
  });

  it('has every field, with values that are announced', () => {
    for (const { channels, products, posts: own } of accounts) {
      const odd = own.filter((post) => post.text.length < 4 || /[{}[\]|]|undefined/.test(post.text)
        || !channels.includes(post.channel) || !products.includes(post.product) || !['positive', 'neutral', 'negative'].includes(post.sentiment)
        || typeof post.resolved !== 'boolean' || typeof post.inbound !== 'boolean' || !(post.createdAt >= '2024-01-01' && post.createdAt < '2026-01-31'));
      expect(odd).toEqual([]);
      for (const field of ['channel', 'product', 'topic', 'sentiment']) expect(distinct(own.map((post) => post[field]))).toBeGreaterThanOrEqual(3);
    }
  });

  it('has conversations: customer, agent, customer', () => {
    const threads = grouped(accounts[0].posts);
    const shapes = [...threads.values()].map((thread) => thread.map(({ inbound }) => (inbound ? 'c' : 'a')).join(''));
    for (const shape of ['c', 'ca', 'cac', 'caca', 'cacac']) expect(shapes).toContain(shape);
    for (const thread of threads.values()) expect(thread.map(({ createdAt }) => createdAt)).toEqual(thread.map(({ createdAt }) => createdAt).sort());
  });

  it('has numbers and codes that only words find, and the same trouble in words that have nothing in common', () => {
    const references = posts.flatMap(({ text }) => text.match(/\b(?:SP\d{10}|NC-\d{3}-\d{4})\b/g) ?? []);
    expect(distinct(references)).toBeGreaterThan(200);
    const baggage = accounts[0].posts.filter(({ topic, inbound }) => inbound && topic === 'baggage').map(({ text }) => text);
    expect(baggage.some((text) => /carousel/.test(text) && !/lost|wheels/.test(text))).toBe(true);
    expect(baggage.some((text) => /wheels/.test(text) && !/carousel/.test(text))).toBe(true);
  });
});

describe('the grammar', () => {
  it('chooses, fills in, and says which word is missing', () => {
    const texts = Array.from({ length: 50 }, (_, i) => expand('[a|b[c|d]] {x} {X}', { x: ['one', 'two'] }, new Random(i)));
    expect([...new Set(texts)].sort()).toEqual(['a', 'bc', 'bd'].flatMap((first) => [`${first} one one`, `${first} two two`]));
    expect(() => expand('{nothing}', {}, new Random(1))).toThrow('no word {nothing}');
  });
});

function grouped(list) {
  const groups = new Map();
  for (const post of list) groups.set(post.threadId, [...(groups.get(post.threadId) ?? []), post]);
  return groups;
}
