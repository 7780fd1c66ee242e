/**
 * The sentence encoder: tokens of several texts in, a vector for each text out. The weights lie in the order in which they are used, so a pass
 * goes through them from front to back by one cursor, and no table says where what is.
 */
import { Model, Place, WeightKind } from './layout';
import { normalizeRows, softmax, tanhToUnit } from './functions';
import { dots, f32Product, int8Product, quantizeRows } from './products';

let cursor: usize = 0;
let kind: u32 = 0;

@inline function tokensOf(text: u32): u32 { return load<u32>(<usize>Place.Counts + (<usize>text << 2)); }

@inline function scoreAt(token: u32): usize { return <usize>Place.Scores + (<usize>token << 2); }

/** The next so many bytes of the weights. */
@inline function take(bytes: usize): usize {
  const at = cursor;
  cursor += bytes;
  return at;
}

/**
 * Encodes `texts`, whose tokens stand one text after the other, Batch.Tokens of them at most and at least one in each text; ids are below
 * `vocabulary`. Returns how many bytes of weights there were.
 */
export function encode(texts: u32, vocabulary: u32, weightKind: u32): usize {
  kind = weightKind;
  cursor = Place.Weights;
  let tokens: u32 = 0;
  for (let text: u32 = 0; text < texts; text++) tokens += tokensOf(text);
  const rows = (tokens + 3) & ~3;

  embedTokens(texts, rows, vocabulary);
  normalize(Place.Narrow, rows, Model.Width0);
  product(Place.Normed, rows, Model.Width0, 3 * Model.Width0, Place.Inner, false);
  attend(texts, Model.Width0);
  product(Place.Narrow, rows, Model.Width0, Model.Width, Place.Wide, false);
  product(Place.Mixed, rows, Model.Width0, Model.Width, Place.Wide, true);
  feedForward(rows);

  normalize(Place.Wide, rows, Model.Width);
  product(Place.Normed, rows, Model.Width, 3 * Model.Width, Place.Inner, false);
  attend(texts, Model.Width);
  product(Place.Mixed, rows, Model.Width, Model.Width, Place.Wide, true);
  feedForward(rows);

  meanOfTokens(texts);
  product(Place.Normed, (texts + 3) & ~3, Model.Width, Model.Dimensions, Place.Vectors, false);
  for (let text: u32 = 0; text < texts; text++) tanhToUnit(<usize>Place.Vectors + <usize>text * (Model.Dimensions << 2), Model.Dimensions);
  return cursor - Place.Weights;
}

/** Twice the embedding and the timing of its place for each token: the model adds the embedding to itself with the timing. Other rows are 0. */
function embedTokens(texts: u32, rows: u32, vocabulary: u32): void {
  const isInt8 = kind == WeightKind.Int8;
  const scales = take(isInt8 ? <usize>vocabulary << 2 : 0);
  const embeddings = take(<usize>vocabulary * (isInt8 ? Model.Width0 : Model.Width0 << 2));
  let id: usize = Place.Ids, out: usize = Place.Narrow;
  for (let text: u32 = 0; text < texts; text++) {
    let timing: usize = Place.Timing;
    for (let left = tokensOf(text); left; left--) {
      const token = <usize>load<u32>(id);
      id += 4;
      const end = out + (Model.Width0 << 2);
      if (isInt8) {
        const scale = f32x4.splat(2 * load<f32>(scales + (token << 2)));
        for (let at = embeddings + token * Model.Width0; out < end; at += 4) {
          const row = f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(at))));
          v128.store(out, f32x4.add(f32x4.mul(row, scale), v128.load(timing)));
          out += 16;
          timing += 16;
        }
      } else {
        for (let at = embeddings + token * (Model.Width0 << 2); out < end; at += 16) {
          const row = v128.load(at);
          v128.store(out, f32x4.add(row, f32x4.add(row, v128.load(timing))));
          out += 16;
          timing += 16;
        }
      }
    }
  }
  memory.fill(out, 0, <usize>Place.Narrow + <usize>rows * (Model.Width0 << 2) - out);
}

/** To Place.Normed. */
function normalize(x: usize, rows: u32, width: u32): void {
  const scale = take(<usize>width << 2);
  normalizeRows(x, rows, width, scale, take(<usize>width << 2), Place.Normed);
}

