/** A worker, or the port to the one that has started it, as comlink knows them. */
import type { MessagePort, Worker } from 'node:worker_threads';
import type { Endpoint } from 'comlink';

export function endpointOf(port: MessagePort | Worker): Endpoint {
  return {
    postMessage: (message, transfer) => port.postMessage(message, transfer as never),
    addEventListener: (_type, listener) => void port.on('message', (data) => (listener as unknown as (event: { data: unknown }) => void)({ data })),
    removeEventListener() {}, // neither is ever taken back
  };
}
