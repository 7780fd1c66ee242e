/** Opens a store in another thread than the one that has its lock; the thread must have been given what stores of this kind need. */
import { invalid } from '../errors.js';
import { attachFolder } from './fs.js';
import { attachDatabase } from './indexeddb.js';
import type { StoreShare } from './sharing.js';
import type { OpenStore } from './storage.js';

export async function attachStore(share: StoreShare): Promise<OpenStore> {
  switch (share.kind) {
    case 'fs': return attachFolder(share);
    case 'indexeddb': return attachDatabase(share);
    default: throw invalid('share', 'one of a folder or of IndexedDB', share.kind);
  }
}
