// A tenant that is INACTIVE costs no memory and no open file.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundle } from '../reliability/support/bundle.js';

const TENANTS = Number(process.env.VECTILE_TENANTS ?? 300);

describe(`${TENANTS} tenants`, () => {
  it('give memory and files back when they are deactivated', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vectile-memory-'));
    try {
      const program = await bundle({ entry: './tenants-memory-child.js', outfile: join(folder, 'program.mjs') });
      const { started, active, inactive, filesStarted, filesActive, filesInactive } = JSON.parse(execFileSync(process.execPath, ['--expose-gc', program, join(folder, 'data'), String(TENANTS)], { encoding: 'utf8' }));
      process.stdout.write(`${TENANTS} tenants: arrayBuffers + external ${started} MB before, ${active} MB while ACTIVE, ${inactive} MB after; ${filesStarted}, ${filesActive}, ${filesInactive} open files\n`);
      expect(active).toBeGreaterThan(started + TENANTS / 50);
      expect(inactive).toBeLessThan(started + 5);
      expect(filesActive).toBeGreaterThan(TENANTS);
      expect(filesInactive).toBeLessThanOrEqual(filesStarted + 1);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
