/**
 * The schema of a collection: its configuration, checked and completed, as the catalog keeps it. A schema is never changed;
 * what changes it returns another, with the next revision. Storage and indexes are not known here.
 */
import { checkOptions } from '../engine/checks.js';
import { changedInvertedIndex, invertedIndexSchema, type InvertedIndexSchema } from './inverted-schema.js';
import {
  NAME_EXPECTED, PROPERTIES_MAX, checkBoolean, checkText, countProperties, isName, propertySchema, propertySchemas, type PropertySchema,
} from './property-schema.js';
import { MODEL_OPTIONS, modelsOf } from './models.js';
import { changedMultiTenancy, multiTenancySchema, type MultiTenancySchema } from './multi-tenancy-schema.js';
import { listed, pathText, refusal } from './refusal.js';
import type { CollectionConfig, CollectionUpdate, Properties, PropertyConfig, StoredConfig, VectorConfig } from './typed.js';
import { changedVector, vectorSchema, type VectorSchema } from './vector-schema.js';

export type { InvertedIndexSchema } from './inverted-schema.js';
export type { MultiTenancySchema } from './multi-tenancy-schema.js';
export type { PropertySchema } from './property-schema.js';
export type { VectorSchema } from './vector-schema.js';

/** Plain JSON. Names are values in it and never keys, so that every name is safe. */
export interface Schema {
  readonly name: string;
  readonly description?: string;
  readonly properties: readonly PropertySchema[];
  /** By number. */
  readonly vectors: readonly VectorSchema[];
  /** The number the next named vector will get. */
  readonly nextVectorNumber: number;
  readonly autoSchema: boolean;
  /** Schemas that were stored before there was one are without it: ask `invertedIndexOf`. */
  readonly invertedIndex?: InvertedIndexSchema;
  /** Of collections without tenants: how many shards there are. Ask `shardCountOf`. */
  readonly sharding?: { readonly count: number };
  /** Only of collections with tenants. */
  readonly multiTenancy?: MultiTenancySchema;
  /** It was made with a vectorizer, of this name if it had one: texts are not to be written without vectors by mistake, or with those of another model. */
  readonly vectorizer?: true | string;
  /** 1, and one more with every change. */
  readonly revision: number;
}

/** Of a collection. */
const SHARDS_MAX = 256;
const VECTOR_NUMBER_MAX = 65_535;
const OPTIONS = ['name', 'description', 'properties', 'vectors', 'autoSchema', 'invertedIndex', 'multiTenancy', 'sharding', ...MODEL_OPTIONS];
const UPDATES = ['name', 'description', 'properties', 'vectors', 'autoSchema', 'invertedIndex', 'multiTenancy', 'sharding'];
const DEFAULT_INVERTED_INDEX = invertedIndexSchema({});
const COLLECTION_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,254}$/;

export function createSchema<P extends object = Properties>(config: CollectionConfig<P>): Schema {
  if (typeof config !== 'object' || config === null) throw refusal('INVALID_ARGUMENT', 'config', 'an object', config);
  checkOptions(config, OPTIONS, 'config');
  const { name, description, properties = [], vectors = { default: {} }, autoSchema = false, invertedIndex = {}, multiTenancy = {}, sharding } = config;
  checkCollectionName(name);
  checkText('description', description);
  checkBoolean('autoSchema', autoSchema);
  const { vectorizer: held } = modelsOf(config);
  const tenancy = multiTenancySchema(multiTenancy);
  const count = shardCount(sharding, tenancy !== undefined);
  let schema: Schema = {
    name,
    ...description !== undefined && { description },
    properties: propertySchemas('properties', properties as unknown as readonly PropertyConfig[], autoSchema),
    vectors: [],
    nextVectorNumber: 0,
    autoSchema,
    invertedIndex: invertedIndexSchema(invertedIndex),
    ...tenancy ? { multiTenancy: tenancy } : { sharding: { count } },
    ...held && { vectorizer: held.name ?? true },
    revision: 1,
  };
  checkCount(schema.properties);
  for (const [vectorName, vector] of entriesOf('vectors', vectors)) schema = withVector(pathText('vectors', [vectorName]), schema, vectorName, vector);
  return schema;
}

