/**
 * Bugs as someone might make them, each a piece of a source replaced. A piece that is no longer there fails the test: then the bug is
 * to be planted anew.
 */
const LOG = 'ts/storage/fs-log.ts';
const BLOBS = 'ts/storage/fs-blobs.ts';
const SNAPSHOT = 'ts/shard/snapshot.ts';
const SHARD = 'ts/shard/shard.ts';
const INVERTED = 'ts/search/inverted.ts';

export const BUGS = {
  'the log is not synced': { file: LOG, from: "if (durability === 'sync') await this.#sync();", to: "if (durability === 'sync');" },
  'acknowledged before the sync': { file: LOG, from: "if (durability === 'sync') await this.#sync();", to: "if (durability === 'sync') void this.#sync().catch(() => {});" },
  'a failed sync is tried again': { file: LOG, from: 'await this.#handle!.sync();', to: 'await this.#handle!.sync().catch(() => this.#handle!.sync());' },
  'a short write is accepted': { file: 'ts/storage/fs-host.ts', from: 'at += written;', to: 'at = bytes.length;' },
  'the checksum of frames is skipped': { file: 'ts/storage/frame.ts', from: ' && crc32c(frame.subarray(FRAME_HEADER_BYTES)) === header.bodyCrc', to: '' },
  'the checksum of entries is skipped': { file: 'ts/shard/entry.ts', from: '&& view.getUint32(0, true) === markedChecksum(bytes.subarray(4), mark) ', to: '' },
  'a torn end stays': { file: LOG, from: 'if (handle.size() > end) await handle.truncate(end);', to: '' },
  'the log is trimmed past the snapshot': { file: SHARD, from: 'this.#log.trim(written.manifest.seq + 1)', to: 'this.#log.trim(this.#log.nextSeq)' },
  'the folder of a new log file is not synced': { file: LOG, from: 'await this.#host.syncFolder(this.#folder);', to: '' },
  'the folder of a blob is not synced': { file: BLOBS, from: 'await this.#host.syncFolder(folder);\n    return { etag', to: 'return { etag' },
  'a blob is renamed before it is synced': { file: BLOBS, from: 'await onFile(temporary, () => handle.sync());', to: '' },
  'the manifest is written before segments': {
    file: 'ts/shard/segments.ts',
    from: 'segment.vectorsBytes = (await this.#blobs.put(this.vectorsName(index), batches(vectors))).bytes;',
    to: `segment.vectorsBytes = sum(vectors, ({ length }) => length);
      const name = this.vectorsName(index);
      setTimeout(() => void this.#blobs.put(name, batches(vectors)).catch(() => {}), 5);`,
  },
  'the lock is not looked at': { file: 'ts/storage/fs-lock.ts', from: 'if (content.isFree) return content;', to: 'return content;' },
  'a deletion is lost in replay': {
    file: SHARD, from: 'this.#tell(state.apply(record));',
    to: 'this.#tell(state.apply({ ...record, effects: record.effects.filter(({ content }) => content) }));',
  },
  'vectors that are not linked are left out of a snapshot': { file: SNAPSHOT, from: 'if (unlinked[i]!.length) {', to: 'if (unlinked[i]!.length > 1e9) {' },
  'an object that is replaced is not stale': { file: INVERTED, from: 'this.#byNumber.get(number)!.part.markStale(slot);', to: '' },
  'a part is named before it is written': {
    file: SNAPSHOT, from: 'file = { name, bytes: (await blobs.put(name, part.encode())).bytes, count: part.count };',
    to: `const chunks = part.encode();
      setTimeout(() => void blobs.put(name, chunks).catch(() => {}), 5);
      file = { name, bytes: chunks.reduce((sum, { length }) => sum + length, 0), count: part.count };`,
  },
  'the checksum of sections is skipped': { file: 'ts/search/part-file.ts', from: 'if (crc !== checksum) throw', to: 'if (false) throw' },
  'objects of the log are not put into the inverted index': {
    file: SHARD, from: 'await this.#replay(state);\n      if (!readOnly',
    to: `const whole = state.search;
      state.search = { put() {}, remove: (slot: number) => whole.remove(slot) } as never;
      await this.#replay(state);
      state.search = whole;
      if (!readOnly`,
  },
  'kept vectors are forgotten': {
    file: 'ts/shard/objects.ts', from: "if (content.vectors !== 'kept') {", to: "if (content.vectors === 'kept') table.vectorSegments[slot] = NOWHERE;\n    else {",
  },
};
