/** Node, Bun, Deno: the binary lies beside this file. */
import { readFile } from 'node:fs/promises';
import { provideCore } from '../engine/core.js';

provideCore((file) => readFile(new URL(`./${file}`, import.meta.url)));
export * from '../engine.js';