/** `isAdded`: to what is in `out`. */
function product(x: usize, rows: u32, inner: u32, columns: u32, out: usize, isAdded: bool, floor: f32 = -Infinity): void {
  const bias = take(<usize>columns << 2);
  if (kind == WeightKind.Int8) {
    const scales = take(<usize>columns << 2);
    quantizeRows(x, rows, inner, Place.Integers, Place.Scales);
    int8Product(Place.Integers, Place.Scales, rows, inner, take(<usize>inner * columns), scales, columns, bias, out, isAdded, floor);
  } else {
    f32Product(x, rows, inner, take(<usize>inner * columns << 2), columns, bias, out, isAdded, floor);
  }
}

/** Adds to Place.Wide what two layers make of it, of which the hidden one is cut off below 0. */
function feedForward(rows: u32): void {
  normalize(Place.Wide, rows, Model.Width);
  product(Place.Normed, rows, Model.Width, Model.Hidden, Place.Inner, false, 0);
  product(Place.Inner, rows, Model.Hidden, Model.Width, Place.Wide, true);
}

/**
 * Each token's mean of the values of all tokens of its text, weighed by how its query goes with their keys; each head by itself.
 * Place.Inner: [queries | keys | values] a row, each of `width`. To Place.Mixed, f32[rows][width].
 */
function attend(texts: u32, width: u32): void {
  const head = width / Model.Heads, headBytes = <usize>head << 2;
  const bytes = <usize>width << 2, stride = bytes * 3;
  const factor = f32x4.splat(1 / sqrt<f32>(<f32>head));
  let first: usize = Place.Inner, out: usize = Place.Mixed;
  for (let text: u32 = 0; text < texts; text++) {
    const tokens = tokensOf(text), padded = (tokens + 3) & ~3;
    for (let row: u32 = 0; row < tokens; row++) {
      const query = first + <usize>row * stride;
      for (let at: usize = 0; at < bytes; at += headBytes) {
        // up to three rows too many are read: they are there, and their scores are replaced
        for (let other: u32 = 0; other < padded; other += 4) {
          v128.store(scoreAt(other), f32x4.mul(factor, dots(query + at, first + <usize>other * stride + bytes + at, stride, head)));
        }
        for (let other = tokens; other < padded; other++) store<f32>(scoreAt(other), -Infinity);
        softmax(Place.Scores, padded);
        mix(first + 2 * bytes + at, stride, tokens, headBytes, out + at);
      }
      out += bytes;
    }
    first += <usize>tokens * stride;
  }
}

/** Rows of values, `stride` bytes apart, added up by their weights in Place.Scores. `bytes` is a multiple of 64. */
@inline function mix(values: usize, stride: usize, rows: u32, bytes: usize, out: usize): void {
  for (let i: usize = 0; i < bytes; i += 64) {
    let a = f32x4.splat(0), b = a, c = a, d = a;
    let at = values + i;
    for (let weight = scoreAt(0), end = scoreAt(rows); weight < end; weight += 4) {
      const each = v128.load32_splat(weight);
      a = f32x4.add(a, f32x4.mul(each, v128.load(at)));
      b = f32x4.add(b, f32x4.mul(each, v128.load(at, 16)));
      c = f32x4.add(c, f32x4.mul(each, v128.load(at, 32)));
      d = f32x4.add(d, f32x4.mul(each, v128.load(at, 48)));
      at += stride;
    }
    v128.store(out + i, a);
    v128.store(out + i, b, 16);
    v128.store(out + i, c, 32);
    v128.store(out + i, d, 48);
  }
}

/** Of each text, Place.Wide to Place.Normed. */
function meanOfTokens(texts: u32): void {
  let row: usize = Place.Wide, out: usize = Place.Normed;
  for (let text: u32 = 0; text < texts; text++) {
    const tokens = tokensOf(text);
    const end = row + (Model.Width << 2), rest = <usize>(tokens - 1) * (Model.Width << 2);
    const factor = f32x4.splat(1 / <f32>tokens);
    for (; row < end; row += 16) {
      let total = v128.load(row);
      for (let next = row + (Model.Width << 2), last = row + rest; next <= last; next += Model.Width << 2) total = f32x4.add(total, v128.load(next));
      v128.store(out, f32x4.mul(total, factor));
      out += 16;
    }
    row += rest;
  }
}
