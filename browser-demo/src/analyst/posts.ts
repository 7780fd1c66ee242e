/** The collections of the analyst, and posts as they are stored there. */
import type { Collection, CollectionConfig, Database } from 'vectile';
import type { Post } from '../contract.js';

export const DIMENSIONS = 512;
/** Accounts with more posts than this have a graph; it also is what quantizers are trained on, so that all of the corpus are. */
export const GRAPH_FROM = 300;

export type PostProperties = Omit<Post, 'id' | 'createdAt'> & { createdAt: Date; resolved?: boolean };

export interface AccountProperties {
  label: string;
  blurb: string;
  language: string;
  synthetic: boolean;
  channels?: string[];
  products?: string[];
  /** An account of the corpus that was deleted; it shall not come back. */
  removed?: boolean;
}

/** A tenant for each account. */
const POSTS: CollectionConfig<PostProperties> = {
  name: 'Post',
  properties: [
    { name: 'text', dataType: 'text', indexFilterable: false },
    { name: 'author', dataType: 'text', tokenization: 'field', indexSearchable: false },
    { name: 'createdAt', dataType: 'date' },
    { name: 'inbound', dataType: 'boolean' },
    { name: 'channel', dataType: 'text', tokenization: 'field', indexSearchable: false },
    { name: 'sentiment', dataType: 'text', tokenization: 'field', indexSearchable: false },
    { name: 'product', dataType: 'text', tokenization: 'field', indexSearchable: false },
    { name: 'topic', dataType: 'text', tokenization: 'field', indexSearchable: false },
    { name: 'threadId', dataType: 'text', tokenization: 'field', indexSearchable: false },
    { name: 'resolved', dataType: 'boolean' },
  ],
  vectors: { default: { dimensions: DIMENSIONS, metric: 'cosine', index: { type: 'dynamic', threshold: GRAPH_FROM, maxConnections: 16 } } },
  multiTenancy: { enabled: true },
};

/** What there is to be said of accounts; ids are the tenants' names. */
const ACCOUNTS: CollectionConfig<AccountProperties> = {
  name: 'Account',
  properties: [
    { name: 'label', dataType: 'text', indexSearchable: false },
    { name: 'blurb', dataType: 'text', indexFilterable: false, indexSearchable: false },
    { name: 'language', dataType: 'text', tokenization: 'field', indexSearchable: false },
    { name: 'synthetic', dataType: 'boolean' },
    { name: 'channels', dataType: 'text[]', tokenization: 'field', indexSearchable: false },
    { name: 'products', dataType: 'text[]', tokenization: 'field', indexSearchable: false },
    { name: 'removed', dataType: 'boolean' },
  ],
};

export interface Collections {
  posts: Collection<PostProperties>;
  accounts: Collection<AccountProperties>;
}

/** Makes them where they are not there. */
export async function collectionsOf(db: Database): Promise<Collections> {
  const posts = await db.collections.create<PostProperties>(POSTS, { ifExists: 'use' });
  const accounts = await db.collections.create<AccountProperties>(ACCOUNTS, { ifExists: 'use' });
  return { posts, accounts };
}

/** Throws if a database has collections of these names with other properties, vectors or tenants. */
export async function checkCollections(db: Database): Promise<void> {
  const { posts, accounts } = await collectionsOf(db);
  for (const [collection, expected] of [[posts, POSTS], [accounts, ACCOUNTS]] as const) {
    const { properties, vectors, multiTenancy } = await collection.config.get();
    const typeOf = new Map(properties.map(({ name, dataType }) => [name, dataType]));
    const other = expected.properties!.find(({ name, dataType }) => typeOf.get(name) !== dataType);
    if (other) throw new TypeError(`file: expected a database of the analyst, got a collection ${expected.name} whose ${other.name} is ${typeOf.get(other.name) ?? 'missing'}`);
    if ((multiTenancy?.enabled ?? false) !== (expected.multiTenancy?.enabled ?? false)) throw new TypeError(`file: expected a database of the analyst, got a collection ${expected.name} with other tenants`);
    const dimensions = vectors?.['default']?.dimensions;
    if (expected.vectors && dimensions !== DIMENSIONS) throw new TypeError(`file: expected vectors of ${DIMENSIONS} dimensions, got ${dimensions ?? 'none'}`);
  }
}

export function postOf(id: string, { createdAt, ...properties }: PostProperties): Post {
  return { id, ...properties, createdAt: createdAt.toISOString() };
}
