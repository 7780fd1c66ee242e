// Cold start: import + create + 10 vectors + first search, each time in a fresh process; the engines take turns.

import { fileURLToPath } from 'node:url';
import { describeMachine, runPinned } from './machine.js';
import { median, spread } from './measure/clock.js';
import { installPeer, loadPeer, peerVersions } from './peers/install.js';
import { peerNamed } from './peers/index.js';
import { nodeMajor, writeResult } from './results.js';
import { fixed, printTable } from './table.js';

const script = fileURLToPath(new URL('./measure/cold-start.js', import.meta.url));
const repeats = 7;
const phaseNames = ['import', 'create', 'add', 'search'];

export async function cold({ base, peers, core }, progress) {
  const engines = {};
  for (const name of new Set([base, ...peers])) {
    try {
      const peer = peerNamed(name);
      await installPeer(peer, progress);
      await loadPeer(peer);
      engines[name] = { versions: peerVersions(peer), cpu: [], wall: [], phases: [] };
    } catch (error) {
      engines[name] = { skipped: String(error.message).split('\n')[0] };
      progress.note(`skipped ${name}: ${engines[name].skipped}`);
    }
  }
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (const [name, engine] of Object.entries(engines)) {
      if (engine.skipped) continue;
      const { code, text } = await runPinned(script, [name], { core, output: 'capture' });
      if (code !== 0) { engine.skipped = `a start failed (exit ${code})`; progress.note(`skipped ${name}: ${engine.skipped}`); continue; }
      const { cpuMs, wallMs, phases } = JSON.parse(text.trim().split('\n').at(-1));
      engine.cpu.push(cpuMs);
      engine.wall.push(wallMs);
      engine.phases.push(phases);
    }
  }
  const result = {
    method: 'fresh process: import, create, add 10 × 100-d vectors, first search; processor ms of the process, without Node\'s own start; engines take turns',
    repeats, machine: describeMachine(),
    engines: Object.fromEntries(Object.entries(engines).map(([name, engine]) => [name, summary(engine)])),
  };
  printTable([
    ['cold start', 'CPU ms', 'min', 'max', 'wall ms', ...phaseNames],
    ...Object.entries(result.engines).map(([name, { cpuMs, wallMs, phaseCpuMs }]) => [
      name, fixed(cpuMs?.median, 1), fixed(cpuMs?.min, 1), fixed(cpuMs?.max, 1), fixed(wallMs?.median, 1), ...phaseNames.map((phase) => fixed(phaseCpuMs?.[phase], 1)),
    ]),
  ]);
  console.log(`\nwritten to ${writeResult(`cold-start-node${nodeMajor()}.json`, result)}`);
}

function summary({ versions, cpu, wall, phases, skipped }) {
  if (skipped) return { skipped };
  const phaseCpuMs = Object.fromEntries(phaseNames.map((phase) => [phase, median(phases.map((times) => times[phase]))]));
  return { versions, cpuMs: spread(cpu), wallMs: spread(wall), phaseCpuMs };
}
