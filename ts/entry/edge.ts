/** Runtimes that compile WebAssembly when they deploy, as workerd: the module is imported. */
import { provideCore } from '../engine/core.js';
import core from './core.wasm';

provideCore(async () => core);
export * from '../engine.js';
