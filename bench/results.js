// One JSON file per run below bench/results/. Their names say what was run, so that a repeated run replaces its file.

import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { repositoryDir, resultsDir } from './paths.js';

export const nodeMajor = () => Number(process.versions.node.split('.')[0]);

export const pairFile = (dataset, base, peer) => `${dataset}-${base}-vs-${peer}-node${nodeMajor()}.json`;

/** @returns {string} path from the repository, for the reader */
export function writeResult(file, result) {
  mkdirSync(resultsDir, { recursive: true });
  const path = join(resultsDir, file);
  writeFileSync(path, `${JSON.stringify(result, roundNumbers, 2)}\n`);
  return relative(repositoryDir, path);
}

export const readResult = (file) => JSON.parse(readFileSync(join(resultsDir, file), 'utf8'));

export const resultFiles = () => (existsSync(resultsDir) ? readdirSync(resultsDir) : []).filter((file) => file.endsWith('.json')).sort();

/** Five digits are more than any of these measurements hold. */
const roundNumbers = (_, value) => (typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value);
