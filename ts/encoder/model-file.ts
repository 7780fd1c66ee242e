/**
 * The model in one file, little-endian; each part begins at a multiple of 16 bytes, with zeros before it.
 *
 *   header       64 bytes: magic, version, kind of weights, entries of the vocabulary, bytes of notice, vocabulary and weights,
 *                CRC-32C of all that follows the header, CRC-32C of the header up to here
 *   notice       UTF-8: where the weights are from, under which licence, and what was done to them
 *   vocabulary   f64[entries] scores, then the pieces in UTF-8, a line each
 *   frequencies  f32[128], of the sines and cosines that tell a token its place
 *   weights      as the core reads them, in the order in which it uses them (sections)
 */
import { Model, Panel, WeightKind } from '../../assembly/encoder/layout.js';
import { VectileError } from '../errors.js';
import { crc32c } from '../storage/crc32c.js';

/** "VENC" */
const MAGIC = 0x434e4556;
const VERSION = 1;
const HEADER_BYTES = 64;
const HEADER_CHECKED_BYTES = 32;
const FREQUENCIES = Model.Width0 / 2;

const enum Field { Magic, Version, Kind, Vocabulary, NoticeBytes, VocabularyBytes, WeightsBytes, BodyChecksum, HeaderChecksum }

export interface ModelFile {
  kind: WeightKind;
  /** Of what the file was made. */
  notice: string;
  pieces: string[];
  scores: Float64Array;
  frequencies: Float32Array;
  weights: Uint8Array;
}

/** Names are those of the published graph, without their prefix; see convert.ts. */
export type Section =
  | { kind: 'embeddings'; rows: number; width: number }
  | { kind: 'norm'; name: string; width: number }
  | { kind: 'product'; name: string; inner: number; columns: number };

/** All weights, in the order in which they are used. */
export function sections(vocabulary: number): Section[] {
  const { Width0, Width, Hidden, Dimensions } = Model;
  const norm = (name: string, width: number): Section => ({ kind: 'norm', name, width });
  const product = (name: string, inner: number, columns: number): Section => ({ kind: 'product', name, inner, columns });
  const feedForward = (layer: number) => [
    norm(`${layer}/feed-forward`, Width), product(`${layer}/hidden`, Width, Hidden), product(`${layer}/narrowing`, Hidden, Width),
  ];
  return [
    { kind: 'embeddings', rows: vocabulary, width: Width0 },
    norm('0/attention', Width0), product('0/queries-keys-values', Width0, 3 * Width0), product('0/widening', Width0, Width),
    product('0/attention', Width0, Width), ...feedForward(0),
    norm('1/attention', Width), product('1/queries-keys-values', Width, 3 * Width), product('1/attention', Width, Width), ...feedForward(1),
    product('last', Width, Dimensions),
  ];
}

export function sectionBytes(section: Section, kind: WeightKind): number {
  const isInt8 = kind === WeightKind.Int8;
  switch (section.kind) {
    case 'embeddings': return section.rows * (isInt8 ? section.width + 4 : section.width * 4);
    case 'norm': return section.width * 2 * 4;
    case 'product': return section.columns * (isInt8 ? 4 + 4 + section.inner : 4 + section.inner * 4);
  }
}

export function weightsBytes(vocabulary: number, kind: WeightKind): number {
  return sections(vocabulary).reduce((sum, section) => sum + sectionBytes(section, kind), 0);
}

/** Where a matrix has its entry of a row and a column, in entries. */
export function panelIndex(kind: WeightKind, inner: number, row: number, column: number): number {
  if (kind === WeightKind.F32) {
    const { F32Columns } = Panel;
    return (Math.floor(column / F32Columns) * inner + row) * F32Columns + (column % F32Columns);
  }
  const { Int8Columns, Int8Inner } = Panel;
  const block = Math.floor(column / Int8Columns) * (inner / Int8Inner) + Math.floor(row / Int8Inner);
  return (block * Int8Columns + (column % Int8Columns)) * Int8Inner + (row % Int8Inner);
}

const padded = (bytes: number): number => (bytes + 15) & ~15;

