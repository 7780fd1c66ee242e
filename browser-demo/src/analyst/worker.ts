/** The analyst of a page, off its main thread. */
import { Member } from './member.js';
import { failureOf, type PageMessage, type WorkerMessage } from './protocol.js';

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;
const post = (message: WorkerMessage): void => scope.postMessage(message);

const member = new Member((event) => post({ event }));

scope.onmessage = ({ data: { id, method, args } }: MessageEvent<PageMessage>) => {
  member.call(method, args).then((value) => post({ id, value }), (cause: unknown) => post({ id, error: failureOf(cause) }));
};
