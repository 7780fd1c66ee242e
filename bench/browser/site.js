// The server of the pages: one page for each peer, with its library bundled, the vectors in slices, and dist/.

import { cpSync, copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { serve } from '../../browser-demo/serve.js';
import { cacheDir, repositoryDir } from '../paths.js';
import { folderOf } from './peers.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const sliceRows = 2000;
// Without isolation clocks of pages count 100 µs, which is too coarse for a search.
const headers = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };

/**
 * @param {import('../data/dataset.js').Dataset} data
 * @returns {Promise<{ slices: string[], add: (peer: import('./peers.js').BrowserPeer) => Promise<string>, close: () => Promise<void> }>}
 *   `add` bundles a peer and gives the address of its page
 */
export async function openSite(data) {
  if (!existsSync(join(repositoryDir, 'dist', 'index.browser.js'))) throw new Error('dist/index.browser.js is missing: run `npm run build` first');
  const root = join(cacheDir, `browser-${process.pid}`);
  mkdirSync(root, { recursive: true });
  process.on('exit', () => rmSync(root, { recursive: true, force: true }));
  cpSync(join(repositoryDir, 'dist'), join(root, 'dist'), { recursive: true });

  const bytesOf = (floats) => new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
  const answers = { '/queries': { body: bytesOf(data.queries) } };
  for (let row = 0; row < data.rows; row += sliceRows) {
    answers[`/rows/${row}`] = { body: bytesOf(data.base.subarray(row * data.dimensions, (row + sliceRows) * data.dimensions)) };
  }
  const slices = Object.keys(answers).filter((path) => path.startsWith('/rows/'));
  const server = await serve({ root, headers, answers });

  return {
    slices,
    async add({ name, adapter, config = {}, packages, leaveOut = [], files = [] }) {
      const modules = packages.length ? join(folderOf({ packages }), 'node_modules') : '';
      await build({
        stdin: {
          contents: `import { serve } from './page.js';\nimport { createPeer } from './adapters/${adapter}';\nserve(createPeer(${JSON.stringify(config)}));\n`,
          resolveDir: here,
        },
        bundle: true, format: 'esm', target: 'es2022', platform: 'browser', minify: true, logLevel: 'error',
        nodePaths: modules ? [modules] : [],
        external: ['/dist/*', ...leaveOut],
        outfile: join(root, `${name}.js`),
      });
      const [main = ''] = packages;
      for (const file of files) copyFileSync(join(modules, main.slice(0, main.lastIndexOf('@')), file), join(root, file));
      const page = `<!doctype html><title>${name}</title><link rel="icon" href="data:,"><script type="module" src="/${name}.js"></script>`;
      answers[`/${name}`] = { headers: { 'content-type': 'text/html; charset=utf-8' }, body: page };
      return `${server.url}/${name}`;
    },
    close: () => server.close(),
  };
}
