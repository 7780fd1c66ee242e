/** Several processes at one folder. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A process of locks-child.js; `lines` fills as it tells, `until` waits for a line. */
export function beside(program, options) {
  const child = spawn(process.execPath, [program.path, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = [];
  const waiting = new Set();
  const look = () => { for (const attempt of waiting) attempt(); };
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(JSON.parse(line));
    look();
  });
  const ended = once(child, 'exit');
  return {
    lines,
    ended,
    until: (test, ms = 20_000) => new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`expected a line within ${ms} ms, got ${JSON.stringify(lines.slice(-3))}`)), ms);
      const attempt = () => {
        const line = lines.find(test);
        if (!line) return;
        clearTimeout(timer);
        waiting.delete(attempt);
        resolve(line);
      };
      waiting.add(attempt);
      attempt();
    }),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
