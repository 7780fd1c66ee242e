/**
 * Plain values as messages between threads. All typed arrays of a value lie in one buffer, which is transferred: a view is copied,
 * and never the large buffer it may be a view of. Errors and deadlines, which a structured clone would make plain objects of, are put
 * in anew on the other side.
 *
 * What is to be put in is told beside the value: `holes` names the object or array and the key in it. A structured clone keeps who is
 * who within one message, so whoever receives it need not look through the value.
 */
import { VectileError, type ErrorCode } from '../errors.js';
import { Deadline, type DeadlineLeft } from '../search/deadline.js';

export interface Packed {
  /** The value is its one element. */
  readonly tree: readonly [unknown];
  /** Five elements a hole: parent, key, kind, and what of that kind: the offset in bytes and the count of elements of an array; or a plain value, and 0. */
  readonly holes: readonly unknown[];
  readonly buffer: ArrayBuffer | undefined;
}

/** What is to be transferred with it. */
export const transfersOf = ({ buffer }: Packed): ArrayBuffer[] => (buffer ? [buffer] : []);

type TypedArray = Uint8Array | Float32Array | Float64Array | Uint32Array;
type Container = unknown[] | Map<unknown, unknown> | Record<string, unknown>;

/** By kind. */
const ARRAYS = [
  Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array,
] as unknown as (new (buffer: ArrayBuffer, at: number, length: number) => TypedArray)[];
const KINDS = new Map<string | undefined, number>(ARRAYS.map(({ name }, kind) => [name, kind]));
const FLOAT32 = KINDS.get('Float32Array')!;
const ERROR = 20;
const DEADLINE = 21;
/** A value that is to be cloned as it is, or looked into. */
const PLAIN = -1;

/** Causes of causes are told so far. */
const CAUSES = 3;

interface PlainError {
  name: string;
  message: string;
  code: unknown;
  stack: string | undefined;
  cause: PlainError | undefined;
}

/** Numbers, strings, booleans, undefined, null, and arrays, plain objects and Maps of them, with typed arrays, errors and Deadlines anywhere. Throws TypeError at anything else. */
export function pack(value: unknown): Packed {
  const packing = new Packing();
  const tree = packing.filled([value]) as [unknown];
  return { tree, holes: packing.holes, buffer: packing.buffer() };
}

/**
 * Arrays are views of one buffer; but vectors, which may be kept for long when the rest is not, are copied where `copiesVectors`. The message is empty afterwards:
 * who waited for it is remembered for a while, and would keep all of it in memory.
 */
export function unpack(packed: Packed, copiesVectors = false): unknown {
  const { tree, holes, buffer } = packed;
  for (let i = 0; i < holes.length; i += 5) {
    const kind = holes[i + 2] as number;
    let value: unknown;
    if (kind === ERROR) value = errorOf(holes[i + 3] as PlainError);
    else if (kind === DEADLINE) value = Deadline.from(holes[i + 3] as DeadlineLeft);
    else {
      const view = new ARRAYS[kind]!(buffer!, holes[i + 3] as number, holes[i + 4] as number);
      value = copiesVectors && kind === FLOAT32 ? view.slice() : view;
    }
    put(holes[i] as Container, holes[i + 1], value);
  }
  Object.assign(packed, { tree: undefined, holes: undefined, buffer: undefined });
  return tree[0];
}

class Packing {
  readonly holes: unknown[] = [];
  /** In the order of their holes. */
  readonly #arrays: TypedArray[] = [];
  #bytes = 0;

  /** The same container if nothing in it is to be put in later, or else a copy without that. */
  filled<C extends Container>(container: C): C {
    let copy: C | undefined;
    const visit = (value: unknown, key: unknown) => {
      if (typeof value !== 'object' || value === null) {
        if (typeof value === 'function' || typeof value === 'symbol') throw notPlain(typeof value);
        return;
      }
      const kind = kindOf(value);
      const next = kind === PLAIN ? this.filled(value as Container) : undefined;
      if (next === value) return;
      copy ??= copyOf(container);
      put(copy, key, next);
      if (kind !== PLAIN) this.#leave(copy, key, kind, value);
    };
    if (Array.isArray(container)) for (let i = 0; i < container.length; i++) visit(container[i], i);
    else if (container instanceof Map) container.forEach(visit);
    else for (const key of Object.keys(container)) visit(container[key], key);
    return copy ?? container;
  }

  /** All arrays, each at a multiple of 8; undefined if there are none. */
  buffer(): ArrayBuffer | undefined {
    if (!this.#arrays.length) return undefined;
    const bytes = new Uint8Array(this.#bytes);
    let at = 0;
    for (const array of this.#arrays) {
      bytes.set(array instanceof Uint8Array ? array : new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at);
      at += padded(array.byteLength);
    }
    return bytes.buffer;
  }

  #leave(parent: Container, key: unknown, kind: number, value: object): void {
    if (kind === ERROR) this.holes.push(parent, key, kind, plainOf(value as Error, CAUSES), 0);
    else if (kind === DEADLINE) this.holes.push(parent, key, kind, (value as Deadline).left(), 0);
    else {
      const array = value as TypedArray;
      this.holes.push(parent, key, kind, this.#bytes, array.length);
      this.#arrays.push(array);
      this.#bytes += padded(array.byteLength);
    }
  }
}

function kindOf(value: object): number {
  if (Array.isArray(value)) return PLAIN;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return PLAIN;
  if (ArrayBuffer.isView(value)) return KINDS.get((value as TypedArray)[Symbol.toStringTag]) ?? refuse(value);
  if (value instanceof Map) return PLAIN;
  if (value instanceof Error) return ERROR;
  return value instanceof Deadline ? DEADLINE : refuse(value);
}

function copyOf<C extends Container>(container: C): C {
  if (Array.isArray(container)) return container.slice() as C;
  return (container instanceof Map ? new Map(container) : { ...container }) as C;
}

function put(container: Container, key: unknown, value: unknown): void {
  if (container instanceof Map) container.set(key, value);
  else if (key === '__proto__') Object.defineProperty(container, key, { value, writable: true, enumerable: true, configurable: true });
  else (container as Record<string, unknown>)[key as string] = value;
}

/** With name and code where it is not of ours: an error of the system is known by them. */
function plainOf(error: Error, causes: number): PlainError {
  const { name, message, stack, cause } = error;
  return { name, message, stack, code: codeOf(error), cause: cause instanceof Error && causes ? plainOf(cause, causes - 1) : undefined };
}

function codeOf(error: Error): unknown {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' || typeof code === 'number' ? code : undefined;
}

function errorOf({ name, message, code, stack, cause }: PlainError): Error {
  const options = cause && { cause: errorOf(cause) };
  const error = name === 'VectileError' ? new VectileError(code as ErrorCode, message, options) : Object.assign(new Error(message, options), { name }, code !== undefined && { code });
  if (stack !== undefined) error.stack = stack;
  return error;
}

const padded = (bytes: number): number => (bytes + 7) & ~7;

const notPlain = (got: string): TypeError => new TypeError(`message: expected plain data, got ${got}`);

function refuse(value: object): never {
  throw notPlain(value.constructor?.name ?? 'an object of a class');
}
