/** Properties by whose values results are sorted and grouped. */
import { hasOrder, type Scalar } from '../search/values.js';
import { levelOf } from './levels.js';
import { scalarOf, type PropertySchema } from './property-schema.js';
import { listed, refusal } from './refusal.js';
import type { Schema } from './schema.js';

/** Throws SCHEMA_MISMATCH for a property that is not there or whose values have no order. */
export function orderedProperty(schema: Schema, name: unknown, argument: string): PropertySchema {
  const { nodes } = levelOf(schema);
  const property = nodes.get(name as string)?.property;
  if (!property) throw refusal('SCHEMA_MISMATCH', argument, `the name of a property (${listed([...nodes.keys()])})`, name);
  if (!hasOrder(property.dataType)) {
    throw refusal('SCHEMA_MISMATCH', argument, `a property whose values have an order, which those of ${property.dataType} have not`, name);
  }
  return property;
}

/** As it is given back. */
export function shownValue({ dataType }: PropertySchema, value: Scalar): Scalar | Date {
  return scalarOf(dataType) === 'date' ? new Date(value as number) : value;
}
