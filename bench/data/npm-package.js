// Fetches packages through the user's own npm into a folder that is either whole or absent.
// Everything is installed into a temporary neighbour first and renamed when it is complete, so an interrupted fetch
// leaves no half-filled cache. npm checks each tarball against the registry's hash.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';

/**
 * @typedef {object} FetchOptions
 * @property {string} cacheDir
 * @property {(progress: { bytes: number, seconds: number }) => void} [onProgress] bytes on disk so far, twice a second
 * @property {Record<string, number>} [files] sizes in bytes that files of the package must have
 */

/**
 * The folder of one package without its install scripts, fetched on first use.
 * @param {string} spec `name@version`, an exact version
 * @param {FetchOptions} options
 * @returns {Promise<string>}
 */
export async function npmPackage(spec, { cacheDir, onProgress, files = {} }) {
  const { name } = splitSpec(spec);
  const folder = join(cacheDir, spec.replaceAll('/', '__'));
  await npmInstall([spec], folder, { onProgress, scripts: false, files });
  return join(folder, 'node_modules', name);
}

/**
 * Installs packages together into `folder`; does nothing when they are already there.
 * @param {string[]} specs
 * @param {string} folder
 * @param {{ onProgress?: FetchOptions['onProgress'], scripts?: boolean, cxxFlags?: string, files?: Record<string, number> }} [options]
 *   `scripts` lets packages compile or unpack their native part, with `cxxFlags` behind the package's own flags;
 *   `files` is checked in the first package
 */
export async function npmInstall(specs, folder, { onProgress, scripts = true, cxxFlags, files = {} } = {}) {
  if (existsSync(folder)) return;
  const parent = dirname(folder);
  mkdirSync(parent, { recursive: true });
  removeAbandoned(parent, basename(folder));

  const partial = `${folder}.partial-${process.pid}`;
  mkdirSync(partial);
  writeFileSync(join(partial, 'package.json'), '{"private":true}\n');
  try {
    await runNpm(specs, partial, { scripts, cxxFlags, onProgress });
    for (const spec of specs) checkInstalled(partial, spec);
    checkSizes(join(partial, 'node_modules', splitSpec(specs[0]).name), files);
    if (existsSync(folder)) rmSync(partial, { recursive: true });   // another process was faster
    else renameSync(partial, folder);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    throw error;
  }
}

function runNpm(specs, cwd, { scripts, cxxFlags, onProgress }) {
  const args = ['install', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];
  if (!scripts) args.push('--ignore-scripts');
  // The running Node goes first on the path, so that addons are compiled for it, against its own headers.
  const bin = dirname(process.execPath);
  const env = { ...process.env, PATH: bin + delimiter + process.env.PATH };
  if (existsSync(join(bin, '..', 'include', 'node', 'node.h'))) env.npm_config_nodedir = join(bin, '..');
  if (cxxFlags) env.CXXFLAGS = cxxFlags;

  return new Promise((resolve, reject) => {
    const npm = spawn('npm', [...args, ...specs], { cwd, env, shell: process.platform === 'win32', stdio: ['ignore', 'pipe', 'pipe'] });
    const started = Date.now();
    const report = () => onProgress?.({ bytes: folderBytes(cwd), seconds: (Date.now() - started) / 1000 });
    const timer = onProgress && setInterval(report, 500);
    let log = '';
    npm.stdout.on('data', () => {});
    npm.stderr.on('data', (text) => { log += text; });
    npm.on('error', (error) => { clearInterval(timer); reject(new Error(`npm did not start: ${error.message}`, { cause: error })); });
    npm.on('close', (code) => {
      clearInterval(timer);
      if (code === 0) { report(); resolve(); }
      else reject(new Error(`npm install ${specs.join(' ')} failed (exit ${code}): ${firstReason(log)}`));
    });
  });
}

/** One line out of npm's log: the last that names a failure, and not merely that a tool failed. */
function firstReason(log) {
  const lines = log.split('\n').map((line) => line.replace(/^npm (error|ERR!) ?/, '').trim()).filter(Boolean);
  return lines.filter((line) => /fatal|not found|no such file|no matching|unable|ENOTFOUND|error:|unsupported/i.test(line) && !/failed with exit code/.test(line)).at(-1)?.replace(/https?:\/\/\S+/g, '<url>') ?? lines[0] ?? 'no reason given';
}

function checkInstalled(folder, spec) {
  const { name, version } = splitSpec(spec);
  const found = JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8'));
  if (/^\d+\.\d+\.\d+/.test(version) && found.version !== version) throw new Error(`${name}: expected version ${version}, got ${found.version}`);
}

function checkSizes(folder, files) {
  for (const [file, bytes] of Object.entries(files)) {
    const found = statSync(join(folder, file)).size;
    if (found !== bytes) throw new Error(`${file}: expected ${bytes} bytes, got ${found}`);
  }
}

/** Removes what an interrupted fetch of the same package left, unless its process still lives. */
function removeAbandoned(parent, name) {
  for (const entry of readdirSync(parent)) {
    if (!entry.startsWith(`${name}.partial-`)) continue;
    const pid = Number(entry.slice(entry.lastIndexOf('-') + 1));
    if (pid === process.pid || !isAlive(pid)) rmSync(join(parent, entry), { recursive: true, force: true });
  }
}

function isAlive(pid) {
  try { process.kill(pid, 0); return true; } catch (error) { return error.code === 'EPERM'; }
}

function folderBytes(folder) {
  let bytes = 0;
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      bytes += entry.isDirectory() ? folderBytes(path) : statSync(path).size;
    }
  } catch {}   // npm moves folders while we look; the next report is right again
  return bytes;
}

function splitSpec(spec) {
  const at = spec.lastIndexOf('@');
  return { name: spec.slice(0, at), version: spec.slice(at + 1) };
}
