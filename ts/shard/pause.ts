/** Lets everything else have its turn. A timer would wait; a promise would not let go. */
const runtime = globalThis as { navigator?: { userAgent?: string }; setImmediate?: (run: () => void) => unknown };

/** In workerd a timer, an immediate too, ends with the request that set it, and what waits for it in others would hang. */
const setImmediate = runtime.navigator?.userAgent === 'Cloudflare-Workers' ? undefined : runtime.setImmediate;

let channel: MessageChannel | undefined;
const waiting: (() => void)[] = [];

export function pause(): Promise<void> {
  if (setImmediate) return new Promise((resolve) => setImmediate(resolve));
  if (typeof MessageChannel === 'undefined') return Promise.resolve(); // workerd before 2025
  if (!channel) {
    channel = new MessageChannel();
    channel.port1.onmessage = () => waiting.shift()?.();
  }
  return new Promise((resolve) => {
    waiting.push(resolve);
    channel!.port2.postMessage(0);
  });
}
