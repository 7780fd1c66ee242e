/** A log cut off at any byte: what is left is the longest run of whole writes, and it opens. */
import { describe, expect, it } from 'vitest';
import { cutDatabase, cutLog } from './support/cut.js';

const BYTES = 64 << 10;

describe('a log cut off', () => {
  it(`at every byte of ${BYTES >> 10} KB ends after the last whole append`, { timeout: 120_000 }, async () => {
    const { bytes, appends, wrong } = await cutLog(BYTES);
    process.stdout.write(`cut: ${bytes} places of a log of ${appends} appends, ${wrong.length} wrong\n`);
    expect(wrong.slice(0, 10)).toEqual([]);
    expect(bytes).toBeGreaterThanOrEqual(BYTES);
  });

  it('leaves a database with all writes before', { timeout: 120_000 }, async () => {
    const { cuts, writes, wrong } = await cutDatabase(BYTES, 97);
    process.stdout.write(`cut: ${cuts} places of the log of a database of ${writes} writes, ${wrong.length} wrong\n`);
    expect(wrong.slice(0, 10)).toEqual([]);
  });
});
