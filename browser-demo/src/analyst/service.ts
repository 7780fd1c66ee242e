/** The analyst on a database of its own: what the tab with the lock runs, in a worker. */
import { extractive, indexedDB as inIndexedDB, open, type Collection, type Database } from 'vectile';
import { encoder, type Encoder } from 'vectile/encoder';
import type {
  AccountInfo, Analyst, AnalystEvent, Hit, ImportReport, Preset, PresetReport, SearchRequest, SearchResponse, Statistics,
} from '../contract.js';
import { archiveName, currentName, deleteDatabases, otherName, setCurrentName } from './databases.js';
import { corpusNames, fetchAccount, fetchModel } from './corpus.js';
import { importRows } from './importing.js';
import { Latencies } from './latencies.js';
import { checkCollections, collectionsOf, GRAPH_FROM, type AccountProperties, type Collections, type PostProperties } from './posts.js';
import { changePreset, measurePreset, presetOf, PRESETS } from './presets.js';
import { checkRequest, find, hitsOf, hybridOptions, needsVector, type Found } from './searches.js';

/** The tab that was closed may hold the store for a moment. */
const LOCK_WAIT_MS = 10_000;

type Emit = (event: AnalystEvent) => void;

export class Service implements Analyst {
  readonly #emit: Emit;
  readonly #latencies = new Latencies();
  readonly #calls = new Map<string, AbortController>();
  /** Once more where it has failed: the network may be back. */
  #encoder: Promise<Encoder>;
  /** Undefined while another database takes the place of this one. */
  #db: Database | undefined;
  #collections: Collections | undefined;
  #ready: Promise<void>;
  /** Accounts of the corpus still to come in; ends when the database is closed. */
  #filling = new AbortController();
  #filled: Promise<void> = Promise.resolve();
  #replacing: Promise<void> = Promise.resolve();
  /** Their names, in the order in which they come; and who waits for one. */
  #queue: string[] = [];
  readonly #awaited = new Map<string, (() => void)[]>();

  constructor(emit: Emit) {
    this.#emit = emit;
    const opening = currentName().then((name) => this.#openStore(name));
    // not before: a second visit is ready sooner
    this.#encoder = opening.catch(() => {}).then(() => this.#loadEncoder());
    this.#encoder.catch(() => {}); // whoever needs it hears of it
    this.#ready = this.#begin(opening);
    // what a replacement has left that was cut short; the next one waits for it
    this.#replacing = this.#ready.then(async () => deleteDatabases(otherName(await currentName()))).catch(() => {});
  }

  /** When all of the corpus is in. */
  get filled(): Promise<void> { return this.#ready.then(() => this.#filled); }

  async accounts(): Promise<AccountInfo[]> {
    const { db, posts, accounts } = await this.#open();
    const [[node], tenants, { objects }] = await Promise.all([
      db.cluster.nodes({ output: 'verbose', collection: posts.name }), posts.tenants.get(), accounts.query.fetchObjects({ limit: 10_000 }),
    ]);
    const about = new Map(objects.map(({ id, properties }) => [id, properties as AccountProperties]));
    const shards = new Map(node!.shards.map((shard) => [shard.name, shard]));
    return Object.values(tenants).map(({ name, status }) => {
      const { label = name, blurb = '', language = '', synthetic = false, channels = [], products = [] } = about.get(name) ?? {};
      const shard = shards.get(name);
      return { name, label, blurb, language, synthetic, status, channels, products, ...shard?.loaded && { objects: shard.objectCount } };
    });
  }

  async search(request: SearchRequest): Promise<SearchResponse> {
    checkRequest(request);
    const account = await this.#account(request.account);
    const start = performance.now();
    const vector = needsVector(request) ? await this.#embed(request.query) : undefined;
    const embedMs = performance.now() - start;
    const hits = await find(account, request, vector);
    const ms = performance.now() - start;
    this.#latencies.add(ms);
    return { hits, ms, embedMs, total: await account.length() };
  }

  generate(call: string, request: SearchRequest, task: string): Promise<{ text: string; hits: Hit[] }> {
    return this.#cancellable(call, async (signal) => {
      checkRequest(request);
      const { generate } = await this.#account(request.account);
      const query = request.query.trim() ? request.query : task;
      const prompt = { groupedTask: task, groupedProperties: ['text' as const] };
      const { kind, limit } = request;
      const vector = needsVector({ ...request, query }) ? await this.#embed(query) : undefined;
      const options = { ...hybridOptions(request, vector), signal };
      const { filters } = options;
      const generation = kind === 'vector' ? generate.nearVector(vector!, prompt, { limit, signal, returnMetadata: ['distance'], ...filters && { filters } })
        : kind === 'keyword' ? generate.bm25(query, prompt, { limit, signal, queryProperties: ['text'], returnMetadata: ['score'], ...filters && { filters } })
          : generate.hybrid(query, prompt, options);
      let text = '', hits: Hit[] = [];
      for await (const piece of generation) {
        if ('objects' in piece) hits = hitsOf(piece.objects as unknown as Found[], query, kind);
        else {
          text += piece.text;
          this.#emit({ kind: 'text', call, text: piece.text });
        }
      }
      return { text, hits };
    });
  }

