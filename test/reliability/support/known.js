/** What was found, in the terms of a model: seeds in place of vectors; a vector that nobody wrote becomes its text. */
import { encode } from './read.js';
import { vectorOf } from './random.js';

export function known(objects, model) {
  const seeds = new Map();
  const remember = ({ main, extra }) => {
    for (const seed of [main, extra]) if (seed !== undefined) seeds.set(encode(vectorOf(seed)), seed);
  };
  for (const object of model.objects.values()) remember(object);
  for (const write of model.pending.values()) (write.objects ?? [write]).forEach(remember);
  return new Map(objects.map(({ id, properties, vectors }) => {
    const object = { ...properties };
    for (const [name, vector] of Object.entries(vectors)) object[name] = seeds.get(vector) ?? `unknown ${vector}`;
    return [id, object];
  }));
}
