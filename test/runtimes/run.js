/** Programs in runtimes: each prints `RESULT ` and JSON. */
import { execFile } from 'node:child_process';
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

/** The same of a worker in `folder` whose handler is `test`, bundled as Cloudflare does. */
export async function resultOfWorker(workerd, file, folder) {
  const out = join(folder, `workerd-${file}`);
  await build({
    entryPoints: [file], absWorkingDir: folder, outdir: out,
    bundle: true, format: 'esm', target: 'es2022', conditions: ['workerd', 'worker', 'browser'], loader: { '.wasm': 'copy', '.venc': 'copy' },
  });
  const modules = readdirSync(out).map((name) => `(name = "${name}", ${moduleKinds[name.split('.').pop()]} = embed "${name}")`);
  modules.sort((a) => (a.includes(`"${file}"`) ? -1 : 1)); // the first is the one that is run
  const config = join(out, 'config.capnp');
  writeFileSync(config, `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (compatibilityDate = "2026-01-01", modules = [${modules.join(', ')}]))]
);
`);
  return resultOfCommand(workerd, ['test', config], folder);
}
