// A tenant that is INACTIVE costs no memory and no open file.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundle } from '../reliability/support/bundle.js';

describe('1,000 tenants', () => {
  it('give memory and files back when they are deactivated', { timeout: 120_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vectile-memory-'));
    try {
      const program = await bundle({ entry: './tenants-memory-child.js', outfile: join(folder, 'program.mjs') });
      const { started, active, inactive, filesStarted, filesActive, filesInactive } = JSON.parse(execFileSync(process.execPath, ['--expose-gc', program, join(folder, 'data')], { encoding: 'utf8' }));
      process.stdout.write(`1,000 tenants: arrayBuffers + external ${started} MB before, ${active} MB while ACTIVE, ${inactive} MB after; ${filesStarted}, ${filesActive}, ${filesInactive} open files\n`);
      expect(active).toBeGreaterThan(started + 20);
      expect(inactive).toBeLessThan(started + 5);
      expect(filesActive).toBeGreaterThan(1000);
      expect(filesInactive).toBeLessThanOrEqual(filesStarted + 1);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
