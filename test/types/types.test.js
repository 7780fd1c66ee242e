// Public types refuse what cannot be meant: each *.types.ts is compiled, and marks the lines that must not pass.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const folder = fileURLToPath(new URL('.', import.meta.url));
const tsc = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));

const compile = (...options) => spawnSync(process.execPath, [tsc, '-p', folder, ...options], { encoding: 'utf8' });

it('types let through what is right, and nothing that is marked as wrong', () => {
  const { stdout, status } = compile();
  expect(stdout).toBe('');
  expect(status).toBe(0);
});

it('all files were compiled', () => {
  const compiled = compile('--listFilesOnly').stdout;
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.types.ts'))) expect(compiled).toContain(name);
});
