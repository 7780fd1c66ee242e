/** The database for Node, Bun, Deno: with the core as for the engine, and files. */
import { provideFiles } from '../storage/fs.js';
import { nodeFiles } from '../storage/node-files.js';
import './node.js';

provideFiles(nodeFiles);
export * from '../index.js';
