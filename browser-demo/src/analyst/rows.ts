/** Files of users become posts: CSV with a line of names, or a JSON object a line. Columns are recognized by their names. */
import type { Sentiment } from '../contract.js';
import type { PostProperties } from './posts.js';

/** What a row says; `error` if it says nothing that could be stored. */
export type Row = { number: number } & ({ id: string | undefined; properties: PostProperties } | { error: string });

/** In the order in which they are looked for; those of twcs.csv and Tweets.csv are among them. */
const COLUMNS = {
  id: ['tweet_id', 'id', 'post_id', 'uuid'],
  text: ['text', 'body', 'message', 'content', 'review', 'comment', 'description'],
  author: ['author_id', 'author', 'name', 'user', 'username', 'from'],
  createdAt: ['created_at', 'createdat', 'tweet_created', 'date', 'time', 'timestamp'],
  inbound: ['inbound'],
  channel: ['channel', 'source'],
  sentiment: ['sentiment', 'airline_sentiment'],
  product: ['product'],
  topic: ['topic', 'negativereason', 'category', 'label', 'subject'],
  threadId: ['thread_id', 'threadid', 'in_response_to_tweet_id', 'conversation_id'],
} as const;
const SENTIMENTS: readonly string[] = ['positive', 'neutral', 'negative'];
const TEXT_MAX = 10_000;
/** Of what texts are filtered by. */
const LABEL_MAX = 200;

/** Rows of a file, batch by batch as it is read, some of them empty; `onBytes` hears of each piece. Throws if there is no column of texts. */
export async function* rowsOf(file: Blob & { name?: string }, onBytes: (bytes: number) => void): AsyncGenerator<Row[]> {
  let bytes = 0;
  const counted = file.stream().pipeThrough(new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      // Small pieces, so that each gives a batch that others need not wait for long.
      for (let at = 0; at < chunk.length; at += 1 << 16) controller.enqueue(chunk.subarray(at, at + (1 << 16)));
    },
  }));
  const decoder = new TextDecoder('utf-8');
  const isLines = /\.(jsonl|ndjson)$/i.test(file.name ?? '') || (await firstCharacter(file)) === '{';
  const read = isLines ? new LineReader() : new CsvReader();
  const reader = counted.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      const rows = done ? read.end(decoder.decode()) : read.push(decoder.decode(value, { stream: true }));
      bytes += value?.length ?? 0;
      onBytes(bytes);
      yield rows; // none, too: who reads may end it in the middle of a long row
      if (done) return;
    }
  } finally {
    await reader.cancel();
  }
}

async function firstCharacter(file: Blob): Promise<string> {
  return (await file.slice(0, 1000).text()).trimStart().charAt(0);
}

class LineReader {
  #rest = '';
  #number = 0;

