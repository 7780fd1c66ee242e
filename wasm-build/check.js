/** Static checks: types, warnings of the AssemblyScript compiler, and the package as it would be published. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lint, pack, root } from './pack.js';

let failures = 0;

run('types of ts/', 'typescript/bin/tsc', ['-p', '.']);
run('types of browser-demo/', 'typescript/bin/tsc', ['-p', 'browser-demo', '--noEmit']);
const cores = [['core, target simd', 'asconfig.json', 'simd'], ['core, target relaxed', 'asconfig.json', 'relaxed'], ['core of the encoder', 'assembly/encoder/asconfig.json', 'simd']];
for (const [what, config, target] of cores) {
  run(what, 'assemblyscript/bin/asc.js', [
    '--config', config, '--target', target, '--noEmit', '--pedantic', '--optimizeLevel', '0',
  ], /^(WARNING|PEDANTIC|INFO) /m);
}
await checkPackage();
process.exitCode = failures ? 1 : 0;

/** Runs a tool; it fails by its exit code, or if what it prints matches `refused`. */
function run(what, script, args, refused) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join('node_modules', script), ...args], { cwd: root, encoding: 'utf8' });
  const text = stdout + stderr;
  report(what, status !== 0 || refused?.test(text) ? [text.trim()] : []);
}

async function checkPackage() {
  const folder = await mkdtemp(join(tmpdir(), 'vectile-'));
  try {
    report('package (publint, attw)', await lint(pack(folder).tarball));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function report(what, problems) {
  console.log(`${problems.length ? 'FAIL' : 'ok  '} ${what}`);
  for (const problem of problems) console.log(problem.replace(/^/gm, '     '));
  failures += problems.length;
}
