/**
 * `node examples/search.js`: tickets are found by their words, under conditions, and by words and likeness together; then they
 * are counted. All in memory. On a fresh clone `npm run build` comes first.
 */
import { pathToFileURL } from 'node:url';
import { Filters, memory, open } from 'vectile';
import { letters as vectorizer } from './tickets/letters.js';

const tickets = [
  ['acme', 'open', 3, '2026-11-02', 'My parcel has not arrived, the tracking number shows nothing'],
  ['acme', 'closed', 1, '2026-11-03', 'How do I change the address of an order?'],
  ['acme', 'open', 2, '2026-11-05', 'The parcel was left with a neighbour I do not know'],
  ['globex', 'open', 5, '2026-11-05', 'We were charged twice for the same invoice, please refund one payment'],
  ['globex', 'closed', 2, '2026-11-07', 'Where can I download the invoice for October?'],
  ['globex', 'open', 4, '2026-11-09', 'Refund still missing after two weeks'],
  ['initech', 'open', 1, '2026-11-10', 'Please add a colleague to our account'],
  ['initech', 'closed', 4, '2026-11-11', 'Parcel arrived damaged, I would like a refund'],
  ['initech', 'open', 2, '2026-11-12', 'The password reset mail never arrives'],
].map(([account, status, priority, day, text]) => ({ properties: { account, status, priority, openedAt: new Date(day), text } }));

/** What is printed goes to `print`. */
export async function runSearch(print) {
  const db = await open({ store: memory() });
  const collection = await db.collections.create({
    name: 'Ticket',
    properties: [
      { name: 'text', dataType: 'text' },
      { name: 'account', dataType: 'text', tokenization: 'field' },
      { name: 'status', dataType: 'text', tokenization: 'field' },
      { name: 'priority', dataType: 'int' },
      { name: 'openedAt', dataType: 'date' },
    ],
    vectorizer,
  });
  await collection.data.insertMany(tickets);

  print('by words: parcel refund');
  show(await collection.query.bm25('parcel refund', { queryProperties: ['text'], limit: 3, returnMetadata: ['score'] }));

  print('\nby words, typos tolerated: pacel');
  show(await collection.query.bm25('pacel', { typoTolerance: 'auto', returnMetadata: ['score'] }));

  print('\nby words and likeness: passwort resetting mail');
  show(await collection.query.hybrid('passwort resetting mail', { alpha: 0.5, limit: 3, returnMetadata: ['score'] }));

  print('\nopen, and urgent or of acme, the newest first');
  const filters = Filters.and(
    { operator: 'Equal', property: 'status', value: 'open' },
    Filters.or({ operator: 'GreaterThanEqual', property: 'priority', value: 4 }, { operator: 'Equal', property: 'account', value: 'acme' }),
  );
  show(await collection.query.fetchObjects({ filters, sort: { property: 'openedAt', order: 'desc' } }));

  print('\nby account');
  const groups = await collection.aggregate.groupBy({ property: 'account' }, { metrics: { priority: ['mean', 'max'], status: true, openedAt: ['max'] } });
  for (const { groupedBy, totalCount, properties: { priority, status, openedAt } } of groups) {
    const states = status.topOccurrences.map(({ value, occurrences }) => `${occurrences} ${value}`).join(', ');
    const last = openedAt.max.toISOString().slice(0, 10);
    print(`  ${groupedBy.value}: ${totalCount} tickets (${states}), priority ${priority.mean.toFixed(1)} on average, ${priority.max} at most, last on ${last}`);
  }

  const { matches } = await collection.data.deleteMany((f) => f.byProperty('status').equal('closed'));
  const { totalCount } = await collection.aggregate.overAll();
  print(`\n${matches} closed ones are deleted, ${totalCount} are left`);
  await db.close();

  function show({ objects }) {
    for (const { properties: { account, priority, text }, metadata: { score } } of objects) {
      print(`  ${score === undefined ? '' : `${score.toFixed(2)}  `}${account}, priority ${priority}: ${text}`);
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await runSearch(console.log);
