/**
 * A database in a temporary folder. Texts are stored and found again by likeness; then the folder is opened a
 * second time, as another process would, and all is there.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { open } from 'vectile';
import { letters as vectorizer } from './tickets/letters.js';
import { texts } from './tickets/texts.js';

/** Does it all in a folder; what is printed goes to `print`. */
export async function runTickets(folder, print) {
  const questions = ['I forgot the password', 'parcels delivered to a wrong address', 'cancelling a subscription'];

  const db = await open(folder);
  const tickets = await db.collections.create({
    name: 'Ticket',
    properties: [{ name: 'text', dataType: 'text' }, { name: 'createdAt', dataType: 'date' }],
    vectorizer,
  });
  const start = performance.now();
  const { inserted } = await tickets.data.insertMany(texts.map((text) => ({ properties: { text, createdAt: new Date() } })));
  print(`stored ${inserted} requests in ${folder}, synced, in ${Math.round(performance.now() - start)} ms`);
  for (const question of questions) await answer(tickets, question, print);
  await db.close();

  const again = await open(folder);
  const { objects, bytes } = await again.stats();
  print(`\nopened again: ${objects} requests, ${Math.round(bytes.disk / 1000)} kB on disk`);
  await answer(again.collections.use('Ticket', { vectorizer }), questions[0], print);
  await again.close();
}

/** Prints the requests nearest to a question. */
async function answer(tickets, question, print) {
  const { objects } = await tickets.query.nearText(question, { limit: 3, returnMetadata: ['certainty'] });
  print(`\n${question}`);
  for (const { properties, metadata } of objects) print(`  ${metadata.certainty.toFixed(2)}  ${properties.text}`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const folder = await mkdtemp(join(tmpdir(), 'vectile-tickets-'));
  try {
    await runTickets(folder, console.log);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
