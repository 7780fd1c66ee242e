/** Worker threads of Node, Bun and Deno. */
import { availableParallelism } from 'node:os';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import type { WorkerLink, Workers } from '../worker/workers.js';
import { endpointOf } from './node-endpoint.js';

/** Of a file with what worker-node.ts says. `onSpawn` is given each thread that is started. */
export function workersOf(file: () => URL, options?: WorkerOptions, onSpawn?: (worker: Worker) => void): Workers {
  return {
    threads: Math.max(1, availableParallelism() - 1),
    spawn() {
      // flags of the process that are not for files, such as --input-type, would keep it from starting
      const worker = new Worker(file(), { execArgv: [], ...options });
      onSpawn?.(worker);
      const link: WorkerLink = {
        endpoint: endpointOf(worker),
        onLost() {},
        hold: (isHeld) => (isHeld ? worker.ref() : worker.unref()),
        end: async () => void (await worker.terminate()),
      };
      worker.on('error', (cause: Error) => link.onLost(String(cause)));
      worker.on('messageerror', (cause: Error) => link.onLost(String(cause)));
      worker.on('exit', (code) => link.onLost(`exit ${code}`));
      worker.unref();
      return link;
    },
  };
}
