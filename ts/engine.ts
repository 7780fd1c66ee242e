/** The door to the engine alone: `VectorIndex`, for people who bring their own storage. */
export { VectorIndex } from './engine/vector-index.js';
export { estimateBytes } from './engine/estimate.js';
export { init, loadSharedCore, type CoreSource } from './engine/core.js';
export { SharedReader, releaseReader, type IndexShare, type SharedHits } from './engine/shared-reader.js';
export { VectileError, type ErrorCode } from './errors.js';
export type {
  AddOptions, ByteEstimate, Codec, CodecChange, CodecName, Filter, FilterStrategy, FullVectors, Hits, ImageOptions, IndexOptions, IndexStats, IndexType, Metric, Mode, OpenOptions,
  RescoreOptions, RowBatch, SearchOptions, VectorInput, VectorReader,
} from './types.js';
