// A million small objects with five properties to filter by: what the inverted index takes, how long opening takes beside
// reading the same bytes, and filters of all kinds, whose counts are checked against the objects.

import { loadavg } from 'node:os';
import { randomSource } from './data/random.js';
import { uuidOf } from './data/uuid.js';
import { describeMachine, pinnedCore } from './machine.js';
import { median, startClock } from './measure/clock.js';
import { createProgress } from './progress.js';
import { nodeMajor, writeResult } from './results.js';
import { folderBytes, importInto, invertedBytes, newFolder, openDatabase, statsOf } from './search-database.js';
import { openInTurns, overBy, spreads } from './search-opening.js';
import { timeInTurns } from './search-turns.js';
import { fixed, printTable, spreadText, whole } from './table.js';

const openRounds = 5;
const calls = 40;               // of each filter; bounds differ from call to call, lest an answer be kept
const categories = 1000, stockMost = 1000, priceMost = 1000;
const firstDay = Date.UTC(2026, 0, 1), stepMs = 20_000;
const collectionName = 'Article';

const options = JSON.parse(process.argv[2]);
const progress = createProgress();
const { k, rounds, core } = options;
const rows = options.limit ?? 1_000_000;
const load = { before: loadavg()[0] };
const columns = makeColumns();
const folder = newFolder();
let db = await openDatabase(folder);
let collection = await db.collections.create({
  name: collectionName,
  properties: [
    { name: 'category', dataType: 'text', tokenization: 'field', indexSearchable: false }, { name: 'price', dataType: 'number' }, { name: 'stock', dataType: 'int' },
    { name: 'isActive', dataType: 'boolean' }, { name: 'addedAt', dataType: 'date' },
  ],
});
const clock = startClock();
await importInto(db, collection, inputs());
const spent = clock();
progress.note(`imported ${whole(rows)}: ${fixed(spent.cpu / 1e6, 1)} processor seconds`);
await db.compact();   // merges what there is to merge, as time does
await db.close();

const bytes = { folder: folderBytes(folder) };
const reports = await openInTurns({
  read: { kind: 'read', folder }, vectile: { kind: 'vectile', folder, collection: collectionName, filters: filterKinds()['price, half'](0).filters, k },
}, { rounds: openRounds, core });

db = await openDatabase(folder);
collection = db.collections.use(collectionName);
const filters = await measureFilters();
bytes.inverted = await invertedBytes(db, collection);
bytes.memory = (await statsOf(db, collection)).memory;
await db.close();

const result = {
  dataset: { name: `articles-${rows}`, rows, properties: Object.keys(columns), source: 'made from seeded random numbers' },
  parameters: { k, rounds, calls, openRounds },
  machine: { ...describeMachine(), pinnedCore: pinnedCore(), load: { ...load, after: loadavg()[0] } },
  method: 'filters in turns, each call with other bounds; ms, the lesser of wall and processor time; page: fetchObjects with a limit, count: deleteMany with dryRun, whose count is checked; opening: fresh processes in turns, files in the page cache',
  import: { cpuSeconds: spent.cpu / 1e6, wallSeconds: spent.wall / 1e6, perCpuSecond: rows / (spent.cpu / 1e6) },
  bytes, opening: { read: spreads(reports.read), vectile: spreads(reports.vectile), openOverRead: overBy(reports.vectile, 'ms', reports.read, 'ms'), openOverReadByCpu: overBy(reports.vectile, 'cpuMs', reports.read, 'cpuMs') },
  filters,
};
print(result);
console.log(`\nwritten to ${writeResult(`articles${options.limit ? `-first${rows}` : ''}-search-node${nodeMajor()}.json`, result)}`);

/** Categories are as uneven as words: the n-th comes about 1/n as often as the first. */
function makeColumns() {
  const random = randomSource(11);
  const zipf = () => Math.floor(Math.exp(random() * Math.log(categories + 1))) - 1;
  const made = { category: new Uint16Array(rows), price: new Float64Array(rows), stock: new Uint16Array(rows), isActive: new Uint8Array(rows), addedAt: new Float64Array(rows) };
  for (let row = 0; row < rows; row++) {
    made.category[row] = zipf();
    made.price[row] = Math.round(random() * priceMost * 100) / 100;
    made.stock[row] = Math.floor(random() * stockMost);
    made.isActive[row] = random() < 0.9 ? 1 : 0;
    made.addedAt[row] = firstDay + Math.floor(random() * rows) * stepMs;
  }
  return made;
}

