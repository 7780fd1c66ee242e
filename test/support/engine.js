/** The engine under test, on each binary that this runtime can be brought to run. */
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import * as engine from '../../dist/engine.node.js';

export const { VectileError, VectorIndex, init } = engine;

const FILES = { baseline: 'core.wasm', relaxed: 'core-relaxed.wasm' };
const bytesOf = (file) => readFileSync(new URL(`../../dist/${file}`, import.meta.url));

// Node 20 knows relaxed SIMD behind a flag, later versions without. There V8's baseline compiler gets
// i32x4.relaxed_dot_i8x16_i7x16_add_s wrong, so it must not be used.
if (!WebAssembly.validate(bytesOf(FILES.relaxed))) {
  setFlagsFromString('--experimental-wasm-relaxed-simd');
  setFlagsFromString('--no-liftoff');
}

/** Binaries that can run here: `baseline`, and `relaxed` where the runtime has it. */
export const binaries = Object.keys(FILES).filter((name) => WebAssembly.validate(bytesOf(FILES[name])));

/** Makes every later index run on a binary. */
export async function useBinary(name) {
  await init({ module: await WebAssembly.compile(bytesOf(FILES[name])) });
}

/** `engine`, with indexes of its own binary. */
export async function engineOn(name) {
  await useBinary(name);
  return engine;
}

/** From the environment if it is there, so that a failure can be repeated. */
export const SEED = process.env.SEED === undefined ? undefined : Number(process.env.SEED);

/** Seeds of generated cases: `count` from `first`, or the one of the environment. */
export const seeds = (first, count) => (SEED === undefined ? Array.from({ length: count }, (_, i) => first + i) : [SEED]);

/** The error that a call throws or rejects with; undefined if it succeeds. */
export async function errorOf(call) {
  try {
    await call();
  } catch (error) {
    return error;
  }
}
