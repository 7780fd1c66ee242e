/**
 * Why an operation was refused.
 *
 * | code | meaning |
 * | --- | --- |
 * | `INVALID_ARGUMENT` | an argument is of the wrong type or out of its range |
 * | `DIMENSION_MISMATCH` | a vector has another number of components than the index |
 * | `NOT_FINITE` | a vector has a NaN or infinite component, or its length exceeds 2^62 |
 * | `ZERO_VECTOR` | cosine distance is not defined for a vector of length 0 |
 * | `INDEX_FULL` | the index would exceed 4 GiB, or the number of slots it can address |
 * | `OUT_OF_MEMORY` | the runtime refused to grow the index's memory; the index is as it was |
 * | `INDEX_CHANGED` | the index was changed while its image was being written |
 * | `DISPOSED` | the index was disposed of |
 * | `IMAGE_FOREIGN` | the bytes are not a Vectile image |
 * | `IMAGE_VERSION` | the image has a format this release does not read |
 * | `IMAGE_TRUNCATED` | the image ends early, or goes on past its end |
 * | `IMAGE_CORRUPT` | a checksum or a field of the image is wrong |
 * | `VECTORS_MISSING` | full vectors are needed that the index does not keep, and no reader was given |
 * | `SIMD_UNSUPPORTED` | the runtime has no WebAssembly SIMD |
 * | `CORE_UNAVAILABLE` | the WebAssembly core could not be loaded |
 */
export type ErrorCode =
  | 'INVALID_ARGUMENT'
  | 'DIMENSION_MISMATCH'
  | 'NOT_FINITE'
  | 'ZERO_VECTOR'
  | 'INDEX_FULL'
  | 'OUT_OF_MEMORY'
  | 'INDEX_CHANGED'
  | 'DISPOSED'
  | 'IMAGE_FOREIGN'
  | 'IMAGE_VERSION'
  | 'IMAGE_TRUNCATED'
  | 'IMAGE_CORRUPT'
  | 'VECTORS_MISSING'
  | 'SIMD_UNSUPPORTED'
  | 'CORE_UNAVAILABLE';

/** The one error class. The message names the argument, what was expected, and what came. */
export class VectileError extends Error {
  override readonly name = 'VectileError';

  constructor(readonly code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
  }
}

/** An INVALID_ARGUMENT error in the common form. */
export function invalid(argument: string, expected: string, got: unknown): VectileError {
  return new VectileError('INVALID_ARGUMENT', `${argument}: expected ${expected}, got ${describe(got)}`);
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  const name = value.constructor?.name ?? 'object';
  return 'length' in value ? `${name} of length ${String(value.length)}` : name;
}