  async statistics(): Promise<Statistics> {
    const { db, posts } = await this.#open();
    const [accounts, stats, [node], preset, config] = await Promise.all([
      this.accounts(), db.stats(), db.cluster.nodes({ output: 'verbose', collection: posts.name }), presetOf(posts), posts.config.get(),
    ]);
    const own = stats.collections[posts.name]!;
    const { memory, disk, tenants } = own;
    const { quantizer } = config.vectors.default!;
    const quantizerName = typeof quantizer === 'object' ? quantizer.type : quantizer ?? 'f32';
    return {
      objects: own.objects,
      accounts,
      shards: node!.shards.map(({ name, objectCount, vectorIndexingStatus, vectorQueueLength, compressed, loaded }) => ({
        name, objects: objectCount, status: vectorIndexingStatus, queue: vectorQueueLength,
        index: !loaded ? '' : objectCount > GRAPH_FROM ? 'hnsw' : 'flat', quantizer: !loaded ? '' : compressed ? quantizerName : 'f32',
      })),
      tenants: { ...tenants },
      memory: { ...memory, total: sum(memory) },
      disk: { ...disk },
      preset,
      searches: this.#latencies.summary,
    };
  }

  async setTenant(account: string, action: 'activate' | 'deactivate' | 'offload' | 'remove'): Promise<void> {
    await this.#account(account);
    const { posts, accounts } = await this.#open();
    const { tenants } = posts;
    switch (action) {
      case 'activate':
        await tenants.activate(account);
        await tenants.warm(account);
        break;
      case 'deactivate': await tenants.deactivate(account); break;
      case 'offload': await tenants.offload(account); break;
      case 'remove':
        if (corpusNames.includes(account)) await accounts.data.update({ id: account, properties: { removed: true } });
        else await accounts.data.deleteById(account);
        await tenants.remove(account);
        break;
      default: throw new TypeError(`action: expected activate, deactivate, offload or remove, got ${String(action)}`);
    }
    this.#emit({ kind: 'changed' });
  }

