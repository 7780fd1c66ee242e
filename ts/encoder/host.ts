/** What runs in a thread of an encoder. Calls take turns, batch by batch, so that one text need not wait for ten thousand. */
import { Model } from '../../assembly/encoder/layout.js';
import { VectileError } from '../errors.js';
import type { WorkerLink } from '../worker/workers.js';
import type { CoreSource } from './core.js';
import { LocalEncoder } from './local.js';
import type { Answer, Request } from './protocol.js';

/** Serves the encoder at the other end; once for a thread. */
export function serveEncoder(endpoint: WorkerLink['endpoint'], core: CoreSource): void {
  const running = new Map<number, AbortController>();
  let encoder: LocalEncoder;

  const answer = async (call: number, work: () => Promise<Float32Array<ArrayBuffer> | undefined>) => {
    const given: Answer = { call };
    try {
      given.vectors = await work();
    } catch (cause) {
      given.error = { code: cause instanceof VectileError ? cause.code : 'WORKER_LOST', message: cause instanceof Error ? cause.message : String(cause) };
    }
    endpoint.postMessage(given, given.vectors ? [given.vectors.buffer] : []);
  };

  endpoint.addEventListener('message', (event) => {
    const request = (event as MessageEvent<Request>).data;
    switch (request.kind) {
      case 'open':
        void answer(0, async () => {
          encoder = await LocalEncoder.create(core, request.model);
          return undefined;
        });
        break;
      case 'embed': {
        const controller = new AbortController();
        running.set(request.call, controller);
        void answer(request.call, async () => {
          try {
            return rows(await encoder.embed(request.texts, controller.signal));
          } finally {
            running.delete(request.call);
          }
        });
        break;
      }
      case 'abort':
        running.get(request.call)?.abort();
    }
  });
}

function rows(vectors: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const block = new Float32Array(vectors.length * Model.Dimensions);
  vectors.forEach((vector, i) => block.set(vector, i * Model.Dimensions));
  return block;
}
