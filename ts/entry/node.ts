/** Node, Bun, Deno: the binary lies beside this file. */
import { readFileSync } from 'node:fs';
import { provideCore } from '../engine/core.js';

provideCore(async (file) => readFileSync(new URL(`./${file}`, import.meta.url)));
export * from '../engine.js';
