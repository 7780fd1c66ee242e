/** A place that is opened, and then attached to as by another thread, which is what is used of it. */
import { attachStore } from '../../ts/storage/attach.js';

export function attached(place) {
  return {
    ...place,
    async open(options) {
      const owner = await place.open(options);
      const store = await attachStore(structuredClone(owner.sharing.share()));
      const close = async () => {
        try {
          await store.close();
        } finally {
          owner.sharing.isClean &&= store.sharing.isClean;
          await owner.close();
        }
      };
      return { ...store, close };
    },
  };
}
