// Hybrid search: both its searches made one after the other and fused by the formulas, on random objects. SEED=n repeats a run.
import { describe, expect, it } from 'vitest';
import { integer, pick, random } from '../conformance/random.js';
import { seeds } from '../support/engine.js';
import { RandomTickets, phrase, randomFilter, vectorOf } from './random-tickets.js';
import { refusalOf as refusal } from './refused.js';
import { memory, open } from './support.js';

async function withTickets(work) {
  const db = await open({ store: memory() });
  try {
    const one = await db.collections.create({
      name: 'One', properties: [{ name: 'title', dataType: 'text' }, { name: 'price', dataType: 'int' }], vectors: { default: { metric: 'l2-squared' } },
    });
    await one.data.insertMany([
      { id: 'both', properties: { title: 'refund parcel', price: 1 }, vector: [1, 0] }, { id: 'near', properties: { title: 'card', price: 2 }, vector: [0, 0] },
      { id: 'word', properties: { title: 'refund', price: 1 } }, { id: 'far', properties: { price: 2 }, vector: [9, 0] },
    ]);
    await work(one, db);
  } finally {
    await db.close();
  }
}
const idsOf = ({ objects }) => objects.map(({ id }) => id);

describe('hybrid', () => {
  it('adds up what either search gives', () => withTickets(async (one) => {
    const scores = async (options) => (await one.query.hybrid('refund', { vector: [0, 0], returnMetadata: ['score'], ...options })).objects.map(({ id, metadata }) => [id, metadata.score]);
    expect(await scores()).toEqual([['near', 0.75], ['both', expect.closeTo(0.75 * 80 / 81, 12)], ['word', 0.25], ['far', 0]]);
    expect(await scores({ alpha: 0.5 })).toEqual([['near', 0.5], ['word', 0.5], ['both', expect.closeTo(0.5 * 80 / 81, 12)], ['far', 0]]);
    expect(await scores({ fusionType: 'ranked', alpha: 0.5 })).toEqual([
      ['both', expect.closeTo(0.5 / 61 + 0.5 / 61, 12)], ['near', expect.closeTo(0.5 / 60, 12)], ['word', expect.closeTo(0.5 / 60, 12)], ['far', expect.closeTo(0.5 / 62, 12)],
    ]);
    expect(await scores({ maxVectorDistance: 1 })).toEqual([['near', 0.75], ['word', 0.25], ['both', 0]]);
    expect(await scores({ limit: 1, offset: 1 })).toEqual([['both', expect.closeTo(0.75 * 80 / 81, 12)]]);
    expect(await scores({ alpha: 0 })).toEqual([['word', 1], ['both', 0]]);
    expect(await scores({ alpha: 1 })).toEqual([['near', 1], ['both', expect.closeTo(80 / 81, 12)], ['far', 0]]);
    expect(await scores({ filters: (f) => f.byProperty('price').equal(1) })).toEqual([['both', 0.75], ['word', 0.25]]);
    expect(await scores({ vector: [1, 0], alpha: 0.5, autoLimit: 1 })).toEqual([['both', 0.5], ['word', 0.5], ['near', expect.closeTo(0.5 * 63 / 64, 12)]]);
  }));

  it('says what scores are made of', () => withTickets(async (one) => {
    const { objects } = await one.query.hybrid('refund', { vector: [0, 0], limit: 4, returnMetadata: ['score', 'explainScore', 'distance'] });
    expect(objects.map(({ metadata }) => metadata.distance)).toEqual([0, 1, undefined, 81]);
    expect(objects[0].metadata.explainScore).toBe('hybrid 0.75 = vector 0.75 × 1 (rank 0, distance 0) + keyword without it');
    expect(objects[1].metadata.explainScore).toMatch(/^hybrid 0\.74074 = vector 0\.75 × 0\.98765 \(rank 1, distance 1\) \+ keyword 0\.25 × 0 \(rank 1, bm25 [\d.]+ = title:"refund" .*\)$/);
    expect(objects[2].metadata.explainScore).toMatch(/^hybrid 0\.25 = vector without it \+ keyword 0\.25 × 1 \(rank 0, bm25 /);
    const ranked = await one.query.hybrid('refund', { vector: [0, 0], alpha: 1, fusionType: 'ranked', limit: 1, returnMetadata: ['explainScore'] });
    expect(ranked.objects[0].metadata).toEqual({ explainScore: 'hybrid 0.016667 = vector 1 × 0.016667 (rank 0, distance 0)' });
  }));

  it('embeds the text unless it has a vector or needs none', () => withTickets(async (one, db) => {
    expect(await refusal(() => one.query.hybrid('refund'))).toContain('VECTORIZER_MISSING');
    expect(idsOf(await one.query.hybrid('refund', { alpha: 0 }))).toEqual(['word', 'both']);
    const texts = [];
    const using = db.collections.use('One', { vectorizer: (given) => { texts.push(...given); return given.map(() => [0, 0]); } });
    expect(idsOf(await using.query.hybrid('refund'))).toEqual(['near', 'both', 'word', 'far']);
    await using.query.hybrid('refund', { vector: { default: [0, 0] } });
    await using.query.hybrid('refund', { alpha: 0 });
    expect(texts).toEqual(['refund']);
    expect(await refusal(() => using.query.hybrid(''))).toContain('INVALID_ARGUMENT query');
    expect(idsOf(await using.query.hybrid('', { vector: [0, 0] }))).toEqual(['near', 'both', 'far']);
    expect(idsOf(await using.query.hybrid('', { alpha: 0 }))).toEqual([]);
    const failing = db.collections.use('One', { vectorizer: () => { throw new Error('no model'); } });
    expect(await refusal(() => failing.query.hybrid('refund'))).toContain('VECTORIZER_FAILED');
    const slow = db.collections.use('One', { vectorizer: () => new Promise(() => {}) });
    expect(await refusal(() => slow.query.hybrid('refund', { timeoutMs: 20 }))).toContain('TIMEOUT');
  }));

  it('passes on what each search takes', () => withTickets(async (one) => {
    const vector = [0, 0];
    expect(idsOf(await one.query.hybrid('refund parcel', { alpha: 0, operator: 'and' }))).toEqual(['both']);
    expect(idsOf(await one.query.hybrid('refund parcel card', { alpha: 0, minimumMatch: 2 }))).toEqual(['both']);
    expect(idsOf(await one.query.hybrid('parsel', { alpha: 0, typoTolerance: 1 }))).toEqual(['both']);
    expect(idsOf(await one.query.hybrid('refund', { alpha: 0, queryProperties: ['title^2'] }))).toEqual(['word', 'both']);
    for (const [options, message] of [
      [{ queryProperties: ['price'] }, 'SCHEMA_MISMATCH queryProperties[0]'], [{ operator: 'xor' }, 'INVALID_ARGUMENT operator'], [{ ef: 0 }, 'INVALID_ARGUMENT ef'],
      [{ oversampling: 0 }, 'INVALID_ARGUMENT oversampling'], [{ targetVector: 'other' }, 'SCHEMA_MISMATCH targetVector'], [{ vector: [1] }, 'DIMENSION_MISMATCH vector'],
      [{ alpha: 1.5 }, 'INVALID_ARGUMENT alpha: expected a number from 0 to 1, got 1.5'], [{ alpha: NaN }, 'INVALID_ARGUMENT alpha'], [{ fusionType: 'rrf' }, 'INVALID_ARGUMENT fusionType'],
      [{ maxVectorDistance: '1' }, 'INVALID_ARGUMENT maxVectorDistance: expected a number, got "1"'], [{ fusionType: 'ranked', autoLimit: 1 }, 'INVALID_ARGUMENT autoLimit'],
      [{ limit: 0 }, 'INVALID_ARGUMENT limit'], [{ distance: 1 }, 'INVALID_ARGUMENT options'], [{ diversity: {} }, 'INVALID_ARGUMENT options'], [{ filters: 5 }, 'INVALID_ARGUMENT filters'],
    ]) expect(await refusal(() => one.query.hybrid('refund', { vector, ...options })), message).toContain(message);
  }));

  it('makes groups', () => withTickets(async (one) => {
    const { objects, groups } = await one.query.hybrid('refund', { vector: [0, 0], groupBy: { property: 'price', objectsPerGroup: 1 }, returnMetadata: ['score'] });
    expect(groups.map(({ value, objects: own, minScore, maxScore }) => [value, own.map(({ id }) => id), minScore, maxScore])).toEqual([
      [2, ['near'], 0.75, 0.75], [1, ['both'], expect.closeTo(0.7407, 4), expect.closeTo(0.7407, 4)],
    ]);
    expect(objects).toEqual(groups.flatMap((group) => group.objects));
  }));

  it('gives objects that had a word or were near, whoever writes meanwhile', () => withTickets(async (one) => {
    const durability = 'none';
    let isOver = false;
    const writing = (async () => {
      for (let i = 0; !isOver; i++) {
        await one.data.deleteById('word', { durability });
        await one.data.insert({ id: `other ${i}`, properties: { title: 'other' } }, { durability });
        await one.data.insert({ id: 'word', properties: { title: 'refund' } }, { durability });
        await one.data.deleteById(`other ${i}`, { durability });
        if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    let others = 0, found = 0;
    for (const end = performance.now() + 400; performance.now() < end;) {
      const { objects } = await one.query.hybrid('refund', { vector: [0, 0] });
      found += objects.length;
      others += objects.filter(({ properties }) => properties.title === 'other').length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    isOver = true;
    await writing;
    expect(others).toBe(0);
    expect(found).toBeGreaterThan(0);
  }));
});

/** By the formulas; ties by the searches' own scores, then by slot. */
function fused(legs, ranked, slotOf) {
  const total = new Map();
  for (const { weight, hits } of legs) {
    const values = hits.map(({ value }) => value);
    const min = Math.min(...values), max = Math.max(...values);
    hits.forEach(({ id, value }, rank) => {
      const share = ranked ? 1 / (60 + rank) : max === min ? 1 : (value - min) / (max - min);
      total.set(id, (total.get(id) ?? 0) + weight * share);
    });
  }
  const raw = legs.map(({ hits }) => new Map(hits.map(({ id, value }) => [id, value])));
  return [...total].map(([id, score]) => ({ id, score })).sort((a, b) => {
    if (Math.abs(a.score - b.score) > 1e-9) return b.score - a.score;
    for (const values of raw) {
      const order = (values.get(b.id) ?? -Infinity) - (values.get(a.id) ?? -Infinity);
      if (order) return order;
    }
    return slotOf.get(a.id) - slotOf.get(b.id);
  });
}

it.each(seeds(1, 6))('is its two searches fused, with seed %i', async (seed) => {
  const next = random(seed);
  const all = new RandomTickets(seed);
  await all.open();
  for (let round = 0; round < 4; round++) {
    await all.write(integer(next, 50, 200));
    if (next() < 0.5) await all.reopen();
    const slotOf = new Map((await all.inOrder()).map(({ id }, slot) => [id, slot]));
    const { query } = all.tickets;
    for (let i = 0; i < 25; i++) {
      const text = phrase(next);
      const vector = vectorOf(next);
      const { filters } = randomFilter(next);
      const words = { operator: pick(next, ['or', 'or', 'and']), typoTolerance: pick(next, [0, 1]), ...next() < 0.3 && { queryProperties: ['title^2', 'notes'] } };
      const alpha = pick(next, [undefined, 0, 0.25, 0.5, next(), 1]);
      const fusionType = pick(next, [undefined, 'relativeScore', 'ranked']);
      const maxVectorDistance = next() < 0.3 ? next() * 3 : undefined;
      const limit = integer(next, 1, 200);
      const offset = next() < 0.3 ? integer(next, 0, 50) : 0;
      const depth = Math.max(100, limit + offset);
      const near = await query.nearVector(vector, { filters, limit: depth, distance: maxVectorDistance, returnMetadata: ['distance'] });
      const keyword = await query.bm25(text, { filters, limit: depth, ...words, returnMetadata: ['score'] });
      const weight = alpha ?? 0.75;
      const legs = [
        ...weight > 0 ? [{ weight, hits: near.objects.map(({ id, metadata }) => ({ id, value: -metadata.distance })) }] : [],
        ...weight < 1 ? [{ weight: 1 - weight, hits: keyword.objects.map(({ id, metadata }) => ({ id, value: metadata.score })) }] : [],
      ];
      const expected = fused(legs, fusionType === 'ranked', slotOf).slice(offset, offset + limit);
      const options = { alpha, vector, fusionType, maxVectorDistance, limit, offset, filters, ...words };
      const found = (await query.hybrid(text, { ...options, returnMetadata: ['score'] })).objects.map(({ id, metadata }) => ({ id, score: metadata.score }));
      const about = `SEED=${seed} ${JSON.stringify({ text, ...options })} ${filters}`;
      expect(found.map(({ score }) => score), about).toEqual(expected.map(({ score }) => expect.closeTo(score, 9)));
      // scores nearer to each other than f32 tells are ties
      const isApart = (i, j) => j < 0 || j >= expected.length || Math.abs(expected[i].score - expected[j].score) > 1e-6;
      found.forEach(({ id }, at) => { if (isApart(at, at - 1) && isApart(at, at + 1) && at < limit - 1) expect(id, about).toBe(expected[at].id); });
    }
  }
  await all.close();
});
