// A fresh process: import an engine, make an index of 10 vectors, search once. Prints processor and wall ms as JSON,
// and the processor ms of each phase (V8 compiles on in the background: the whole counts, the phases explain).

import { loadPeer } from '../peers/install.js';
import { peerNamed } from '../peers/index.js';
import { randomSource } from '../data/random.js';
import { startClock } from './clock.js';

const rows = 10, dimensions = 100;
const random = randomSource(1);
const vectors = Float32Array.from({ length: rows * dimensions }, () => random() - 0.5);
const ids = Uint32Array.from({ length: rows }, (_, i) => i);
const peer = peerNamed(process.argv[2]);

const phases = {};
const total = startClock();
const create = await phase('import', () => loadPeer(peer));
const engine = await phase('create', () => create({ dimensions, metric: 'cosine', rows, m: 16, efConstruction: 200 }));
await phase('add', async () => { await engine.add(vectors, ids); await engine.finish?.(); });
const found = await phase('search', () => engine.search(vectors.subarray(0, dimensions), 10, 64));
const { cpu, wall } = total();
if (Number(found[0]) !== 0) throw new Error(`expected the vector itself first, got id ${found[0]}`);
engine.dispose?.();
console.log(JSON.stringify({ cpuMs: cpu / 1000, wallMs: wall / 1000, phases }));

async function phase(name, work) {
  const clock = startClock();
  const result = await work();
  phases[name] = clock().cpu / 1000;
  return result;
}
