/** Named vectors as a shard takes them. */
import type { FieldSpec } from '../shard/types.js';
import type { Schema } from './schema.js';

/** Those that have their dimensions: without them there is nothing to index yet. */
export function fieldsOf(schema: Schema): FieldSpec[] {
  return schema.vectors.flatMap(({ number, dimensions, metric, index, quantizer, fullVectors }) => {
    if (dimensions === undefined) return [];
    const { type, maxConnections = 32, efConstruction = 128, threshold = 0 } = index;
    return [{ number, dimensions, metric, type, maxConnections, efConstruction, threshold, codec: quantizer, fullVectors }];
  });
}