  push(text: string): Row[] {
    if (!text.includes('\n')) { // a long line is not looked through again with each piece
      this.#rest += text;
      return [];
    }
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    return lines.flatMap((line) => this.#row(line));
  }

  end(text: string): Row[] {
    return [...this.push(text), ...this.#row(this.#rest)];
  }

  #row(line: string): Row[] {
    this.#number++;
    if (!line.trim()) return [];
    try {
      const value: unknown = JSON.parse(line);
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return [{ number: this.#number, error: 'expected a JSON object' }];
      const lower = new Map(Object.entries(value).map(([name, cell]) => [name.toLowerCase(), cell === null || cell === undefined ? '' : String(cell)]));
      return [rowOf(this.#number, (name) => lower.get(name))];
    } catch {
      return [{ number: this.#number, error: 'is no JSON' }];
    }
  }
}

/** Fields in quotes may have commas, line ends and, doubled, quotes (RFC 4180). The separator is what the first line has most of. */
class CsvReader {
  #fields: string[] = [];
  #field = '';
  /** Within quotes; and a quote there was the last character, which ends them unless another one follows. */
  #isQuoted = false;
  #wasQuote = false;
  #separator = '';
  #columns: Map<string, number> | undefined;
  #number = 0;
  #head = '';

  push(text: string): Row[] {
    if (!this.#separator) {
      this.#head += text;
      if (!text.includes('\n')) return []; // nor do those before have one
      return this.#begin();
    }
    return this.#take(text);
  }

  end(text: string): Row[] {
    const rows = this.push(text);
    if (!this.#separator) rows.push(...this.#begin());
    return this.#field || this.#fields.length ? [...rows, ...this.#endRow()] : rows;
  }

  #begin(): Row[] {
    const head = this.#head.replace(/^\ufeff/, '');
    const [line = ''] = head.split('\n');
    const count = (separator: string) => line.split(separator).length;
    this.#separator = [',', ';', '\t'].reduce((best, next) => (count(next) > count(best) ? next : best));
    this.#head = '';
    return this.#take(head);
  }

  #take(text: string): Row[] {
    const rows: Row[] = [];
    const stop = this.#separator === ',' ? /[",\n\r]/g : this.#separator === ';' ? /[";\n\r]/g : /["\t\n\r]/g;
    for (let at = 0; at < text.length;) {
      if (this.#isQuoted && !this.#wasQuote) {
        const end = text.indexOf('"', at);
        this.#field += text.slice(at, end < 0 ? undefined : end);
        if (end < 0) break;
        this.#wasQuote = true;
        at = end + 1;
        continue;
      }
      if (this.#wasQuote) {
        this.#wasQuote = false;
        if (text[at] === '"') {
          this.#field += '"';
          at++;
          continue;
        }
        this.#isQuoted = false;
      }
      stop.lastIndex = at;
      const end = stop.exec(text)?.index ?? text.length;
      this.#field += text.slice(at, end);
      at = end + 1;
      switch (text[end]) {
        case '"': if (this.#field === '') this.#isQuoted = true; else this.#field += '"'; break;
        case this.#separator: this.#endField(); break;
        case '\n': rows.push(...this.#endRow()); break;
        default: // a carriage return, or the end of this piece
      }
    }
    return rows;
  }

  #endField(): void {
    this.#fields.push(this.#field);
    this.#field = '';
    this.#isQuoted = this.#wasQuote = false;
  }

  #endRow(): Row[] {
    this.#endField();
    const fields = this.#fields;
    this.#fields = [];
    if (!this.#columns) {
      this.#columns = new Map(fields.map((name, i) => [name.trim().toLowerCase(), i]));
      if (!COLUMNS.text.some((name) => this.#columns!.has(name))) throw new TypeError(`file: expected a column of texts (${COLUMNS.text.join(', ')}), got ${fields.join(', ').slice(0, 200)}`);
      return [];
    }
    this.#number++;
    if (fields.length === 1 && !fields[0]) return [];
    return [rowOf(this.#number, (name) => {
      const column = this.#columns!.get(name);
      return column === undefined ? undefined : fields[column];
    })];
  }
}

function rowOf(number: number, cell: (column: string) => string | undefined): Row {
  const value = (name: keyof typeof COLUMNS): string | undefined => {
    for (const column of COLUMNS[name]) {
      const found = cell(column)?.trim();
      if (found) return found;
    }
    return undefined;
  };
  const text = value('text');
  if (!text) return { number, error: 'has no text' };
  const written = value('createdAt');
  const createdAt = written === undefined ? new Date(0) : timeOf(written);
  if (Number.isNaN(createdAt.getTime())) return { number, error: `expected a time, got ${written!.slice(0, 40)}` };
  const id = value('id');
  const [sentiment, channel, product, topic, threadId] = [value('sentiment')?.toLowerCase(), ...(['channel', 'product', 'topic', 'threadId'] as const).map((name) => value(name)?.slice(0, LABEL_MAX))];
  return {
    number,
    id: id !== undefined && new TextEncoder().encode(id).length > 100 ? undefined : id,
    properties: {
      text: text.slice(0, TEXT_MAX), author: (value('author') ?? 'unknown'), createdAt, inbound: !/^(false|0|no)$/i.test(value('inbound') ?? ''),
      ...sentiment !== undefined && SENTIMENTS.includes(sentiment) && { sentiment: sentiment as Sentiment },
      ...channel && { channel: channel }, ...product && { product: product }, ...topic && { topic: topic }, ...threadId && { threadId: threadId },
    },
  };
}

/** As Date knows it, or `Tue Oct 31 22:10:47 +0000 2017`, which not every runtime does. */
function timeOf(text: string): Date {
  const twitter = /^\w{3} (\w{3}) (\d{1,2}) (\d\d:\d\d:\d\d) ([+-]\d{4}) (\d{4})$/.exec(text);
  if (twitter) return new Date(`${twitter[2]} ${twitter[1]} ${twitter[5]} ${twitter[3]} ${twitter[4]}`);
  const [day, month] = /^(\d{4}-\d\d)-\d\d(?!\d)/.exec(text) ?? [];
  if (day && !(new Date(day).toJSON() as string | null)?.startsWith(month!)) return new Date(NaN); // the 30th of February
  return new Date(/^\d{10}$/.test(text) ? Number(text) * 1000 : /^\d{13}$/.test(text) ? Number(text) : text);
}
