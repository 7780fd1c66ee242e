/** Errors about values of users, which may be huge or hostile: the message stays short, and describing calls nothing of theirs. */
import { VectileError, type ErrorCode } from '../errors.js';

const SHOWN_MAX = 80;

/** The error in the common form. */
export function refusal(code: ErrorCode, argument: string, expected: string, got: unknown): VectileError {
  return new VectileError(code, `${argument}: expected ${expected}, got ${shown(got)}`);
}

/** `base.a[3]["not a name"]` */
export function pathText(base: string, parts: readonly (string | number)[]): string {
  return base + parts.map((part) => {
    if (typeof part === 'number') return `[${part}]`;
    return part.length <= SHOWN_MAX && /^[A-Za-z_][A-Za-z0-9_-]*$/.test(part) ? `.${part}` : `[${shown(part)}]`;
  }).join('');
}

/** Names that there are, for messages. */
export function listed(names: readonly string[]): string {
  return names.length > 20 ? `${names.slice(0, 20).join(', ')}, …` : names.join(', ') || 'there is none';
}

function shown(value: unknown): string {
  switch (typeof value) {
    case 'string': return value.length <= SHOWN_MAX ? JSON.stringify(value) : `${JSON.stringify(value.slice(0, SHOWN_MAX))}… of ${value.length} characters`;
    case 'bigint': return 'a bigint';
    case 'symbol': return 'a symbol';
    case 'function': return 'a function';
    case 'object': return value === null ? 'null' : article(tagOf(value).slice(0, SHOWN_MAX));
    default: return Object.is(value, -0) ? '-0' : String(value);
  }
}

/** `Object` for everything without a type of its own, instances of classes included. */
export function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

function article(noun: string): string {
  const name = noun === 'Object' || noun === 'Array' ? noun.toLowerCase() : noun;
  return `${/^[AEIOU]/i.test(name) && !/^U(int|ni)/.test(name) ? 'an' : 'a'} ${name}`;
}
