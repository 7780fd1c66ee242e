/** Objects are made, then resharded time and again, and written meanwhile. */
import { vectorOf } from './random.js';

const OBJECTS = 40;
const COUNTS = [3, 2, 1];

const CONFIG = {
  name: 'Item', properties: [{ name: 'text', dataType: 'text' }, { name: 'count', dataType: 'int' }],
  vectors: { main: { dimensions: 16, metric: 'l2-squared', index: { type: 'hnsw', maxConnections: 4 } } },
};
const input = ({ id, text, count, main }) => ({ id, properties: { text, count }, ...main !== undefined && { vector: vectorOf(main) } });

/** `journaled(write, work)` notes what begins, does it, and notes that it was acknowledged. */
export async function reshardAndWrite(db, random, journaled) {
  const items = await db.collections.create(CONFIG);
  const objects = Array.from({ length: OBJECTS }, (_, i) => ({ id: `id-${i}`, text: `text ${i}`, count: i, main: i }));
  await journaled({ kind: 'insertMany', objects }, () => items.data.insertMany(objects.map(input)));
  const idle = objects.map(({ id }) => id);
  let made = 0;
  for (const count of COUNTS) {
    const writes = [];
    const begin = (writing) => {
      writing.catch(() => {}); // it is awaited below
      writes.push(writing);
    };
    /** Each of another object: of two that go on at a time, which was last cannot be told. */
    const write = () => {
      for (let i = 0; i < 3; i++) {
        const [id] = idle.splice(Math.floor(random() * idle.length), 1);
        const roll = random();
        if (roll < 0.4) {
          const changed = { id, text: `changed ${count}`, count: -1 };
          begin(journaled({ kind: 'update', ...changed }, () => items.data.update(input(changed))).then(() => idle.push(id)));
        } else if (roll < 0.7) {
          begin(journaled({ kind: 'delete', id }, () => items.data.deleteById(id)));
        } else {
          const object = { id: `new-${made++}`, text: 'new', count: made, main: 1000 + made };
          begin(journaled({ kind: 'insert', ...object }, () => items.data.insert(input(object))).then(() => idle.push(id, object.id)));
        }
      }
    };
    const resharding = journaled({ kind: 'reshard', count }, () => items.config.reshard(count, { onProgress: write }));
    write();
    const results = await Promise.allSettled([resharding, ...writes]);
    results.push(...await Promise.allSettled(writes));
    for (const { reason } of results) if (reason) throw reason;
  }
}

/** Numbers of shards there may be, by what was journaled of resharding. */
export function countsAfter(lines) {
  let counts = [1];
  const begun = new Map();
  for (const { begin, write, done } of lines) {
    if (write?.kind === 'reshard') {
      begun.set(begin, write.count);
      counts = [counts.at(-1), write.count];
    }
    if (begun.has(done)) counts = [begun.get(done)];
  }
  return counts;
}
