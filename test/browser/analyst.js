/** The demo as tests meet it: built and served, and what they put into it. */
import { buildDemo, pagesFolder } from '../../browser-demo/build.js';
import { serve } from '../../browser-demo/serve.js';

/** @returns {ReturnType<typeof serve>} */
export async function serveDemo() {
  await buildDemo(() => {});
  return serve({ root: pagesFolder });
}

/** A post of `csvOf` that no company of the demo would get. */
export const strayBaggage = 'the purple umbrella sang opera in the warehouse';

/** Rows as a user may have them: quotes, line ends and a row without text, which is an error. */
export function csvOf(count) {
  const rows = ['text,author,created_at'];
  for (let i = 0; i < count; i++) rows.push(`"Order ${1000 + i} is ${['late', 'broken', 'not what I ordered', 'wonderful'][i % 4]}, ""really""\nsecond line ${i}",customer ${i % 40},2025-0${1 + (i % 9)}-11T10:00:00Z`);
  rows[1] = `"${strayBaggage}",nobody,2025-05-05T10:00:00Z`;
  rows.push('"",nobody,2025-05-05T10:00:00Z');
  return Buffer.from(rows.join('\n'));
}
