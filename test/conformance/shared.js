/**
 * Indexes that are searched twice: by their owner, and over shared memory by a reader; both must say the same. No Node, no
 * test runner. Owner and reader are in one thread here: it is their answers that are looked at, not the lock.
 */

/**
 * VectorIndex as scripts use it. Every other index moves to shared memory only when it is shared.
 *
 * @param {{ VectorIndex: any, SharedReader: any }} engine
 * @returns {{ create: Function, deserialize: Function, compared: () => number }} `compared`: answers that were the same
 */
export function comparing({ VectorIndex, SharedReader }) {
  let compared = 0;
  let indexes = 0;

  async function withReader(index) {
    const share = await index.share();
    const reader = new SharedReader(share);
    index.onMoved = () => reader.follow(index.shareAgain(share.place));
    const { search, filter, filterOfBits, dispose } = VectorIndex.prototype;
    const theirs = new WeakMap(); // the reader's filter, by the owner's
    const both = (own, their) => {
      theirs.set(own, their);
      return own;
    };
    index.filter = (ids) => {
      const list = [...ids];
      return both(filter.call(index, list), reader.filter(list));
    };
    index.filterOfBits = (bits) => both(filterOfBits.call(index, bits), reader.filterOfBits(bits));
    index.search = (query, options) => {
      const hits = search.call(index, query, options);
      index.stamp++;
      const own = options?.filter;
      const found = reader.search(query, theirs.has(own) ? { ...options, filter: theirs.get(own) } : options);
      if (found) {
        same(found, { ...hits, stamp: index.stamp }, 'what a reader finds');
        compared++;
      } else if (index.stats().fullVectors !== 'external' || options?.rescore === false) {
        throw new Error('expected an answer of the reader, got none');
      }
      return hits;
    };
    index.dispose = () => {
      dispose.call(index);
      if (reader.isCurrent || reader.search([]) !== undefined) throw new Error('expected no answer of an index disposed of');
      reader.dispose();
    };
    return index;
  }

  return {
    create: async (options) => withReader(await VectorIndex.create({ ...options, shared: indexes++ % 2 === 0 })),
    deserialize: async (image, options) => withReader(await VectorIndex.deserialize(image, { ...options, shared: indexes++ % 2 === 0 })),
    compared: () => compared,
  };
}

function same(got, expected, what) {
  for (const name of new Set([...Object.keys(got), ...Object.keys(expected)])) {
    if (String(got[name]) !== String(expected[name])) throw new Error(`${what}: expected ${name} ${String(expected[name])}, got ${String(got[name])}`);
  }
}
