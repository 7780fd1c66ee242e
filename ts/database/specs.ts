/** Properties as a shard indexes them. */
import type { PropertySpec } from '../search/types.js';
import { isFilterable } from './property-schema.js';
import type { Schema } from './schema.js';

/** Those that can be filtered by or searched; nested ones cannot. */
export function specsOf(schema: Schema): PropertySpec[] {
  return schema.properties.flatMap((property) => {
    const { name, dataType, tokenization, stemming, indexSearchable: searchable } = property;
    const filterable = isFilterable(property);
    if (!filterable && !searchable) return [];
    return [{ name, dataType, ...tokenization && { tokenization }, ...stemming !== undefined && { stemming }, filterable, searchable }];
  });
}
