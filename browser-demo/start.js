/**
 * `npm start`: makes what is missing of the demo, and serves it on this machine.
 *
 *   npm start -- [--port n]   default: one that is free
 *   npm start -- --cli        in the terminal instead
 */
import { parseArgs } from 'node:util';
import { runCli } from './cli.js';
import { buildCorpus, buildDemo, dataFolder, pagesFolder } from './build.js';
import { serve } from './serve.js';

const { port = '0', cli } = parseArgs({ options: { port: { type: 'string' }, cli: { type: 'boolean' } } }).values;
if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw new RangeError(`--port: expected 0 … 65535, got ${port}`);
const progress = (text) => console.error(`vectile: ${text}`);

if (cli) {
  await buildCorpus(progress);
  await runCli({ folder: dataFolder, input: process.stdin, print: console.log, progress });
} else {
  await buildDemo(progress);
  const { url } = await serve({ root: pagesFolder, port: Number(port), headers: { 'cache-control': 'no-cache' } });
  console.log(`The customer support analyst: ${url}/`);
}
