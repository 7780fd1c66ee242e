/** Lists of ordinals as bytes: what was added comes back, block by block, with bounds that hold. */
import { describe, expect, it } from 'vitest';
import { Lists, PostingsWriter } from '../../ts/search/postings.js';
import { BLOCK } from '../../ts/search/types.js';
import { integer, random } from '../conformance/random.js';
import { expectEqual } from './support/part-oracle.js';

const FIRST_SEED = Number(process.env.VECTILE_SEED ?? 1);

/** One list, [ordinal, frequency][], after others. */
function written(list, tokens, before = []) {
  const writer = new PostingsWriter(tokens);
  for (const earlier of before) {
    for (const [ordinal, frequency] of earlier) writer.add(ordinal, frequency);
    writer.end();
  }
  for (const [ordinal, frequency] of list) writer.add(ordinal, frequency);
  const used = writer.bytes.length;
  const start = writer.end();
  const lists = new Lists(writer.bytes.slice(), writer.skips.slice(), tokens);
  return { start, lists, bytes: writer.bytes.length - used, skips: writer.skips.length };
}

function read(postings, hasFrequencies) {
  const list = [];
  const ordinals = new Uint32Array(BLOCK);
  const frequencies = new Uint32Array(BLOCK);
  for (let block = 0; block < postings.blockCount; block++) {
    const count = postings.decode(block, ordinals, frequencies);
    const alone = new Uint32Array(BLOCK);
    if (postings.decode(block, alone) !== count || postings.lastOf(block) !== ordinals[count - 1]) throw new Error(`block ${block}`);
    for (let i = 0; i < count; i++) if (alone[i] !== ordinals[i]) throw new Error(`block ${block} without frequencies`);
    for (let i = 0; i < count; i++) list.push([ordinals[i], hasFrequencies ? frequencies[i] : 1]);
  }
  return list;
}

function check(list, tokens, before) {
  const { start, lists } = written(list, tokens, before);
  const postings = lists.at(start);
  expect(postings.count).toBe(list.length);
  expect(lists.countAt(start)).toBe(list.length);
  expect(postings.blockCount).toBe(Math.ceil(list.length / BLOCK));
  // Bounds first, so that they do not lean on what was decoded.
  for (let block = 0; block < postings.blockCount; block++) {
    const inBlock = list.slice(block * BLOCK, (block + 1) * BLOCK);
    if (tokens) {
      expect(postings.maxFrequencyOf(block)).toBe(inBlock.reduce((most, [, frequency]) => Math.max(most, frequency), 0));
      expect(postings.minTokensOf(block)).toBe(inBlock.reduce((least, [ordinal]) => Math.min(least, tokens[ordinal]), Infinity));
    } else {
      expect(postings.maxFrequencyOf(block)).toBe(1);
      expect(postings.minTokensOf(block)).toBe(0);
    }
  }
  expectEqual(read(postings, tokens !== undefined), list);
  // In any order.
  const fresh = lists.at(start);
  for (let block = fresh.blockCount - 1; block >= 0; block--) {
    expect(fresh.lastOf(block)).toBe(list[Math.min(list.length, (block + 1) * BLOCK) - 1][0]);
  }
}

const run = (first, count) => Array.from({ length: count }, (_, i) => [first + i, 1]);

describe('postings', () => {
  it('tells that a list is empty', () => expect(new PostingsWriter().end()).toBe(-1));

  it('keeps a run in a few bytes however long it is, and the list after it', () => {
    for (const tokens of [undefined, new Uint32Array(1_000_100).fill(7)]) {
      for (const count of [1, 2, BLOCK, BLOCK + 1, 1_000_000]) {
        const { bytes, skips } = written(run(3, count), tokens);
        expect(bytes).toBeLessThan(10);
        expect(skips).toBe(0);
      }
      for (const count of [1, 127, 128, 129, 1000]) {
        check(run(90, count), tokens);
        check([[1, 1], [3, 1]], tokens, [run(0, count), run(5, 3 * count), [[0, 1], [5, 1]]]);
      }
    }
  });

  it('does not take for a run what has a frequency, first, last or between', () => {
    const tokens = new Uint32Array(400).fill(9);
    for (const count of [3, 128, 129, 300]) {
      for (const at of [0, 1, count - 1]) {
        const list = run(0, count);
        list[at][1] = 2;
        check(list, tokens);
      }
    }
  });

  it('holds large ordinals and frequencies', () => {
    const tokens = { length: 0 };
    const list = [[0, 1], [2 ** 30, 5], [2 ** 31 - 3, 2 ** 32 - 1], [2 ** 31 - 2, 127], [2 ** 31 - 1, 128]];
    for (const [ordinal] of list) tokens[ordinal] = 2 ** 32 - 1;
    check(list, tokens);
    check(list.map(([ordinal]) => [ordinal, 1]), undefined);
  });

  it('gives back random lists', () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + 300; seed++) {
      const next = random(seed);
      const withFrequencies = next() < 0.6;
      const lists = Array.from({ length: integer(next, 1, 4) }, () => {
        const gap = [1, 2, 10, 300, 100_000][integer(next, 0, 5)];
        const count = integer(next, 1, next() < 0.5 ? 10 : 900);
        const highest = [1, 2, 3, 300][integer(next, 0, 4)];
        let ordinal = integer(next, -1, 1000);
        return Array.from({ length: count }, () => [ordinal += integer(next, 1, gap + 1), withFrequencies ? integer(next, 1, highest + 1) : 1]);
      });
      let tokens;
      if (withFrequencies) {
        tokens = new Uint32Array(Math.max(...lists.flat().map(([ordinal]) => ordinal)) + 1);
        for (const [ordinal, frequency] of lists.flat()) tokens[ordinal] = frequency + integer(next, 0, 50);
      }
      try {
        check(lists.pop(), tokens, lists);
      } catch (error) {
        error.message = `seed ${seed}: ${error.message}`;
        throw error;
      }
    }
  });
});
