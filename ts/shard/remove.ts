/** The end of a shard's files. */
import type { OpenStore } from '../storage/storage.js';

/** Deletes every file of a shard that is not open. The log goes last: until then what remains is found by its name. */
export async function removeShard(store: OpenStore, prefix: string): Promise<void> {
  for (const { name } of await store.blobs.list(`${prefix}/`)) await store.blobs.delete(name);
  await store.deleteLog(`${prefix}/log`);
}