function* inputs() {
  const show = progress.count('import');
  for (let row = 0; row < rows; row++) {
    yield { id: uuidOf(row), properties: propertiesOf(row) };
    if (row % 10_000 === 0) show(row, rows);
  }
}

function propertiesOf(row) {
  return {
    category: categoryName(columns.category[row]), price: columns.price[row], stock: columns.stock[row],
    isActive: columns.isActive[row] === 1, addedAt: new Date(columns.addedAt[row]),
  };
}

function categoryName(number) { return `category ${number}`; }

/** By name, of the n-th call: the filter, and whether it matches a row. */
function filterKinds() {
  const { category, price, stock, isActive, addedAt } = columns;
  const lessThan = (property, value) => ({ operator: 'LessThan', property, value });
  const half = (n) => priceMost * (0.49 + 0.0005 * n);
  const date = (n) => firstDay + Math.floor(rows * (0.1 + 0.0001 * n)) * stepMs;
  return {
    'price, half': (n) => ({ filters: lessThan('price', half(n)), matches: (row) => price[row] < half(n) }),
    'stock, half': (n) => ({ filters: lessThan('stock', 490 + n), matches: (row) => stock[row] < 490 + n }),
    'date, a tenth': (n) => ({ filters: lessThan('addedAt', new Date(date(n)).toISOString()), matches: (row) => addedAt[row] < date(n) }),
    'a category': (n) => ({ filters: { operator: 'Equal', property: 'category', value: categoryName(n) }, matches: (row) => category[row] === n }),
    'active': (n) => ({ filters: { operator: 'Equal', property: 'isActive', value: n % 2 === 0 }, matches: (row) => isActive[row] === (n % 2 === 0 ? 1 : 0) }),
    'three of them': (n) => ({
      filters: { operator: 'And', filters: [lessThan('price', half(n)), { operator: 'Equal', property: 'isActive', value: true }, { operator: 'Not', filter: lessThan('stock', 490 + n) }] },
      matches: (row) => price[row] < half(n) && isActive[row] === 1 && stock[row] >= 490 + n,
    }),
  };
}

async function measureFilters() {
  const measured = {};
  for (const [name, kind] of Object.entries(filterKinds())) {
    const asked = Array.from({ length: calls }, (_, n) => kind(n));
    const { matches } = asked[0];
    let expected = 0;
    for (let row = 0; row < rows; row++) if (matches(row)) expected++;
    const { matches: matched } = await collection.data.deleteMany(asked[0].filters, { dryRun: true });
    if (matched !== expected) throw new Error(`${name}: expected ${expected} objects, got ${matched}`);
    const { page, count } = await timeInTurns({
      page: (n) => collection.query.fetchObjects({ filters: asked[n].filters, limit: k }),
      count: (n) => collection.data.deleteMany(asked[n].filters, { dryRun: true }),
    }, { calls, rounds });
    measured[name] = { share: expected / rows, page, count };
    progress.note(`${name}: ${whole(expected)}, page p50 ${fixed(median(page.p50), 2)} ms`);
  }
  return measured;
}

function print({ machine, import: imported, bytes: { folder: all, inverted, memory }, opening, filters: measured }) {
  console.log(`\n${whole(rows)} objects; ${machine.cpu}, Node ${machine.node}, load ${fixed(machine.load.before, 1)} to ${fixed(machine.load.after, 1)}`);
  console.log(`import ${whole(imported.perCpuSecond)} objects a processor second; bytes an object: folder ${fixed(all / rows, 1)}, inverted index ${fixed(inverted.files / rows, 1)} in files, ${fixed(inverted.resident / rows, 1)} resident, ${fixed(inverted.tables / rows, 1)} of tables, other memory ${fixed(memory.table / rows, 1)}`);
  console.log(`open ${fixed(opening.vectile.ms.median, 0)} ms, to the first answer ${fixed(opening.vectile.firstAnswerMs.median, 0)} ms, reading ${fixed(opening.read.bytes.median / 1e6, 0)} MB ${fixed(opening.read.ms.median, 0)} ms: ratio ${spreadText(opening.openOverRead)}, by processor time ${spreadText(opening.openOverReadByCpu)}\n`);
  printTable([
    ['filter', 'share', 'page p50 ms', 'p99', 'count p50 ms', 'p99'],
    ...Object.entries(measured).map(([name, { share, page, count }]) => [name, `${fixed(share * 100, 1)} %`, fixed(median(page.p50), 3), fixed(median(page.p99), 3), fixed(median(count.p50), 3), fixed(median(count.p99), 3)]),
  ]);
}
