// The same database, with its shards in threads. All of test/database and the model are run so by test/slow/variants.test.js.
import { expect, it } from 'vitest';

process.env.VECTILE_TEST_THREADS ??= '2';
for (const name of ['database', 'tenants', 'iterator']) await import(`../database/${name}.test.js`);
const support = await import('../database/support.js');

it('was in threads', () => expect(support.started).toBeGreaterThan(10));
