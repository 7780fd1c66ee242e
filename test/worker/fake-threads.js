/** Threads that are none: what a thread would do is done in this one, at the other end of a channel, as a test says. */
import { MessageChannel } from 'node:worker_threads';
import { expose, wrap } from 'comlink';
import { endpointOf } from '../../ts/entry/node-endpoint.js';
import { pack, unpack } from '../../ts/worker/pack.js';

const answer = (given) => pack({ isStoreClean: true, ...given });

/** `onStart`, `onOpen` and `onCall` are asked what is to be answered: (thread, …) → an answer, or a promise. By default each call is answered by its name. */
export function fakeThreads({ onStart = () => ({}), onOpen = () => ({}), onCall = (_thread, { method }) => ({ value: method }) } = {}) {
  const started = [];
  const spawn = () => {
    const { port1, port2 } = new MessageChannel();
    for (const port of [port1, port2]) port.unref();
    const thread = { index: started.length, opened: [], calls: [], aborted: [], isHeld: false, hasEnded: false, isStopped: false };
    const link = {
      endpoint: endpointOf(port1),
      onLost() {},
      hold: (isHeld) => { thread.isHeld = isHeld; },
      async end() {
        port1.close();
        await new Promise((resolve) => setTimeout(resolve, 5));
        thread.hasEnded = true;
      },
    };
    thread.die = (why = 'killed') => link.onLost(why);
    const { told } = wrap(endpointOf(port2));
    thread.tell = (shard, given) => void told(shard, answer(given));
    expose({
      start: async (setup) => {
        thread.setup = setup;
        return answer(await onStart(thread));
      },
      open: async (shard, description, isAfterLoss) => {
        thread.opened.push({ shard, description, isAfterLoss });
        return answer(await onOpen(thread, shard, description));
      },
      call: async (shard, method, args, signal) => {
        const call = { shard, method, args: unpack(args), signal };
        thread.calls.push(call);
        return answer(await onCall(thread, call));
      },
      abort: (signal) => void thread.aborted.push(signal),
      stop: async () => {
        thread.isStopped = true;
        return answer();
      },
    }, endpointOf(port2));
    started.push(thread);
    return link;
  };
  return { started, workers: { threads: 2, spawn } };
}