  setPreset(call: string, preset: Preset, account: string): Promise<{ before: PresetReport; after: PresetReport }> {
    return this.#cancellable(call, async (signal) => {
      if (!(preset in PRESETS)) throw new TypeError(`preset: expected ${Object.keys(PRESETS).join(', ')}, got ${preset}`);
      const { db, posts } = await this.#open();
      const tell = (step: string) => (done: number, total: number): void => this.#emit({ kind: 'preset', call, step, done, total });
      await this.#account(account);
      const before = await measurePreset(db, posts, account, signal, tell('measuring as it is'));
      await changePreset(db, posts, preset, account, signal, tell('storing vectors anew'));
      this.#emit({ kind: 'changed' }); // even if it is not measured any more
      const after = await measurePreset(db, posts, account, signal, tell('measuring again'));
      return { before, after };
    });
  }

  importFile(call: string, account: string, file: File): Promise<ImportReport> {
    return this.#cancellable(call, async (signal) => {
      await this.#account(account);
      const { posts, accounts } = await this.#open();
      const isNew = !(await posts.tenants.exists(account));
      if (isNew) {
        await posts.tenants.create(account);
        await accounts.data.insertMany([{ id: account, properties: about(account, file.name) }]);
      }
      this.#emit({ kind: 'changed' });
      const own = posts.withTenant(account);
      const report = await importRows(own, file, {
        signal, embed: async (texts) => (await this.#loadedEncoder()).embed(texts, { signal }),
        onProgress: (progress) => this.#emit({ kind: 'import', call, ...progress }),
      }).catch(async (cause: unknown) => {
        if (isNew && !(await own.length())) await this.setTenant(account, 'remove'); // nobody made an empty account
        throw cause;
      });
      await this.#describe(account, report.channels, report.products);
      this.#emit({ kind: 'changed' });
      const { channels: _, products: __, ...rest } = report;
      return { account, ...rest };
    });
  }

  async cancel(call: string): Promise<void> {
    this.#calls.get(call)?.abort();
  }

  async deletePost(account: string, id: string): Promise<void> {
    await (await this.#account(account)).data.deleteById(id);
    this.#emit({ kind: 'changed' });
  }

  async exportDatabase(): Promise<Blob> {
    await this.filled;
    const { db } = await this.#open();
    const parts: Blob[] = [];
    // A Blob for each piece: browsers keep large ones on disk.
    for await (const chunk of db.export()) parts.push(new Blob([chunk as Uint8Array<ArrayBuffer>]));
    return new Blob(parts, { type: 'application/octet-stream' });
  }

  importDatabase(file: Blob): Promise<void> {
    return this.#replace(file);
  }

  reset(): Promise<void> {
    return this.#replace(undefined);
  }

  async close(): Promise<void> {
    for (const call of this.#calls.values()) call.abort();
    await this.#ready.catch(() => {});
    await this.#end();
    await (await this.#encoder.catch(() => undefined))?.close();
  }

  async #open(): Promise<Collections & { db: Database }> {
    await this.#ready;
    return { db: this.#db!, ...this.#collections! };
  }

  async #embed(text: string): Promise<Float32Array> {
    const [vector] = await (await this.#loadedEncoder()).embed([text]);
    return vector!;
  }

  #loadedEncoder(): Promise<Encoder> {
    const former = this.#encoder;
    return former.catch(() => {
      if (this.#encoder === former) {
        this.#encoder = this.#loadEncoder();
        this.#encoder.catch(() => {});
      }
      return this.#encoder;
    });
  }

  async #loadEncoder(): Promise<Encoder> {
    const model = await fetchModel((done, total) => this.#emit({ kind: 'loading', step: 'model', done, total }));
    return encoder({ model });
  }

  /** Has the database open, and one account; those that follow come in while it is searched. */
  async #begin(opening: Promise<Database>): Promise<void> {
    try {
      this.#emit({ kind: 'loading', step: 'opening', done: 0, total: 1 });
      this.#db = await opening;
      const collections = await collectionsOf(this.#db);
      const embedder = { name: 'universal-sentence-encoder-lite-en', embed: async (texts: string[], options?: { signal?: AbortSignal }) => (await this.#loadedEncoder()).embed(texts, options) };
      this.#collections = { ...collections, posts: this.#db.collections.use<PostProperties>(collections.posts.name, { vectorizer: embedder, generator: extractive() }) };
      this.#emit({ kind: 'loading', step: 'opening', done: 1, total: 1 });
      this.#filling = new AbortController();
      const missing = await this.#missing();
      this.#queue = missing;
      const { signal } = this.#filling;
      if (missing.length === corpusNames.length) await this.#fillNext(signal);
      this.#emit({ kind: 'ready' }); // the model may still be loading: searches by words need none
      this.#filled = this.#fillAll(signal).catch((cause: unknown) => {
        if (!signal.aborted) this.#emit({ kind: 'failed', message: messageOf(cause) });
      }).finally(() => {
        this.#queue = [];
        for (const name of this.#awaited.keys()) this.#arrived(name); // and is not there: what waits will say so
      });
    } catch (cause) {
      this.#emit({ kind: 'failed', message: messageOf(cause) });
      throw cause;
    }
  }

  async #openStore(name: string, from?: AsyncIterable<Uint8Array>): Promise<Database> {
    const deadline = performance.now() + LOCK_WAIT_MS;
    for (;;) {
      try {
        return await open({ store: inIndexedDB(name), offload: inIndexedDB(archiveName(name)), ...from && { from } });
      } catch (cause) {
        if ((cause as { code?: unknown }).code !== 'STORE_LOCKED' || performance.now() > deadline) throw cause;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  /** Accounts of the corpus that are neither here whole nor were removed. */
  async #missing(): Promise<string[]> {
    const { objects } = await this.#collections!.accounts.query.fetchObjects({ limit: 10_000, returnProperties: [] });
    const known = new Set(objects.map(({ id }) => id));
    return corpusNames.filter((name) => !known.has(name));
  }

  async #fillAll(signal: AbortSignal): Promise<void> {
    while (this.#queue.length) await this.#fillNext(signal);
    await this.#warm(signal);
  }

  async #fillNext(signal: AbortSignal): Promise<void> {
    const name = this.#queue[0];
    if (name === undefined) return;
    const total = corpusNames.length;
    this.#emit({ kind: 'loading', step: 'corpus', done: total - this.#queue.length, total });
    await this.#fill(name, signal);
    this.#queue = this.#queue.filter((other) => other !== name);
    this.#emit({ kind: 'loading', step: 'corpus', done: total - this.#queue.length, total });
    this.#emit({ kind: 'changed' });
    this.#arrived(name);
  }

  #arrived(name: string): void {
    for (const resolve of this.#awaited.get(name) ?? []) resolve();
    this.#awaited.delete(name);
  }

  /** One that is still to come in comes next, and is waited for. */
  async #account(name: string): Promise<Collection<PostProperties>> {
    const { posts } = await this.#open();
    if (this.#queue.includes(name)) {
      const [current, ...others] = this.#queue;
      this.#queue = [current!, ...name === current ? [] : [name], ...others.filter((other) => other !== name)];
      await new Promise<void>((resolve) => this.#awaited.set(name, [...this.#awaited.get(name) ?? [], resolve]));
    }
    return posts.withTenant(name);
  }

  /** What there is to be said of an account is written last: one that is not whole comes in again. */
  async #fill(name: string, signal: AbortSignal): Promise<void> {
    const { posts, accounts } = this.#collections!;
    const { account: { posts: own, ...account }, vectorOf } = await fetchAccount(name);
    await posts.tenants.create(name);
    function* objects() {
      for (let i = 0; i < own.length; i++) {
        const { id, createdAt, ...properties } = own[i]!;
        yield { id, properties: { ...properties, createdAt: new Date(createdAt) }, vector: vectorOf(i) };
      }
    }
    const { errors: [failure] } = await posts.withTenant(name).data.insertMany(objects(), { signal });
    if (failure) throw failure.error;
    const { label, blurb, language, synthetic, channels, products } = account;
    await accounts.data.insertMany([{ id: name, properties: { label, blurb, language, synthetic, channels, products } }]);
  }

  /** Opens accounts ahead, so that statistics know them. */
  async #warm(signal: AbortSignal): Promise<void> {
    const { posts } = this.#collections!;
    for (const { name, status } of Object.values(await posts.tenants.get())) {
      signal.throwIfAborted();
      if (status !== 'ACTIVE') continue;
      await posts.tenants.warm(name, { signal });
      this.#emit({ kind: 'changed' });
    }
  }

  /** Adds what an import has brought to what can be chosen in filters. */
  async #describe(name: string, channels: readonly string[], products: readonly string[]): Promise<void> {
    const { accounts } = this.#collections!;
    const object = await accounts.query.fetchObjectById(name);
    const { channels: channelsBefore = [], products: productsBefore = [] } = (object?.properties ?? {}) as AccountProperties;
    const merged = (before: readonly string[], more: readonly string[]): string[] => [...new Set([...before, ...more])].slice(0, 200);
    await accounts.data.update({ id: name, properties: { channels: merged(channelsBefore, channels), products: merged(productsBefore, products) } });
  }

  /** One after the other, whichever tabs ask for it. */
  #replace(file: Blob | undefined): Promise<void> {
    const replacing = this.#replacing.then(() => this.#replaceNow(file));
    this.#replacing = replacing.catch(() => {});
    return replacing;
  }

  /** What there was stays until the other one is whole. A database that could not be opened is replaced, too. */
  async #replaceNow(file: Blob | undefined): Promise<void> {
    await this.#ready.catch(() => {});
    const former = await currentName();
    const name = otherName(former);
    await deleteDatabases(name);
    const db = await this.#openStore(name, file && chunksOf(file)).catch(async (cause: unknown) => {
      await deleteDatabases(name).catch(() => {});
      throw cause;
    });
    try {
      await checkCollections(db);
    } catch (cause) {
      await db.close();
      await deleteDatabases(name);
      throw cause;
    }
    for (const call of this.#calls.values()) call.abort();
    this.#ready = this.#end().then(async () => {
      await setCurrentName(name);
      await this.#begin(Promise.resolve(db));
      await deleteDatabases(former).catch(() => {}); // or at the next visit
    });
    await this.#ready;
    this.#emit({ kind: 'changed' });
  }

  async #end(): Promise<void> {
    this.#filling.abort();
    await this.#filled;
    await this.#db?.close().catch(() => {}); // full or deleted: what is not written is replaced anyhow
    this.#db = this.#collections = undefined;
  }

  async #cancellable<T>(call: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#calls.has(call)) throw new Error(`call: expected a name that no other call has, got ${call}`);
    const controller = new AbortController();
    this.#calls.set(call, controller);
    try {
      return await work(controller.signal);
    } finally {
      this.#calls.delete(call);
    }
  }
}

const about = (account: string, file: string): AccountProperties => ({ label: account, blurb: `Imported from ${file}`, language: '', synthetic: false });

const sum = (regions: Record<string, number>): number => Object.values(regions).reduce((total, bytes) => total + bytes, 0);

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

async function* chunksOf(file: Blob): AsyncGenerator<Uint8Array> {
  const CHUNK = 1 << 20;
  for (let at = 0; at < file.size; at += CHUNK) yield new Uint8Array(await file.slice(at, at + CHUNK).arrayBuffer());
}
