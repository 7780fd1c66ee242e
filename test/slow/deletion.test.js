import { expect, test } from 'vitest';
import { random, shuffled } from '../conformance/random.js';
import { SEED } from '../support/engine.js';
import { churn } from '../support/churn.js';

const seed = SEED ?? 41;
const EFS = [20, 40, 80];
const size = { count: 50_000, dimensions: 64, queries: 200, seed };
const graph = { maxConnections: 16, efConstruction: 128 };

test.each([true, false])('three rounds of 30 % removed and added again, idTable %s', async (idTable) => {
  const run = await churn({ ...size, options: { ...graph, idTable } });
  for (let round = 0; round < 3; round++) {
    const removed = run.removeSome(0.3);
    run.workUp((slice) => slice % 200 || run.probe());
    run.add(removed);
    run.probe();
  }
  run.workUp();
  console.log(JSON.stringify(await run.expectLikeFresh({ efs: EFS })));
});

test.each([true, false])('all replaced three times, idTable %s', async (idTable) => {
  const run = await churn({ ...size, count: 20_000, options: { ...graph, idTable } });
  const next = random(seed);
  for (let round = 0; round < 3; round++) {
    const ids = run.ids();
    run.add([...shuffled(next, ids.length)].map((i) => ids[i]));
    run.probe();
  }
  expect(run.workUp()).toBeGreaterThanOrEqual(0);
  console.log(JSON.stringify(await run.expectLikeFresh({ efs: EFS })));
});
