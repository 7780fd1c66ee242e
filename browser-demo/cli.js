/** The analyst in a terminal: the same corpus, in a database in memory. */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { extractive, memory, open } from 'vectile';
import { encoder } from 'vectile/encoder';
import { readAccount } from './corpus/file.js';

const SAMPLES = [
  ['skylark-air', 'my suitcase never turned up'],
  ['swiftparcel', 'parcel marked as delivered but I do not have it'],
  ['harbour-bank', 'AUTH-31 card refused'],
];
const TASK = 'What are customers complaining about?';

/**
 * Loads the corpus and answers what is typed, or some samples where nobody types.
 * @param {object} options
 * @param {string} options.folder of the files that buildData makes
 * @param {AsyncIterable<unknown> & { isTTY?: boolean }} options.input
 * @param {(text: string) => void} options.print
 * @param {(text: string) => void} options.progress
 */
export async function runCli({ folder, input, print, progress }) {
  const embedder = await encoder({ model: join(folder, 'model.bin') });
  const db = await open({ store: memory() });
  try {
    const posts = await db.collections.create({
      name: 'Post',
      properties: [
        { name: 'text', dataType: 'text' },
        { name: 'author', dataType: 'text', indexSearchable: false },
        { name: 'createdAt', dataType: 'date' },
      ],
      vectors: { default: { dimensions: embedder.dimensions } },
      multiTenancy: { enabled: true },
      vectorizer: embedder,
      generator: extractive({ sentences: 4 }),
    });
    const names = await load(posts, folder, progress);
    if (!input.isTTY) {
      for (const [account, query] of SAMPLES) await answer(posts.withTenant(account), query, print);
      return;
    }
    await converse(posts, names, input, print);
  } finally {
    await db.close();
    await embedder.close();
  }
}

async function load(posts, folder, progress) {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.bin') && name !== 'model.bin');
  let count = 0;
  const start = performance.now();
  for (const file of files) {
    const { account, vectorOf } = await readAccount(new Uint8Array(await readFile(join(folder, file))));
    await posts.tenants.create(account.name);
    const objects = account.posts.map(({ id, text, author, createdAt }, i) => ({ id, properties: { text, author, createdAt }, vector: vectorOf(i) }));
    const { errors: [failure], inserted } = await posts.withTenant(account.name).data.insertMany(objects);
    if (failure) throw failure.error;
    progress(`${account.label}: ${inserted} posts, ${count += inserted} in all`);
  }
  progress(`loaded in ${((performance.now() - start) / 1000).toFixed(1)} s; all posts are synthetic, the companies do not exist`);
  return files.map((file) => file.replace(/\.bin$/, ''));
}

/** The best five by words and meaning, and a summary of them as it is made. */
async function answer(account, query, print) {
  const start = performance.now();
  print(`\n${account.tenant}: ${query}`);
  let text = '';
  for await (const piece of account.generate.hybrid(query, { groupedTask: TASK, groupedProperties: ['text'] }, { limit: 5, queryProperties: ['text'], returnMetadata: ['score'] })) {
    if ('objects' in piece) {
      for (const [i, { properties, metadata }] of piece.objects.entries()) print(`  [${i + 1}] ${metadata.score.toFixed(2)}  ${properties.text}`);
      print(`  ${piece.objects.length} of ${await account.length()} posts in ${(performance.now() - start).toFixed(0)} ms`);
    } else text += piece.text;
  }
  print(`\n${text.trim()}`);
}

async function converse(posts, names, input, print) {
  const lines = createInterface({ input, output: process.stdout });
  let name = names[0];
  print(`\nType a question. ":account name" changes the account (${names.join(', ')}); an empty line ends.`);
  for (;;) {
    const line = (await lines.question(`${name}> `)).trim();
    if (!line) break;
    const [, wanted] = /^:account (\S+)$/.exec(line) ?? [];
    if (wanted === undefined) await answer(posts.withTenant(name), line, print);
    else if (names.includes(wanted)) name = wanted;
    else print(`no account ${wanted}`);
  }
  lines.close();
}
