/** Programs in runtimes: each prints `RESULT ` and JSON. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const execute = promisify(execFile);

/** By runtime that runs a file: how it is told to. Deno allows no more than it is told. */
export const commands = {
  node24: (file) => [file],
  bun: (file) => ['run', file],
  deno: (file, allowed = ['--allow-read']) => ['run', '--no-prompt', '--no-lock', ...allowed, file],
};

export async function versionOf(command) {
  const { stdout } = await execute(command, ['--version']);
  return /\d+\.\d+\.\d+/.exec(stdout)[0];
}

/** For a process in `folder`. */
export const optionsIn = (folder) => ({ cwd: folder, env: { ...process.env, DENO_DIR: join(folder, '.deno'), DENO_NO_UPDATE_CHECK: '1', DO_NOT_TRACK: '1' } });

/** @returns {Promise<any>} the result that a command prints, run in `folder` */
export async function resultOfCommand(command, args, folder) {
  const { stdout, stderr } = await execute(command, args, { ...optionsIn(folder), maxBuffer: 1 << 26 }).catch((error) => error);
  const result = /^RESULT (.*)$/m.exec(stdout)?.[1];
  if (!result) throw new Error(`${command} ${args.join(' ')} gave no result\n${stdout}${stderr}`);
  return JSON.parse(result);
}

/** What a worker gets of a file it imports, by how the file is called; scripts are bundled. */
const moduleKinds = { wasm: 'wasm', venc: 'data', js: 'esModule' };

/** Bundles a worker in `folder` as Cloudflare does; resolves to its configuration for workerd. */
async function configOf(file, folder, { date = '2026-01-01', flags = [] } = {}) {
  const out = join(folder, `workerd-${file}`);
  await build({
    entryPoints: [file], absWorkingDir: folder, outdir: out,
    bundle: true, format: 'esm', target: 'es2022', conditions: ['workerd', 'worker', 'browser'], loader: { '.wasm': 'copy', '.venc': 'copy' },
  });
  const modules = readdirSync(out).filter((name) => name !== 'config.capnp').map((name) => `(name = "${name}", ${moduleKinds[name.split('.').pop()]} = embed "${name}")`);
  modules.sort((a) => (a.includes(`"${file}"`) ? -1 : 1)); // the first is the one that is run
  const config = join(out, 'config.capnp');
  writeFileSync(config, `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (compatibilityDate = "${date}", compatibilityFlags = ${JSON.stringify(flags)}, modules = [${modules.join(', ')}]))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`);
  return config;
}

/** The same of a worker in `folder` whose handler is `test`. */
export async function resultOfWorker(workerd, file, folder) {
  return resultOfCommand(workerd, ['test', await configOf(file, folder)], folder);
}

/**
 * What a worker in `folder` whose handler is `fetch` answers to requests: one after another, and those of an array at the same time.
 * `date`, `flags`: of compatibility.
 */
export async function answersOfWorker(workerd, file, folder, requests, compatibility) {
  const config = await configOf(file, folder, compatibility);
  const server = spawn(workerd, ['serve', config, '--control-fd=3'], { ...optionsIn(folder), stdio: ['ignore', 'inherit', 'inherit', 'pipe'] });
  try {
    const [line] = await once(server.stdio[3], 'data');
    const { port } = JSON.parse(line);
    const answerTo = async (path) => (await fetch(`http://127.0.0.1:${port}/${path}`, { signal: AbortSignal.timeout(20_000) })).text();
    const answers = [];
    for (const request of requests) answers.push(await (Array.isArray(request) ? Promise.all(request.map(answerTo)) : answerTo(request)));
    return answers;
  } finally {
    server.kill();
    await once(server, 'exit');
  }
}
