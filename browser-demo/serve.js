/** A static server for the demo and the browser tests: files as they lie in a folder, no special headers. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('..', import.meta.url));

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.wasm': 'application/wasm',
};

/**
 * @typedef {{ status?: number, headers?: Record<string, string>, body?: string | Uint8Array }} Answer
 * @param {object} [options]
 * @param {string} [options.root] folder to serve
 * @param {number} [options.port] 0 takes a free one
 * @param {Record<string, string>} [options.headers] sent with every answer
 * @param {Record<string, Answer>} [options.answers] by path: what to answer instead of the file, or what to change in it
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
export async function serve({ root = repository, port = 0, headers = {}, answers = {} } = {}) {
  const server = createServer(async (request, response) => {
    const path = pathOf(request.url);
    const { status = 200, headers: own = {}, body } = answers[path] ?? {};
    try {
      const file = join(root, normalize(path), path.endsWith('/') ? 'index.html' : '');
      const bytes = body ?? (await readFile(file));
      response.writeHead(status, { 'content-type': types[extname(file)] ?? 'application/octet-stream', ...headers, ...own });
      response.end(bytes);
    } catch {
      response.writeHead(404, { 'content-type': 'text/plain', ...headers });
      response.end(`no file at ${path}\n`);
    }
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}

/** The path a request names; what cannot be decoded is taken as it stands. */
function pathOf(url) {
  const { pathname } = new URL(url, 'http://localhost');
  try { return decodeURIComponent(pathname); } catch { return pathname; }
}
