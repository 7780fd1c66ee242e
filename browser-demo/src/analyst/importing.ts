/** A file of the user's, embedded and stored row by row. */
import type { Collection } from 'vectile';
import type { PostProperties } from './posts.js';
import { rowsOf, type Row } from './rows.js';

/** Texts embedded and stored together: few enough that a search in between need not wait. */
const BATCH = 32;
const ERRORS_MAX = 20;
/** Of the file's name in the ids of rows without one, which may have 128. */
const NAME_BYTES = 80;

interface Options {
  signal: AbortSignal;
  embed: (texts: string[]) => Promise<Float32Array[]>;
  /** `done` and `total`: bytes of the file. */
  onProgress: (progress: { done: number; total: number; imported: number; failed: number }) => void;
}

interface Imported {
  imported: number;
  failed: number;
  errors: string[];
  cancelled: boolean;
  ms: number;
  /** Those that its posts name. */
  channels: string[];
  products: string[];
}

type Good = Extract<Row, { properties: PostProperties }>;

/** What was imported stays when it is cancelled. A row that was imported before is replaced. Throws what is no fault of a row. */
export async function importRows(account: Collection<PostProperties>, file: File, { signal, embed, onProgress }: Options): Promise<Imported> {
  const start = performance.now();
  const channels = new Set<string>(), products = new Set<string>(), errors: string[] = [];
  const name = startOf(file.name, NAME_BYTES);
  let imported = 0, failed = 0, done = 0;
  const fail = (number: number, what: string): void => {
    failed++;
    if (errors.length < ERRORS_MAX) errors.push(`row ${number}: ${what}`);
  };
  const store = async (rows: readonly Good[], vectors: readonly Float32Array[]): Promise<void> => {
    const objects = rows.map(({ number, id, properties }, i) => ({ id: id ?? `${name}-${number}`, properties, vector: vectors[i]! }));
    const result = await account.data.insertMany(objects, { batchSize: BATCH }); // whole even when it is cancelled: what is counted is there
    for (const { index, error } of result.errors) fail(rows[index]!.number, error.message);
    imported += result.inserted;
    for (const { properties: { channel, product } } of rows) {
      if (channel) channels.add(channel);
      if (product) products.add(product);
    }
    onProgress({ done, total: file.size, imported, failed });
  };

  let cancelled = false;
  let storing: Promise<void> = Promise.resolve();
  try {
    for await (const rows of rowsOf(file, (bytes) => { done = bytes; })) {
      signal.throwIfAborted();
      for (const row of rows) if ('error' in row) fail(row.number, row.error);
      const good = rows.filter((row) => !('error' in row)) as Good[];
      for (let at = 0; at < good.length; at += BATCH) {
        signal.throwIfAborted();
        const batch = good.slice(at, at + BATCH);
        const vectors = await embed(batch.map(({ properties }) => properties.text)); // while the batch before is stored
        await storing;
        storing = store(batch, vectors);
        storing.catch(() => {}); // heard of below
      }
    }
    await storing;
    onProgress({ done: file.size, total: file.size, imported, failed });
  } catch (cause) {
    await storing.catch(() => {});
    if (!signal.aborted) throw cause;
    cancelled = true;
  }
  return { imported, failed, errors, cancelled, ms: performance.now() - start, channels: [...channels], products: [...products] };
}

/** As many whole characters as fit in so many bytes of UTF-8. */
function startOf(text: string, bytesMax: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(bytesMax));
  return text.slice(0, read);
}
