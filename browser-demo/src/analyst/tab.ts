/** The analyst as a page has it: calls go to a worker, which knows where the database is. */
import type { Analyst, AnalystEvent, Tab } from '../contract.js';
import { keepOffline } from './offline.js';
import { REPEATABLE, errorOf, failureOf, stateAfter, type Method, type PageMessage, type WorkerMessage } from './protocol.js';

/** Call it once. It is `tab` in the console, too. */
export function openTab(): Tab {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  const listeners = new Set<(event: AnalystEvent) => void>();
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (cause: Error) => void }>();
  let role: AnalystEvent = { kind: 'role', role: 'waiting' };
  let state: AnalystEvent = { kind: 'loading', step: 'opening', done: 0, total: 1 };
  let nextId = 0;

  const tell = (event: AnalystEvent): void => {
    if (event.kind === 'role') role = event;
    state = stateAfter(state, event);
    if (event.kind === 'ready') keepOffline(); // not before: the corpus is wanted first
    for (const listener of listeners) listener(event);
  };
  worker.onmessage = ({ data }: MessageEvent<WorkerMessage>) => {
    if ('event' in data) return tell(data.event);
    const call = waiting.get(data.id);
    waiting.delete(data.id);
    if ('error' in data) call?.reject(errorOf(data.error));
    else call?.resolve(data.value);
  };
  worker.onerror = ({ message }) => {
    tell({ kind: 'failed', message: message || 'the worker cannot be loaded' });
    for (const { reject } of waiting.values()) reject(errorOf(failureOf(new Error(message))));
    waiting.clear();
  };

  const call = (method: Method) => (...args: unknown[]): Promise<unknown> => new Promise((resolve, reject) => {
    const id = nextId++;
    waiting.set(id, { resolve, reject });
    worker.postMessage({ id, method, args } satisfies PageMessage);
  });
  const analyst = Object.fromEntries((Object.keys(REPEATABLE) as Method[]).map((method) => [method, call(method)])) as unknown as Analyst;
  const tab: Tab = {
    analyst,
    listen(listener) {
      listeners.add(listener);
      listener(role);
      listener(state);
      return () => listeners.delete(listener);
    },
  };
  // for the console of the curious, and for tests
  return (globalThis as { tab?: Tab }).tab = tab;
}
