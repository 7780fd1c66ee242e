// The process in which one pair is measured; started by compare.js with its options as JSON.

import { describeMachine } from './machine.js';
import { measurePair } from './pair.js';
import { createProgress } from './progress.js';
import { pairFile, writeResult } from './results.js';
import { printPair } from './table.js';

const [options, datasetName] = [JSON.parse(process.argv[2]), process.argv[3]];
const { base, peer } = options;
const file = pairFile(datasetName, base, peer);
const progress = createProgress();
try {
  const result = await measurePair(options, progress);
  printPair(result);
  console.log(`\nwritten to ${writeResult(file, result)}`);
} catch (error) {
  console.error(error);
  progress.note(`skipped ${peer}: ${error.message}`);
  writeResult(file, { dataset: { name: datasetName }, base, peer, skipped: error.message, machine: describeMachine() });
}
