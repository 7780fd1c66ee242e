import { describe, expect, it } from 'vitest';
import { memory } from '../../ts/storage/memory.js';
import { cases } from './conformance.js';

describe('memory', () => {
  for (const { name, run } of cases) it(name, () => run(() => memory()));

  it('forks what it holds, unlocked, and apart from then on', async () => {
    const place = memory();
    const store = await place.open({ readOnly: false });
    const log = await store.log('a');
    await log.append([Uint8Array.of(1)], 1, 'sync');
    await store.blobs.put('b', [Uint8Array.of(2)]);
    const fork = await place.fork().open({ readOnly: false });
    await log.append([Uint8Array.of(3)], 2, 'sync');
    await store.blobs.delete('b');
    expect(fork.epoch).toBe(2);
    expect((await fork.log('a')).nextSeq).toBe(2);
    expect([...(await fork.blobs.get('b')).bytes]).toEqual([2]);
  });
});
