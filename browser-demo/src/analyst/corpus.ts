/** The corpus as it was built: a file for each account, and the model that embedded it. */
import { readAccount } from '../../corpus/file.js';

/** Addresses by name, of what `browser-demo/build.js` has made. */
const files: Record<string, string> = import.meta.glob('../../.cache/data/*.bin', { query: '?url', import: 'default', eager: true });

const named = Object.entries(files).map(([path, url]) => [/([^/]+)\.bin$/.exec(path)![1]!, url] as const);
export const MODEL = 'model';

export const corpusNames: readonly string[] = named.map(([name]) => name).filter((name) => name !== MODEL);

/** The posts of an account, and the vector of each. */
export async function fetchAccount(name: string): ReturnType<typeof readAccount> {
  return readAccount(new Uint8Array(await (await fetched(name)).arrayBuffer()));
}

/** Calls back with what is there of it, in bytes. */
export async function fetchModel(onProgress: (done: number, total: number) => void): Promise<ArrayBuffer> {
  const response = await fetched(MODEL);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const total = Number(response.headers.get('content-length') ?? 0);
  let done = 0;
  for (const reader = response.body!.getReader(); ;) {
    const { done: isOver, value } = await reader.read();
    if (isOver) return new Blob(parts).arrayBuffer();
    parts.push(value);
    onProgress(done += value.length, Math.max(total, done));
  }
}

async function fetched(name: string): Promise<Response> {
  const url = named.find(([other]) => other === name)?.[1];
  if (!url) throw new Error(`the demo was built without ${name}`);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${name} cannot be read: ${response.status} ${response.statusText}`);
  return response;
}
