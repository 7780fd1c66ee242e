// Runs pairs one after the other, each in a process of its own, so that one peer's garbage and compiled code do not
// reach the next. What cannot be installed, loaded or finished is skipped with one line and recorded with its reason.

import { fileURLToPath } from 'node:url';
import { openDataset } from './data/dataset.js';
import { canPin, describeMachine, runPinned } from './machine.js';
import { installPeer, loadPeer } from './peers/install.js';
import { peerNamed } from './peers/index.js';
import { pairFile, writeResult } from './results.js';

const pairScript = fileURLToPath(new URL('./pair-process.js', import.meta.url));

/** @param {object} options see run.js */
export async function compare(options, progress) {
  const { dataset, limit, base, peers, core } = options;
  const { name, metric } = await openDataset(dataset, { limit: limit ?? Infinity, progress });   // made here, not under the clock
  if (!canPin(core)) progress.note('taskset is missing: the process is not pinned to one core');

  for (const peer of peers) {
    const file = pairFile(name, base, peer);
    const skip = (reason) => {
      progress.note(`skipped ${peer}: ${reason}`);
      writeResult(file, { dataset: { name }, base, peer, skipped: reason, machine: describeMachine() });
    };
    const unusable = await reasonNotToRun([base, peer], metric, progress);
    if (unusable) { skip(unusable); continue; }
    const { code, signal } = await runPinned(pairScript, [JSON.stringify({ ...options, peer }), name], { core });
    if (code !== 0) skip(`the run ended with ${signal ?? `exit ${code}`}`);   // a crash: what it throws it records itself
  }
}

/** Installs and imports both once, outside the measured process. */
async function reasonNotToRun(names, metric, progress) {
  for (const name of names) {
    try {
      const peer = peerNamed(name);
      if (peer.metrics && !peer.metrics.includes(metric)) return `${name} does not do ${metric}`;
      await installPeer(peer, progress);
      await loadPeer(peer);
    } catch (error) {
      return `${name}: ${String(error.message).split('\n')[0]}`;
    }
  }
  return null;
}
