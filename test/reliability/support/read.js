/** Everything that can be read of a collection, for a process to tell its parent. */
import { randomOf } from './random.js';
import { checkSearches } from './searches.js';

const SAMPLE = 20;

/** `wrong`: ways of reading that do not agree. Vectors are in base64. */
export async function readAll(items, seed) {
  const random = randomOf(seed);
  const wrong = [];
  const all = [];
  for await (const object of items.iterator({ includeVector: true })) all.push(object);
  if ((await items.length()) !== all.length) wrong.push(`length(): expected ${all.length}, got ${await items.length()}`);
  for (let i = 0; i < SAMPLE && all.length; i++) {
    const object = all[Math.floor(random() * all.length)];
    const again = await items.query.fetchObjectById(object.id, { includeVector: true });
    if (JSON.stringify(again?.properties) !== JSON.stringify(object.properties)) wrong.push(`fetchObjectById ${object.id}: got another than the iterator`);
    for (const [name, vector] of Object.entries(object.vectors)) {
      const { objects: near } = await items.query.nearVector(vector, { targetVector: name, limit: 10, returnMetadata: ['distance'] });
      const hit = near.find(({ id }) => id === object.id);
      if (!hit) wrong.push(`nearVector ${name}: ${object.id} is not among the nearest of its own vector, ${near.map(({ id, metadata }) => `${id} ${metadata.distance}`).join(', ')}`);
      else if (Math.abs(hit.metadata.distance) > 1e-5) wrong.push(`nearVector ${name}: ${object.id} is at distance ${hit.metadata.distance} of its own vector`);
    }
  }
  wrong.push(...await checkSearches(items, all, random));
  return {
    wrong,
    objects: all.map(({ id, properties, vectors }) => ({ id, properties, vectors: Object.fromEntries(Object.entries(vectors).map(([name, vector]) => [name, encode(vector)])) })),
  };
}

export const encode = (vector) => Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64');
