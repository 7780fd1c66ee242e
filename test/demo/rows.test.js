// Files of users: CSV and JSONL, in pieces of any size.
import { describe, expect, it } from 'vitest';
import { marksOf, wordsOf } from '../../browser-demo/src/analyst/marks.ts';
import { importRows } from '../../browser-demo/src/analyst/importing.ts';
import { rowsOf } from '../../browser-demo/src/analyst/rows.ts';

/** A file whose stream comes in pieces of so many bytes. */
function fileOf(text, name, pieceBytes = 1 << 20) {
  const blob = new Blob([text]);
  const stream = () => new ReadableStream({
    async start(controller) {
      const bytes = new Uint8Array(await blob.arrayBuffer());
      for (let at = 0; at < bytes.length; at += pieceBytes) controller.enqueue(bytes.slice(at, at + pieceBytes));
      controller.close();
    },
  });
  return { name, size: blob.size, slice: (...range) => blob.slice(...range), stream };
}

async function rowsIn(text, name, pieceBytes) {
  const rows = [];
  let read = 0;
  for await (const batch of rowsOf(fileOf(text, name, pieceBytes), (bytes) => { read = bytes; })) rows.push(...batch);
  expect(read).toBe(new TextEncoder().encode(text).length);
  return rows;
}

describe('CSV', () => {
  const twcs = 'tweet_id,author_id,inbound,created_at,text,response_tweet_id,in_response_to_tweet_id\r\n'
    + '1,sprintcare,False,Tue Oct 31 22:10:47 +0000 2017,"@115712 I understand, ""really"".\nTry again – 你好",2,3\r\n'
    + '2,115712,True,Tue Oct 31 22:11:45 +0000 2017,@sprintcare and how,,1';

  it('of twcs.csv is understood, in pieces of any size', async () => {
    const expected = [
      { number: 1, id: '1', properties: { text: '@115712 I understand, "really".\nTry again – 你好', author: 'sprintcare', createdAt: new Date('2017-10-31T22:10:47Z'), inbound: false, threadId: '3' } },
      { number: 2, id: '2', properties: { text: '@sprintcare and how', author: '115712', createdAt: new Date('2017-10-31T22:11:45Z'), inbound: true, threadId: '1' } },
    ];
    for (const bytes of [1, 2, 3, 7, 64, 1000]) expect(await rowsIn(twcs, 'twcs.csv', bytes)).toEqual(expected);
  });

  it('may have other separators, a byte order mark, quotes within fields, empty lines', async () => {
    const rows = await rowsIn('\ufeffText;Author\n"a;b";x\n\n5" screen;y\n;z\n', 'mine.csv', 1);
    expect(rows.map((row) => row.properties?.text ?? row.error)).toEqual(['a;b', '5" screen', 'has no text']);
    expect(rows[0].properties.author).toBe('x');
    expect((await rowsIn('text\tsentiment\nfine\tPositive\nodd\tso-so\n', 'x.tsv')).map(({ properties }) => properties.sentiment)).toEqual(['positive', undefined]);
  });

  it('without a column of texts is refused, and times that are none are told by row', async () => {
    await expect(rowsIn('a,b\n1,2\n', 'x.csv')).rejects.toThrow(/^file: expected a column of texts .*, got a, b$/);
    expect(await rowsIn('text,date\nhello,soon\n', 'x.csv')).toEqual([{ number: 1, error: 'expected a time, got soon' }]);
    expect(await rowsIn('text,date\nhello,2024-02-30T10:00:00Z\nhello,2023-02-29\n', 'x.csv')).toEqual([
      { number: 1, error: 'expected a time, got 2024-02-30T10:00:00Z' }, { number: 2, error: 'expected a time, got 2023-02-29' },
    ]);
    expect((await rowsIn('text,date\nhello,2024-02-29\n', 'x.csv'))[0].properties.createdAt.toISOString()).toBe('2024-02-29T00:00:00.000Z');
    const [{ properties }] = await rowsIn('text,date\nhello,1700000000\n', 'x.csv');
    expect(properties.createdAt.toISOString()).toBe('2023-11-14T22:13:20.000Z');
  });
});

it.each(['a.csv', 'a.jsonl'])('a file without line ends takes no longer with each piece, and can be cancelled in it: %s', async (name) => {
  const controller = new AbortController();
  const piece = new Uint8Array(1 << 16).fill(97);
  const pieces = 1000; // looked through from the start with each piece, these are 32 GB
  let read = 0;
  const stream = () => new ReadableStream({
    pull(reader) {
      if (read++ === pieces) controller.abort();
      reader.enqueue(piece);
    },
  });
  const file = { name, size: 1e9, slice: () => new Blob([piece]), stream };
  const options = { signal: controller.signal, embed: async () => [], onProgress: () => {} };
  expect(await importRows({}, file, options)).toMatchObject({ imported: 0, cancelled: true });
  expect(read).toBeLessThan(pieces + 10);
});

it.each(['客'.repeat(90), `${'a'.repeat(79)}😀`])('rows without ids have some that can be stored, whatever the name of the file: %s', async (name) => {
  const ids = [];
  const account = { data: { insertMany: async (objects) => { ids.push(...objects.map(({ id }) => id)); return { inserted: objects.length, errors: [] }; } } };
  await importRows(account, new File(['text\none\ntwo\n'], `${name}.csv`), { signal: new AbortController().signal, embed: async (texts) => texts.map(() => new Float32Array(1)), onProgress: () => {} });
  expect(ids.map((id) => id.at(-1))).toEqual(['1', '2']);
  for (const id of ids) {
    expect(id.isWellFormed()).toBe(true);
    expect(Buffer.byteLength(id)).toBeLessThanOrEqual(128);
  }
});

it('JSONL is known by its name or its first character; lines that are none are told', async () => {
  const text = '{"id":7,"Text":"a","inbound":false,"product":null}\n\nnot json\n[1]\n{"body":"b"}';
  for (const name of ['x.jsonl', 'x.txt']) {
    const rows = await rowsIn(text, name, 5);
    expect(rows.map(({ number, id, error, properties }) => [number, id, error ?? properties.text])).toEqual([[1, '7', 'a'], [3, undefined, 'is no JSON'], [4, undefined, 'expected a JSON object'], [5, undefined, 'b']]);
    expect(rows[0].properties.inbound).toBe(false);
  }
});

describe('marks', () => {
  it('are where words of the query are, whatever their case; stopwords only if there is nothing else', () => {
    const text = 'The Parcel, PARCELS and parcel-post: übergroß';
    const marked = (query) => marksOf(text, wordsOf(query)).map(([start, end]) => text.slice(start, end));
    expect(marked('the parcel')).toEqual(['Parcel', 'parcel']);
    expect(marked('the and')).toEqual(['The', 'and']);
    expect(marked('ÜBERGROSS übergroß')).toEqual(['übergroß']);
  });
});