export function writeModelFile({ kind, notice, pieces, scores, frequencies, weights }: ModelFile): Uint8Array<ArrayBuffer> {
  const noticeBytes = new TextEncoder().encode(notice);
  const lines = new TextEncoder().encode(pieces.join('\n'));
  const vocabularyBytes = scores.byteLength + lines.length;
  const frequenciesAt = HEADER_BYTES + padded(noticeBytes.length) + padded(vocabularyBytes);
  const file = new Uint8Array(frequenciesAt + frequencies.byteLength + weights.length);
  file.set(noticeBytes, HEADER_BYTES);
  file.set(bytesOf(scores), HEADER_BYTES + padded(noticeBytes.length));
  file.set(lines, HEADER_BYTES + padded(noticeBytes.length) + scores.byteLength);
  file.set(bytesOf(frequencies), frequenciesAt);
  file.set(weights, frequenciesAt + frequencies.byteLength);
  const header = new Uint32Array(file.buffer, 0, HEADER_BYTES / 4);
  header[Field.Magic] = MAGIC;
  header[Field.Version] = VERSION;
  header[Field.Kind] = kind;
  header[Field.Vocabulary] = pieces.length;
  header[Field.NoticeBytes] = noticeBytes.length;
  header[Field.VocabularyBytes] = vocabularyBytes;
  header[Field.WeightsBytes] = weights.length;
  header[Field.BodyChecksum] = crc32c(file.subarray(HEADER_BYTES));
  header[Field.HeaderChecksum] = crc32c(file.subarray(0, HEADER_CHECKED_BYTES));
  return file;
}

/** Throws MODEL_FOREIGN, MODEL_VERSION, MODEL_CORRUPT. The weights are a view of `bytes`. */
export function readModelFile(bytes: Uint8Array): ModelFile {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const field = (name: Field): number => data.getUint32(name * 4, true);
  if (bytes.length < 4 || field(Field.Magic) !== MAGIC) {
    const got = bytes.length < 4 ? `${bytes.length} bytes` : `0x${field(Field.Magic).toString(16)}`;
    throw new VectileError('MODEL_FOREIGN', `model: expected a file of convertModel, which begins with 0x${MAGIC.toString(16)}, got ${got}`);
  }
  if (bytes.length < HEADER_BYTES) throw corrupt(`a header of ${HEADER_BYTES} bytes`, `${bytes.length}`);
  if (field(Field.Version) !== VERSION) throw new VectileError('MODEL_VERSION', `model: expected format version ${VERSION}, got ${field(Field.Version)}`);
  checkSum('header', field(Field.HeaderChecksum), bytes.subarray(0, HEADER_CHECKED_BYTES));

  const kind = field(Field.Kind) as WeightKind, vocabulary = field(Field.Vocabulary);
  const noticeBytes = field(Field.NoticeBytes), vocabularyBytes = field(Field.VocabularyBytes);
  const vocabularyAt = HEADER_BYTES + padded(noticeBytes), frequenciesAt = vocabularyAt + padded(vocabularyBytes);
  const weightsAt = frequenciesAt + FREQUENCIES * 4;
  const expected = weightsAt + field(Field.WeightsBytes);
  if (bytes.length !== expected) throw corrupt(`${expected} bytes`, `${bytes.length}`);
  checkSum('contents', field(Field.BodyChecksum), bytes.subarray(HEADER_BYTES));
  if (field(Field.WeightsBytes) !== weightsBytes(vocabulary, kind)) throw corrupt(`${weightsBytes(vocabulary, kind)} bytes of weights`, `${field(Field.WeightsBytes)}`);

  const text = (at: number, end: number): string => new TextDecoder().decode(bytes.subarray(at, end));
  return {
    kind,
    notice: text(HEADER_BYTES, HEADER_BYTES + noticeBytes),
    pieces: text(vocabularyAt + vocabulary * 8, vocabularyAt + vocabularyBytes).split('\n'),
    scores: new Float64Array(bytes.slice(vocabularyAt, vocabularyAt + vocabulary * 8).buffer),
    frequencies: new Float32Array(bytes.slice(frequenciesAt, weightsAt).buffer),
    weights: bytes.subarray(weightsAt),
  };
}

function checkSum(part: string, expected: number, bytes: Uint8Array): void {
  const got = crc32c(bytes);
  if (got !== expected) throw corrupt(`${part} with checksum ${expected}`, `${got}`);
}

const corrupt = (expected: string, got: string) => new VectileError('MODEL_CORRUPT', `model: expected ${expected}, got ${got}`);

const bytesOf = (view: ArrayBufferView): Uint8Array => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
