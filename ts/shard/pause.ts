/** Lets everything else have its turn. A timer would wait; a promise would not let go. */
const { setImmediate } = globalThis as { setImmediate?: (run: () => void) => unknown };

let channel: MessageChannel | undefined;
const waiting: (() => void)[] = [];

export function pause(): Promise<void> {
  if (setImmediate) return new Promise((resolve) => setImmediate(resolve));
  if (!channel) {
    channel = new MessageChannel();
    channel.port1.onmessage = () => waiting.shift()?.();
  }
  return new Promise((resolve) => {
    waiting.push(resolve);
    channel!.port2.postMessage(0);
  });
}
