/** A place that is opened, and then attached to as by another thread, which is what is used of it. */
import { attachStore } from '../../ts/storage/attach.js';
import { sharingOf } from '../../ts/storage/sharing.js';

export function attached(place) {
  return {
    ...place,
    async open(options) {
      const owner = await place.open(options);
      const store = await attachStore(structuredClone(sharingOf(owner).share()));
      const close = async () => {
        try {
          await store.close();
        } finally {
          sharingOf(owner).isClean &&= sharingOf(store).isClean;
          await owner.close();
        }
      };
      return { ...store, close };
    },
  };
}
