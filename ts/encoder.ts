/** Third door: a sentence encoder for the database, or for whatever else wants vectors of texts. */
export { encoder } from './encoder/encoder.js';
export type { Encoder, EncoderOptions } from './encoder/encoder.js';
export { convertModel } from './encoder/convert.js';
export type { ConvertOptions } from './encoder/convert.js';
export { VectileError } from './errors.js';
export type { ErrorCode } from './errors.js';
