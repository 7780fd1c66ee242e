import { expect, it } from 'vitest';
import { errorOf, memory, open } from './support.js';

it('works', async () => {
  const db = await open({ store: memory() });
  const c = await db.collections.create({ name: 'A', properties: [{ name: 'title', dataType: 'text' }, { name: 'text', dataType: 'text' }, { name: 'price', dataType: 'int' }, { name: 'tags', dataType: 'text[]' }] });
  await c.data.insertMany([
    { id: 'a', properties: { title: 'refund', text: 'the parcel was lost', price: 3, tags: ['x', 'y'] }, vector: [1, 0] },
    { id: 'b', properties: { title: 'parcel', text: 'the refund never came', price: 1, tags: ['y'] }, vector: [0, 1] },
    { id: 'c', properties: { title: 'hello', text: 'world', price: 2 }, vector: [1, 1] },
  ]);
  const show = (r) => console.log(JSON.stringify(r, null, 1));
  const md = { returnMetadata: ['score', 'explainScore', 'distance'], returnProperties: [] };
  show(await c.query.bm25('refund', { ...md, queryProperties: ['title^3', 'text'] }));
  show(await c.query.hybrid('the refund', { ...md, vector: [1, 0.2] }));
  show(await c.query.hybrid('the refund', { ...md, vector: [1, 0.2], alpha: 0.5, groupBy: { property: 'tags' } }));
  show(await c.query.nearVector([1, 0.2], { ...md, filters: (f) => f.byProperty('price').lessThan(3), diversity: {} }));
  show(await c.query.fetchObjects({ ...md, sort: [{ property: 'price' }], after: 'b' }));
  show(await c.query.fetchObjects({ ...md, sort: [{ property: 'title', order: 'desc' }], filters: (f) => f.byProperty('price').lessThan(3) }));
  await db.close();
});