/** How many shards a collection has; with tenants none, because each of them has one. */
export function shardCountOf({ sharding, multiTenancy }: Schema): number { return multiTenancy ? 0 : sharding?.count ?? 1; }

/** The schema with so many shards. */
export function withShards(schema: Schema, count: number): Schema { return next({ ...schema, sharding: { count: checkShardCount('count', count) } }); }

function shardCount(sharding: { count?: number } | undefined, hasTenants: boolean): number {
  if (sharding === undefined) return 1;
  if (typeof sharding !== 'object' || sharding === null) throw refusal('INVALID_ARGUMENT', 'sharding', 'an object', sharding);
  checkOptions(sharding, ['count'], 'sharding');
  if (hasTenants) throw refusal('INVALID_ARGUMENT', 'sharding', 'none beside tenants, each of which has a shard', sharding);
  const { count = 1 } = sharding;
  return checkShardCount('sharding.count', count);
}

export function checkShardCount(argument: string, count: number): number {
  if (!Number.isInteger(count) || count < 1 || count > SHARDS_MAX) throw refusal('INVALID_ARGUMENT', argument, `an integer from 1 to ${SHARDS_MAX}`, count);
  return count;
}

export function checkCollectionName(name: unknown): asserts name is string {
  if (typeof name !== 'string' || !COLLECTION_NAME.test(name)) {
    throw refusal('INVALID_ARGUMENT', 'name', 'a letter or _, then at most 254 letters, digits and _', name);
  }
}

export function addProperty(schema: Schema, config: PropertyConfig): Schema {
  const property = propertySchema('property', config, schema.autoSchema);
  if (schema.properties.some(({ name }) => name === property.name)) {
    throw refusal('INVALID_ARGUMENT', 'property.name', 'a name that is not taken', property.name);
  }
  return withProperties(schema, [...schema.properties, property]);
}

/** The schema with these properties in place of its own. */
export function withProperties(schema: Schema, properties: readonly PropertySchema[]): Schema {
  checkCount(properties);
  return { ...schema, properties, revision: schema.revision + 1 };
}

export function addVector(schema: Schema, name: string, config: VectorConfig = {}): Schema {
  return next(withVector('vector', schema, name, config));
}

export function dropVector(schema: Schema, name: string): Schema {
  const dropped = vectorOf(schema, name);
  return next({ ...schema, vectors: schema.vectors.filter((vector) => vector !== dropped) });
}

export function updateSchema(schema: Schema, update: CollectionUpdate): Schema {
  if (typeof update !== 'object' || update === null) throw refusal('INVALID_ARGUMENT', 'update', 'an object', update);
  checkOptions(update, UPDATES, 'update');
  const { name = schema.name, properties = schema.properties, sharding = schema.sharding, description = schema.description, autoSchema = schema.autoSchema } = update;
  if (name !== schema.name) throw refusal('INVALID_ARGUMENT', 'name', `${schema.name}, because it cannot be changed`, name);
  if (!areEqual(properties, schema.properties)) throw refusal('INVALID_ARGUMENT', 'properties', 'those there are; addProperty adds one', properties);
  if (JSON.stringify(sharding) !== JSON.stringify(schema.sharding)) throw refusal('INVALID_ARGUMENT', 'sharding', 'what there is; reshard changes it', sharding);
  checkText('description', description);
  checkBoolean('autoSchema', autoSchema);
  const invertedIndex = changedInvertedIndex(invertedIndexOf(schema), update.invertedIndex ?? {});
  const multiTenancy = changedMultiTenancy(schema.multiTenancy, update.multiTenancy);
  let changed: Schema = { ...schema, ...description !== undefined && { description }, autoSchema, invertedIndex, ...multiTenancy && { multiTenancy } };
  for (const [name, config] of entriesOf('vectors', update.vectors ?? {})) {
    const argument = pathText('vectors', [name]);
    changed = replaced(changed, changedVector(argument, vectorOf(schema, name, argument), config));
  }
  return next(changed);
}

/** Fixes what a named vector has left open, by the first vector. */
export function fixDimensions(schema: Schema, name: string, dimensions: number): Schema {
  const vector = vectorOf(schema, name);
  return next(replaced(schema, changedVector(pathText('vectors', [name]), vector, { dimensions })));
}

