// Calls of a database in this thread, where a loop of them would keep everything else out.
import { expect, it } from 'vitest';
import { provideWorkers } from '../../ts/worker/workers.js';
import { memory, open } from './support.js';

provideWorkers({ threads: 0, spawn: () => expect.fail('expected no thread') });

it.each([
  ['near', (one) => one.query.nearVector([1, 2])], ['keyword', (one) => one.query.bm25('hello')], ['by id', (one) => one.query.fetchObjectById('a')], ['aggregate', (one) => one.aggregate.overAll()],
  ['counting', (one) => one.length()], ['writing', (one) => one.data.update({ id: 'a', properties: { text: 'hello' } })], ['failing', (one) => one.withTenant('none').length().catch(() => {})],
])('calls that wait for nothing let timers have their turn: %s', async (_, work) => {
  const db = await open({ store: memory() });
  const one = await db.collections.create({ name: 'One', properties: [{ name: 'text', dataType: 'text' }] });
  await one.data.insert({ id: 'a', properties: { text: 'hello' }, vector: [1, 2] });
  const end = performance.now() + 3000;
  let isTold = false;
  setTimeout(() => { isTold = true; }, 20);
  while (!isTold && performance.now() < end) await work(one);
  expect(isTold).toBe(true);
  await db.close();
});
