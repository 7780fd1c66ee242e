/** What LangChain asks for beside a store, in a form whose answers can be computed by hand. */
import { Embeddings } from '@langchain/core/embeddings';
import { RecordManager } from '@langchain/core/indexing';

/** Counts the words red, green and blue. Each text has some of them. */
export class WordEmbeddings extends Embeddings {
  constructor() { super({}); }
  async embedDocuments(texts) { return texts.map((text) => ['red', 'green', 'blue'].map((word) => text.split(word).length - 1)); }
  async embedQuery(text) { return (await this.embedDocuments([text]))[0]; }
}

/** In memory; its clock goes on by one whenever it is asked. */
export class MemoryRecords extends RecordManager {
  #records = new Map();
  #time = 0;

  async createSchema() {}
  async getTime() { return ++this.#time; }

  async update(keys, { groupIds = [], timeAtLeast = 0 } = {}) {
    const time = await this.getTime();
    if (time < timeAtLeast) throw new Error('the clock went back');
    for (const [i, key] of keys.entries()) this.#records.set(key, { group: groupIds[i] ?? this.#records.get(key)?.group, time });
  }

  async exists(keys) { return keys.map((key) => this.#records.has(key)); }

  async listKeys({ before = Infinity, after = 0, groupIds, limit = Infinity } = {}) {
    const fits = ([, { group, time }]) => time < before && time > after && (!groupIds || groupIds.includes(group));
    return [...this.#records].filter(fits).slice(0, limit).map(([key]) => key);
  }

  async deleteKeys(keys) { for (const key of keys) this.#records.delete(key); }
}