/** The named vector; throws SCHEMA_MISMATCH if there is none. `or`: what else may be meant. */
export function vectorOf(schema: Schema, name: string, argument = 'vector', or = ''): VectorSchema {
  const vector = schema.vectors.find((candidate) => candidate.name === name);
  if (!vector) throw refusal('SCHEMA_MISMATCH', argument, `the name of a vector (${listed(schema.vectors.map((each) => each.name))})${or}`, name);
  return vector;
}

/** Of keyword search, complete. */
export function invertedIndexOf({ invertedIndex }: Schema): InvertedIndexSchema {
  return invertedIndex ?? DEFAULT_INVERTED_INDEX;
}

/** For results that shall have only some properties: throws SCHEMA_MISMATCH for one that the schema has not. */
export function checkPropertyNames(schema: Schema, names: readonly string[], argument = 'returnProperties'): void {
  if (!Array.isArray(names)) throw refusal('INVALID_ARGUMENT', argument, 'an array of names', names);
  names.forEach((name, i) => {
    if (schema.properties.some((property) => property.name === name)) return;
    throw refusal('SCHEMA_MISMATCH', `${argument}[${i}]`, `the name of a property (${listed(schema.properties.map((each) => each.name))})`, name);
  });
}

/** A configuration that makes the same collection again, as far as it is stored. */
export function configOf<P extends object = Properties>(schema: Schema): StoredConfig<P> {
  const { name, description, properties, autoSchema, multiTenancy, sharding } = schema;
  const vectors: Record<string, VectorConfig> = Object.create(null);
  for (const { number: _, name: vectorName, index, quantizer, ...vector } of schema.vectors) {
    vectors[vectorName] = { ...vector, index: { ...index }, quantizer: { ...quantizer } };
  }
  return {
    name, ...description !== undefined && { description }, properties: structuredClone(properties) as PropertyConfig<P>[], vectors, autoSchema,
    invertedIndex: structuredClone(invertedIndexOf(schema)),
    ...multiTenancy && { multiTenancy: { ...multiTenancy } },
    ...sharding && { sharding: { ...sharding } },
  };
}

function withVector(argument: string, schema: Schema, name: string, config: VectorConfig): Schema {
  if (!isName(name)) throw refusal('INVALID_ARGUMENT', argument, NAME_EXPECTED, name);
  if (schema.vectors.some((vector) => vector.name === name)) throw refusal('INVALID_ARGUMENT', argument, 'a name that is not taken', name);
  const number = schema.nextVectorNumber;
  if (number > VECTOR_NUMBER_MAX) throw refusal('INVALID_ARGUMENT', argument, `at most ${VECTOR_NUMBER_MAX + 1} named vectors ever`, 'more');
  return { ...schema, vectors: [...schema.vectors, vectorSchema(argument, name, number, config, schema.multiTenancy ? 'dynamic' : 'hnsw')], nextVectorNumber: number + 1 };
}

function replaced(schema: Schema, vector: VectorSchema): Schema {
  return { ...schema, vectors: schema.vectors.map((present) => (present.number === vector.number ? vector : present)) };
}

/** Completed, and in their order. */
function areEqual(given: readonly PropertyConfig[], present: readonly PropertySchema[]): boolean {
  const complete = (properties: readonly PropertyConfig[]) => JSON.stringify(propertySchemas('properties', properties, true));
  return given === present || complete(given) === complete(present);
}

function next(schema: Schema): Schema {
  return { ...schema, revision: schema.revision + 1 };
}

function entriesOf(argument: string, vectors: Readonly<Record<string, VectorConfig>>): [string, VectorConfig][] {
  if (typeof vectors !== 'object' || vectors === null || Array.isArray(vectors)) throw refusal('INVALID_ARGUMENT', argument, 'an object by name', vectors);
  return Object.entries(vectors);
}

function checkCount(properties: readonly PropertySchema[]): void {
  const count = countProperties(properties);
  if (count > PROPERTIES_MAX) throw refusal('INVALID_ARGUMENT', 'properties', `at most ${PROPERTIES_MAX}, nested ones included`, count);
}
