/** Objects as they cross between threads: few lists, because a structured clone of as many objects takes longer than all else of an answer. */
import type { StoredObject, StoredVector } from '../shard/types.js';

export interface ObjectRows {
  /** Undefined in place of one that is not there. */
  readonly ids: readonly (string | undefined)[];
  /** f64[objects, NUMBERS]: slot, revision, created, updated, and bytes of properties. */
  readonly numbers: Float64Array;
  /** Of all, one after the other. */
  readonly properties: Uint8Array;
  /** Undefined if none were asked for. */
  readonly vectors: readonly (StoredVector[] | undefined)[] | undefined;
}

/** What has objects, as it crosses. */
export type WithRows<T extends { objects?: unknown }> = Omit<T, 'objects'> & { objects?: ObjectRows | undefined };

const NUMBERS = 5;

export function rowsOf(objects: readonly (StoredObject | undefined)[]): ObjectRows {
  const numbers = new Float64Array(NUMBERS * objects.length);
  const properties = new Uint8Array(objects.reduce((bytes, object) => bytes + (object ? object.properties.length : 0), 0));
  let hasVectors = false;
  let at = 0;
  const ids = objects.map((object, i) => {
    if (!object) return undefined;
    const row = NUMBERS * i;
    numbers[row] = object.slot;
    numbers[row + 1] = object.revision;
    numbers[row + 2] = object.created;
    numbers[row + 3] = object.updated;
    numbers[row + 4] = object.properties.length;
    properties.set(object.properties, at);
    at += object.properties.length;
    hasVectors ||= object.vectors !== undefined;
    return object.id;
  });
  return { ids, numbers, properties, vectors: hasVectors ? objects.map((object) => object?.vectors) : undefined };
}

/** Properties are views of those of the rows. */
export function objectsOf({ ids, numbers, properties, vectors }: ObjectRows): (StoredObject | undefined)[] {
  let at = 0;
  return ids.map((id, i) => {
    if (id === undefined) return undefined;
    const row = NUMBERS * i;
    const end = at + numbers[row + 4]!;
    const object: StoredObject = {
      id, slot: numbers[row]!, revision: numbers[row + 1]!, created: numbers[row + 2]!, updated: numbers[row + 3]!, properties: properties.subarray(at, end),
    };
    if (vectors?.[i]) object.vectors = vectors[i];
    at = end;
    return object;
  });
}

export function withRows<T extends { objects: readonly StoredObject[] }>(value: T): WithRows<T> { return { ...value, objects: rowsOf(value.objects) }; }

export function withObjects<T extends { objects?: unknown }>(value: WithRows<T>): T {
  return (value.objects ? { ...value, objects: objectsOf(value.objects) } : value) as T;
}
