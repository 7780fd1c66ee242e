/** One writer of a name: among all pages of an origin by Web Locks, else within this thread. A page that ends gives its locks back. */
import { VectileError } from '../errors.js';

const held = new Set<string>();

/** Throws STORE_LOCKED at once if another one has it; returns how to give it back. */
export async function takeLock(name: string): Promise<() => void> {
  if (held.has(name)) throw locked(name, 'in this page');
  held.add(name);
  const forget = () => void held.delete(name);
  const locks = (globalThis.navigator as Navigator | undefined)?.locks;
  if (!locks) return forget;
  let release = () => {};
  const isTaken = await new Promise<boolean>((resolve, reject) => {
    locks.request(`vectile:${name}`, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock ? new Promise<void>((free) => { release = free; }) : undefined;
    }).catch(reject);
  }).catch((cause: unknown) => {
    forget();
    throw new VectileError('STORAGE_FAILED', `${name}: expected a lock, got ${String(cause)}`, { cause });
  });
  if (!isTaken) {
    forget();
    throw locked(name, 'in another page or worker');
  }
  return () => {
    forget();
    release();
  };
}

function locked(name: string, who: string): VectileError {
  return new VectileError('STORE_LOCKED', `${name}: expected a store that is not open for writing, got one that is, ${who}`);
}
