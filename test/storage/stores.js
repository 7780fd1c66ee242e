/** Every store that runs in Node, made anew, and copied as a process would find it that opens it after another was killed. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { fs, provideFiles } from '../../ts/storage/fs.js';
import { memory } from '../../ts/storage/memory.js';
import { nodeFiles } from '../../ts/storage/node-files.js';

provideFiles(nodeFiles);

const folders = [];
/** An empty folder that is removed in the end. */
export function temporaryFolder() {
  if (!folders.length) afterAll(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true })));
  folders.push(mkdtempSync(join(tmpdir(), 'vectile-')));
  return folders.at(-1);
}

export const stores = {
  memory: { make: () => memory(), fork: (store) => store.fork() },
  fs: {
    make: () => fs(join(temporaryFolder(), 'data')),
    fork(store, folder = join(temporaryFolder(), 'data')) {
      cpSync(store.location, folder, { recursive: true });
      // the owner of the copy is not this process, but one that is no more
      for (const name of readdirSync(folder).filter((name) => name.startsWith('lock-'))) {
        const owner = JSON.parse(readFileSync(join(folder, name), 'utf8'));
        writeFileSync(join(folder, name), JSON.stringify({ ...owner, isFree: true, isClean: false }));
      }
      return fs(folder);
    },
  },
};
