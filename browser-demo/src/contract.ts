/**
 * What the pages ask of the analyst, whichever tab holds the database. All that crosses is plain data (and Files and Blobs): it may go
 * to another tab. Failures are Errors; those of the database keep their `code`.
 */

/** How vectors are stored: those of `quantizer` that are worth showing. */
export type Preset = 'exact' | 'fast' | 'compact' | 'smallest' | 'sq' | 'pq' | 'bq';
export type SearchKind = 'hybrid' | 'vector' | 'keyword';
export type Sentiment = 'positive' | 'neutral' | 'negative';

export interface Filters {
  /** The first and the last day, `2024-05-31`, in UTC. */
  from?: string;
  to?: string;
  sentiment?: Sentiment;
  channel?: string;
  product?: string;
}

export interface SearchRequest {
  account: string;
  query: string;
  kind: SearchKind;
  /** Of hybrid: the weight of nearness, 0 … 1. */
  alpha: number;
  /** 1 … 100. */
  limit: number;
  filters: Filters;
}

export interface Post {
  id: string;
  text: string;
  author: string;
  /** By RFC 3339. */
  createdAt: string;
  /** Of a customer, not of an agent. */
  inbound: boolean;
  channel?: string;
  sentiment?: Sentiment;
  product?: string;
  topic?: string;
  /** Of posts of one conversation the same. */
  threadId?: string;
}

export interface Hit {
  post: Post;
  /** Of hybrid and keyword: the higher, the better. */
  score?: number;
  /** Of what nearness has found: cosine distance, the smaller, the nearer. */
  distance?: number;
  /** Which search found it, and at which rank in it, from 1. */
  legs: { keyword?: number; vector?: number };
  /** `[start, end)` in `post.text`, in UTF-16 units, of what matches the query's words, in order. */
  marks: [number, number][];
}

export interface SearchResponse {
  hits: Hit[];
  /** Of the whole search, and of embedding the query within it. */
  ms: number;
  embedMs: number;
  /** Posts of the account. */
  total: number;
}

export type AccountStatus = 'ACTIVE' | 'INACTIVE' | 'OFFLOADED' | 'OFFLOADING' | 'ONLOADING';

export interface AccountInfo {
  /** Of the tenant: letters, digits, `_` and `-`. */
  name: string;
  /** For people. */
  label: string;
  blurb: string;
  /** As `en`. */
  language: string;
  /** Its posts were generated. */
  synthetic: boolean;
  status: AccountStatus;
  /** Undefined of an account that is not open. */
  objects?: number;
  channels: string[];
  products: string[];
}

export interface ShardInfo { name: string; objects: number; status: string; index: string; quantizer: string; queue: number }

export interface Statistics {
  /** Of accounts that are open, as all bytes here. */
  objects: number;
  accounts: AccountInfo[];
  shards: ShardInfo[];
  /** How many accounts there are by status, and `open` ones. */
  tenants: Record<string, number>;
  /** Bytes by what they are for, in memory and on disk, as `db.stats()` names them, and `total`. */
  memory: Record<string, number>;
  disk: Record<string, number>;
  preset: Preset;
  /** Milliseconds of the last 200 searches; NaN if there was none. */
  searches: { count: number; p50: number; p99: number };
}

export interface PresetReport {
  preset: Preset;
  /** Of the 10 nearest by exact search, the share that was found, 0 … 1. */
  recall: number;
  queries: number;
  /** Milliseconds of a search. */
  p50: number;
  /** Of the account's vectors and their index, in memory; and all its files. */
  bytes: number;
  diskBytes: number;
}

export interface ImportReport {
  account: string;
  imported: number;
  failed: number;
  /** The first 20, each with its row. */
  errors: string[];
  cancelled: boolean;
  ms: number;
}

export type AnalystEvent =
  | { kind: 'loading'; step: 'opening' | 'model' | 'corpus' | 'indexing'; done: number; total: number }
  /** The first account can be searched; others may still be coming in. */
  | { kind: 'ready' }
  | { kind: 'failed'; message: string }
  /** Of the file: bytes that were read, of how many. */
  | { kind: 'import'; call: string; done: number; total: number | undefined; imported: number; failed: number }
  /** A piece of an answer. */
  | { kind: 'text'; call: string; text: string }
  | { kind: 'preset'; call: string; step: string; done: number; total: number }
  /** Objects or states of accounts: statistics are to be asked anew. */
  | { kind: 'changed' }
  /** Of this tab. `waiting`: it takes over, or whoever holds the database does not answer yet. */
  | { kind: 'role'; role: 'holder' | 'follower' | 'waiting' };

/** Calls wait until the database is open. Those with a `call`, a text of the caller's that no other call has, can be cancelled. */
export interface Analyst {
  accounts(): Promise<AccountInfo[]>;
  search(request: SearchRequest): Promise<SearchResponse>;
  /** Its pieces come as events first. `[n]` in the text is `hits[n - 1]`. */
  generate(call: string, request: SearchRequest, task: string): Promise<{ text: string; hits: Hit[] }>;
  statistics(): Promise<Statistics>;
  setTenant(account: string, action: 'activate' | 'deactivate' | 'offload' | 'remove'): Promise<void>;
  /** Changes how vectors of all accounts are stored, and measures one before and after against exact search. */
  setPreset(call: string, preset: Preset, account: string): Promise<{ before: PresetReport; after: PresetReport }>;
  /** CSV (the columns of twcs.csv are known) or JSONL into an account, which is made if it is not there. Searches go on meanwhile. */
  importFile(call: string, account: string, file: File): Promise<ImportReport>;
  /** Ends an import, an answer or a measurement. What was imported stays. */
  cancel(call: string): Promise<void>;
  deletePost(account: string, id: string): Promise<void>;
  exportDatabase(): Promise<Blob>;
  /** Puts a file of `exportDatabase` in the place of all there is. */
  importDatabase(file: Blob): Promise<void>;
  /** Deletes all, and begins with the corpus again. */
  reset(): Promise<void>;
}

export interface Tab {
  analyst: Analyst;
  /** Calls back with what happens from now on, and first with the present state: role, and loading, ready or failed. Returns how to end that. */
  listen(listener: (event: AnalystEvent) => void): () => void;
}
