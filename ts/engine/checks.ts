/** The checks of arguments that several option lists share. */
import { invalid } from '../errors.js';

/** An object with no other keys than these, or nothing. */
export function checkOptions(options: object | undefined, keys: readonly string[], argument = 'options'): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null || Array.isArray(options)) throw invalid(argument, 'an object', options);
  for (const key in options) {
    if (!keys.includes(key)) throw invalid(argument, keys.join(', '), key);
  }
}

export function integer(argument: string, value: number, min: number, max: number, or = ''): void {
  if (!Number.isInteger(value) || value < min || value > max) throw invalid(argument, `${or}an integer from ${min} to ${max}`, value);
}

export function oneOf<T extends string>(argument: string, value: T, values: readonly T[]): void {
  if (!values.includes(value)) throw invalid(argument, values.map((v) => `'${v}'`).join(', '), value);
}

export function checkCallback(argument: string, callback: unknown): void {
  if (callback !== undefined && typeof callback !== 'function') throw invalid(argument, 'a function', callback);
}

export function checkBoolean(argument: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean') throw invalid(argument, 'a boolean', value);
}
