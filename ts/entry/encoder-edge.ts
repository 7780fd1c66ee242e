/** The encoder for runtimes that compile WebAssembly when they deploy: without threads. */
import { provideEncoder } from '../encoder/runtime.js';
import core from './encoder.wasm';

provideEncoder({ core: async () => core });
export * from '../encoder.js';
