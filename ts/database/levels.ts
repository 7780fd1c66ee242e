/** A schema's properties prepared for looking up: one level per object, made once per schema. */
import { scalarOf, type PropertySchema } from './property-schema.js';
import type { Schema } from './schema.js';
import type { ScalarType } from './typed.js';

export interface Level {
  readonly nodes: Map<string, Node>;
  /** Those whose stored form is not what is given back. */
  readonly revived: Node[];
}

export interface Node {
  readonly property: PropertySchema;
  readonly type: ScalarType;
  readonly isList: boolean;
  /** `"name":` */
  readonly key: string;
  /** Of an object. */
  readonly nested: Level | undefined;
}

const levels = new WeakMap<Schema, Level>();

export function levelOf(schema: Schema): Level {
  let level = levels.get(schema);
  if (!level) levels.set(schema, level = newLevel(schema.properties));
  return level;
}

export function nodeOf(property: PropertySchema): Node {
  const { name, dataType, nestedProperties } = property;
  const type = scalarOf(dataType);
  return {
    property, type,
    isList: type !== dataType,
    key: `${JSON.stringify(name)}:`,
    nested: type === 'object' ? newLevel(nestedProperties ?? []) : undefined,
  };
}

function newLevel(properties: readonly PropertySchema[]): Level {
  const nodes = properties.map(nodeOf);
  return {
    nodes: new Map(nodes.map((node) => [node.property.name, node])),
    revived: nodes.filter(({ type, nested }) => type === 'date' || type === 'blob' || nested && nested.revived.length > 0),
  };
}
