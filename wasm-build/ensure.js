/**
 * Makes a fresh clone usable: installs the development packages and builds dist/ where they are missing or older than
 * what they are made from. Every npm script begins with it, so it needs nothing but Node.
 *
 *   node wasm-build/ensure.js [--rebuild]
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

const sources = ['assembly', 'ts', 'wasm-build', 'asconfig.json', 'tsconfig.json', 'package.json'];
/** First and last of what a build makes; a build that failed leaves the last one missing. */
const outputs = ['dist/core.wasm', 'dist/types/ts/index.d.ts'];
const windows = process.platform === 'win32';

if (changedAt('node_modules/.package-lock.json') < changedAt('package-lock.json')) {
  say('Installing the development packages (npm ci)');
  run(windows ? 'npm.cmd' : 'npm', ['ci', '--loglevel=error'], windows);
}
if (process.argv.includes('--rebuild') || Math.min(...outputs.map(changedAt)) < Math.max(...sources.map(newestIn))) {
  say('Building dist/ from assembly/ and ts/');
  run(process.execPath, ['wasm-build/build.js']);
}

function say(text) {
  console.error(`vectile: ${text}`);
}

function run(command, args, shell = false) {
  try {
    execFileSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], shell });
  } catch (error) {
    say(`${command} ${args.join(' ')} failed${error.status === null ? `: ${error.message}` : ''}`);
    process.exit(1);
  }
}

/** Milliseconds since 1970; 0 if there is no such file. */
function changedAt(name) {
  return statSync(join(root, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** The latest change in a file, or in a folder and all below it. What builds leave there does not count. */
function newestIn(name) {
  const stat = statSync(join(root, name));
  if (!stat.isDirectory()) return stat.mtimeMs;
  const names = readdirSync(join(root, name)).filter((entry) => entry !== 'out');
  return Math.max(...names.map((entry) => newestIn(join(name, entry))));
}
