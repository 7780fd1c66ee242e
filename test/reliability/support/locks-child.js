/** Processes beside others. `hold`: opens for writing and stays. `try`: opens for writing, tells what came of it. `follow`: reads. */
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fs, open } from './vectile.js';
import { vectorOf } from './random.js';

const { role, folder } = JSON.parse(process.argv[2]);
const tell = (line) => writeSync(1, `${JSON.stringify(line)}\n`);

const start = performance.now();
try {
  if (role === 'follow') await follow();
  else {
    const db = await open({ store: fs(folder) });
    tell({ opened: true });
    if (role === 'try') await db.close();
    else await new Promise(() => setInterval(() => {}, 1000));
  }
} catch (error) {
  tell({ refused: error.code, message: error.message, ms: performance.now() - start });
}

/** Reads all again and again, and tells when it saw an object first, and what is not as it was written. */
async function follow() {
  const db = await open({ store: fs(folder), readOnly: true });
  const items = db.collections.use('Item');
  const seen = new Set();
  let replaced = 0;
  for (let round = 0; ; round++) {
    try {
      const objects = [];
      for await (const object of items.iterator({ includeVector: true })) objects.push(object);
      const now = Date.now();
      for (const { id, properties, vectors } of objects) {
        if (vectorOf(properties.count).some((component, i) => component !== vectors.main[i])) tell({ wrong: `${id} has the vector of another` });
        if (!seen.has(id)) tell({ seen: id, at: now });
        seen.add(id);
      }
      const object = objects[round % Math.max(1, objects.length)];
      if (object) {
        const { objects: near } = await items.query.nearVector(object.vectors.main, { limit: 3 });
        // it may have been replaced meanwhile, but a reader never has fewer than it had
        if (!near.length) tell({ wrong: 'nothing is near' });
      }
      // objects of such counts come and are replaced by others, but they never go
      const { objects: found } = await items.query.fetchObjects({ filters: { operator: 'GreaterThanEqual', property: 'count', value: 1000 }, limit: 1000 });
      if (found.length < replaced) tell({ wrong: `a filter found ${replaced}, and then ${found.length}` });
      replaced = found.length;
      for (const { id, properties } of found) if (properties.count < 1000) tell({ wrong: `a filter found ${id}, whose count is ${properties.count}` });
    } catch (error) {
      tell({ wrong: `${error.code} ${error.stack}` });
    }
    await sleep(10);
  }
}
