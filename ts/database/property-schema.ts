/** Properties of a schema: configurations checked and completed, and types inferred from values. */
import { checkOptions, oneOf } from '../engine/checks.js';
import { refusal, tagOf } from './refusal.js';
import type { DataType, PropertyConfig, ScalarType, Tokenization } from './typed.js';

/** Plain JSON: keys that do not apply are absent. */
export interface PropertySchema {
  readonly name: string;
  readonly dataType: DataType;
  readonly description?: string;
  /** text, text[] */
  readonly tokenization?: Tokenization;
  /** text, text[] */
  readonly stemming?: string;
  /** object, object[] */
  readonly nestedProperties?: readonly PropertySchema[];
  readonly indexFilterable: boolean;
  /** int, number, date and their lists; schemas that were stored before there was an inverted index are without it. */
  readonly indexRangeFilters?: boolean;
  readonly indexSearchable: boolean;
}

/** Levels of objects within objects, in schemas and in values. */
export const DEPTH_MAX = 64;
/** Properties of a collection, nested ones included. */
export const PROPERTIES_MAX = 10_000;

const SCALARS: readonly ScalarType[] = ['text', 'int', 'number', 'boolean', 'date', 'uuid', 'geoCoordinates', 'blob', 'object'];
const TYPES = [...SCALARS, ...SCALARS.filter((type) => type !== 'blob').map((type) => `${type}[]`)] as readonly DataType[];
const TOKENIZATIONS: readonly Tokenization[] = ['word', 'lowercase', 'whitespace', 'field', 'trigram', 'segmenter'];
const OPTIONS = ['name', 'dataType', 'description', 'tokenization', 'stemming', 'nestedProperties', 'indexFilterable', 'indexRangeFilters', 'indexSearchable'];
const LANGUAGE = /^[a-z]{1,64}$/;
const NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,230}$/;

/** Of properties and of named vectors. */
export const isName = (name: unknown): name is string => typeof name === 'string' && NAME.test(name);
export const NAME_EXPECTED = 'a letter or _, then at most 230 letters, digits, _ and -';

/** The type of a list's elements, or the type itself. */
export function scalarOf(type: DataType): ScalarType {
  return (type.endsWith('[]') ? type.slice(0, -2) : type) as ScalarType;
}

/** Whether there are keys to filter by. */
export function isFilterable({ indexFilterable, indexRangeFilters = false }: PropertySchema): boolean {
  return indexFilterable || indexRangeFilters;
}

/** `argument` says where the list is, for messages. Lists of nested properties may be empty if they can grow. */
export function propertySchemas(argument: string, configs: readonly PropertyConfig[], autoSchema: boolean, depth = 1): PropertySchema[] {
  if (!Array.isArray(configs)) throw refusal('INVALID_ARGUMENT', argument, 'an array', configs);
  if (depth > DEPTH_MAX) throw refusal('INVALID_ARGUMENT', argument, `at most ${DEPTH_MAX} levels`, 'more');
  if (configs.length > PROPERTIES_MAX) throw refusal('INVALID_ARGUMENT', argument, `at most ${PROPERTIES_MAX} properties`, configs.length);
  const names = new Set<string>();
  return Array.from(configs, (config: PropertyConfig, i) => {
    const property = propertySchema(`${argument}[${i}]`, config, autoSchema, depth);
    if (names.has(property.name)) throw refusal('INVALID_ARGUMENT', `${argument}[${i}].name`, 'a name that is not taken', property.name);
    names.add(property.name);
    return property;
  });
}

