/** Bytes from where callers say they are. */
import { VectileError, invalid } from '../errors.js';
import { runtimeHere } from './runtime.js';

/**
 * Of a file, or of one in a folder. `argument` is what the caller calls it.
 * Throws MODEL_UNAVAILABLE.
 */
export async function readBytes(argument: string, place: string | URL, name?: string): Promise<Uint8Array<ArrayBuffer>> {
  if (typeof place !== 'string' && !(place instanceof URL)) throw invalid(argument, 'a path or a URL', place);
  const { readFile } = runtimeHere();
  const whole = name === undefined ? String(place) : `${String(place).replace(/\/$/, '')}/${name}`;
  try {
    if (readFile && !/^(https?|data|blob):/.test(whole)) return new Uint8Array(await readFile(whole));
    return await bodyOf(argument, await fetch(whole));
  } catch (cause) {
    if (cause instanceof VectileError) throw cause;
    throw new VectileError('MODEL_UNAVAILABLE', `${argument}: expected a file at ${whole}, got ${String(cause)}`, { cause });
  }
}

export async function bodyOf(argument: string, response: Response): Promise<Uint8Array<ArrayBuffer>> {
  if (!response.ok) throw new VectileError('MODEL_UNAVAILABLE', `${argument}: expected a file at ${response.url}, got status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
