// What a figure was measured on, and the processes it is measured in: pinned to one core, under a chosen Node.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { npmInstall } from './data/npm-package.js';
import { cacheDir, repositoryDir } from './paths.js';

export function describeMachine() {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGB: Math.round(totalmem() / 2 ** 30),
    os: `${osName()} (${platform()} ${release()}, ${arch()})`,
    node: process.version,
    v8: process.versions.v8,
    nodeFlags: process.execArgv,
    commit: git('rev-parse', 'HEAD'),
    dirty: (git('status', '--porcelain', '--', '.', ':!bench/results') ?? '') !== '',   // results do not change what is measured
    date: new Date().toISOString(),
  };
}

function osName() {
  try { return /^PRETTY_NAME="?(.*?)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))[1]; } catch { return platform(); }
}

function git(...args) {
  try { return execFileSync('git', args, { cwd: repositoryDir, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim(); } catch { return null; }
}

/**
 * Runs a script of the suite in a fresh Node, on one core where `taskset` exists; on all if `core` is null.
 * @param {'inherit' | 'capture'} output
 * @returns {Promise<{ code: number | null, signal: string | null, text: string }>}
 */
export function runPinned(script, args, { core, output = 'inherit' }) {
  const pin = canPin(core);
  const command = [...(pin ? ['taskset', '-c', String(core)] : []), process.execPath, '--expose-gc', script, ...args];
  const child = spawn(command[0], command.slice(1), {
    stdio: ['ignore', output === 'capture' ? 'pipe' : 'inherit', 'inherit'],
    env: { ...process.env, BENCH_CORE: pin ? String(core) : '' },
  });
  let text = '';
  child.stdout?.on('data', (data) => { text += data; });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, text }));
  });
}

export const canPin = (core) => core !== null && spawnSync('taskset', ['-c', String(core), process.execPath, '-e', '0']).status === 0;

/** The core this process is held to, as runPinned() told it; null when it roams. */
export const pinnedCore = () => (process.env.BENCH_CORE ? Number(process.env.BENCH_CORE) : null);

/** Path of a Node of another major version, out of npm's `node` package. */
export async function nodeBinary(major, progress) {
  const folder = join(cacheDir, `node${major}`);
  await npmInstall([`node@${major}`], folder, { onProgress: progress.fetch(`node@${major}`) });
  const modules = join(folder, 'node_modules');
  // The platform package comes with the headers that addons are compiled against; the launcher is only the binary.
  const platformPackage = `node-${platform() === 'win32' ? 'win' : platform()}-${arch()}`;
  const binary = join('bin', platform() === 'win32' ? 'node.exe' : 'node');
  const places = [join(modules, 'node', 'node_modules', platformPackage, binary), join(modules, platformPackage, binary), join(modules, 'node', binary)];
  const found = places.find((place) => existsSync(place));
  if (!found) throw new Error(`node@${major}: its package has no binary for ${platformPackage}`);
  return found;
}