export function propertySchema(argument: string, config: PropertyConfig, autoSchema: boolean, depth = 1): PropertySchema {
  if (typeof config !== 'object' || config === null) throw refusal('INVALID_ARGUMENT', argument, 'an object', config);
  checkOptions(config, OPTIONS, argument);
  const { name, dataType, description, tokenization, stemming, nestedProperties, indexFilterable, indexRangeFilters, indexSearchable } = config;
  if (!isName(name)) throw refusal('INVALID_ARGUMENT', `${argument}.name`, NAME_EXPECTED, name);
  if (!TYPES.includes(dataType)) throw refusal('INVALID_ARGUMENT', `${argument}.dataType`, `one of ${TYPES.join(', ')}`, dataType);
  const type = scalarOf(dataType);
  const isText = type === 'text';
  const isOrdered = type === 'int' || type === 'number' || type === 'date';
  const isIndexed = type !== 'object' && type !== 'blob';
  checkText(`${argument}.description`, description);
  checkBoolean(`${argument}.indexFilterable`, indexFilterable, isIndexed);
  checkBoolean(`${argument}.indexRangeFilters`, indexRangeFilters, isOrdered);
  checkBoolean(`${argument}.indexSearchable`, indexSearchable, isText);
  if (tokenization !== undefined) {
    if (!isText) throw refusal('INVALID_ARGUMENT', `${argument}.tokenization`, 'none except of text', tokenization);
    oneOf(`${argument}.tokenization`, tokenization, TOKENIZATIONS);
  }
  if (stemming !== undefined) {
    if (!isText) throw refusal('INVALID_ARGUMENT', `${argument}.stemming`, 'none except of text', stemming);
    if (typeof stemming !== 'string' || !LANGUAGE.test(stemming)) {
      throw refusal('INVALID_ARGUMENT', `${argument}.stemming`, 'a language in lower case, as "english"', stemming);
    }
  }
  if (type !== 'object' && nestedProperties !== undefined) {
    throw refusal('INVALID_ARGUMENT', `${argument}.nestedProperties`, 'none except of object', nestedProperties);
  }
  const nested = type === 'object' ? propertySchemas(`${argument}.nestedProperties`, nestedProperties ?? [], autoSchema, depth + 1) : undefined;
  if (nested?.length === 0 && !autoSchema) {
    throw refusal('INVALID_ARGUMENT', `${argument}.nestedProperties`, 'at least one property, or autoSchema', nestedProperties);
  }
  return {
    name,
    dataType,
    ...description !== undefined && { description },
    ...isText && { tokenization: tokenization ?? 'word' },
    ...stemming !== undefined && { stemming },
    ...nested && { nestedProperties: nested },
    indexFilterable: indexFilterable ?? isIndexed,
    ...isOrdered && { indexRangeFilters: indexRangeFilters ?? indexFilterable ?? true },
    indexSearchable: indexSearchable ?? isText,
  };
}

/** The type of a value that has none yet; of a list by its first element. Undefined if there is none for it. */
export function inferredType(value: unknown): DataType | undefined {
  if (!Array.isArray(value)) return inferredScalar(value);
  const type = inferredScalar(value[0]);
  return type && type !== 'blob' ? `${type}[]` : undefined;
}

function inferredScalar(value: unknown): ScalarType | undefined {
  switch (typeof value) {
    case 'string': return 'text';
    case 'number': return 'number';
    case 'boolean': return 'boolean';
    case 'object': break;
    default: return undefined;
  }
  switch (tagOf(value)) {
    case 'Date': return 'date';
    case 'Uint8Array': return 'blob';
    case 'Object': return isPlace(value as object) ? 'geoCoordinates' : 'object';
    default: return undefined;
  }
}

function isPlace(value: object): boolean {
  const { latitude, longitude } = value as { latitude?: unknown; longitude?: unknown };
  return typeof latitude === 'number' && typeof longitude === 'number' && Object.keys(value).length === 2;
}

/** All of them, nested ones included. */
export function countProperties(properties: readonly PropertySchema[]): number {
  return properties.reduce((count, { nestedProperties }) => count + 1 + countProperties(nestedProperties ?? []), 0);
}

export function checkText(argument: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'string') throw refusal('INVALID_ARGUMENT', argument, 'a string', value);
}

/** `isPossible` false: it cannot be true. */
export function checkBoolean(argument: string, value: unknown, isPossible = true): void {
  if (value === undefined || typeof value === 'boolean' && (isPossible || !value)) return;
  throw refusal('INVALID_ARGUMENT', argument, isPossible ? 'a boolean' : 'false for this type', value);
}
