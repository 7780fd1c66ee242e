/** Suites that need something which is not on every machine. */
import { describe, it } from 'vitest';

/**
 * A suite that is skipped, visibly, where what it needs is missing. In CI that is a failure.
 * @param {string} name
 * @param {string | undefined} missing why the suite cannot run
 */
export function describeWithout(missing, name, body) {
  if (!missing) return describe(name, body);
  if (process.env.CI) return describe(name, () => it('has what it needs', () => { throw new Error(missing); }));
  console.warn(`SKIPPED ${name}: ${missing}`);
  describe.skip(`${name} (skipped: ${missing})`, () => it(missing, () => {}));
}
