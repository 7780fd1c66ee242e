import { defineConfig } from 'vitest/config';

const slow = 'test/slow/**/*.test.{js,ts}';

export default defineConfig(({ mode }) => ({
  test: {
    include: mode === 'slow' ? [slow] : ['test/**/*.test.{js,ts}'],
    exclude: ['**/node_modules/**', 'test/fixtures/**', ...(mode === 'slow' ? [] : [slow])],
    // Processes, because suites measure memory and start browsers; two, because that is what small machines have.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: mode === 'slow' ? 1_800_000 : 240_000,
    // Suites fetch runtimes and install packages before they begin.
    hookTimeout: 600_000,
  },
}));
