// Scenarios of useSearch in a real page; what they return becomes globalThis.result, by their names. Nothing waits for a time to pass:
// timers of the hook, which are those of DEBOUNCE_MS, run when a scenario says so.
import { StrictMode, act } from 'react';
import { createRoot } from 'react-dom/client';
import { memory, open } from 'vectile';
import { useSearch } from 'vectile/react';

globalThis.IS_REACT_ACT_ENVIRONMENT = true;

const DEBOUNCE_MS = 123_456;
const timers = new Map();
const { setTimeout, clearTimeout } = globalThis;
globalThis.setTimeout = (work, ms, ...rest) => {
  if (ms !== DEBOUNCE_MS) return setTimeout(work, ms, ...rest);
  const timer = {};
  timers.set(timer, work);
  return timer;
};
globalThis.clearTimeout = (timer) => { if (!timers.delete(timer)) clearTimeout(timer); };

/** Runs the timers there are. */
const elapse = () => act(async () => {
  const works = [...timers.values()];
  timers.clear();
  for (const work of works) work();
});

/** A collection whose searches end when told. */
class Fake {
  searches = [];
  listeners = new Set();
  constructor(id = 1) { this.id = id; }
  isSame(other) { return this.id === other.id; }
  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
  changes = () => act(async () => { for (const listener of this.listeners) listener({}); });
  query = { bm25: (query, { signal, ...options }) => new Promise((resolve, reject) => { this.searches.push({ query, options, signal, resolve, reject }); }) };
  /** The n-th search has found objects, or has failed. */
  answer = (n, ...ids) => act(async () => this.searches[n].resolve({ objects: ids.map((id) => ({ id })) }));
  fail = (n, message) => act(async () => this.searches[n].reject(new Error(message)));
  get asked() { return this.searches.map(({ query, signal }) => (signal.aborted ? `${query}, aborted` : query)); }
}

/** A component that shows what the hook says, in a page of its own. */
function mount({ strict = false } = {}) {
  const root = createRoot(document.body.appendChild(document.createElement('div')));
  const seen = { renders: 0 };
  function Results({ collection, search, debounceMs }) {
    seen.renders++;
    Object.assign(seen, useSearch(collection, search, { debounceMs }));
    return <p>{seen.objects.map(({ id }) => id).join()}</p>;
  }
  return {
    seen,
    get shown() { return `${seen.objects.map(({ id }) => id).join()}${seen.isPending ? ' …' : ''}${seen.error ? ` ${seen.error.code ?? seen.error.message}` : ''}`; },
    render: (collection, search, debounceMs = DEBOUNCE_MS) => act(async () => {
      const results = <Results collection={collection} search={search} debounceMs={debounceMs} />;
      root.render(strict ? <StrictMode>{results}</StrictMode> : results);
    }),
    unmount: () => act(async () => root.unmount()),
  };
}

const bm25 = (query, options) => ({ kind: 'bm25', query, options });

const scenarios = {
  async answers() {
    const fake = new Fake(), one = mount(), log = [];
    await one.render(undefined, bm25('a'));
    log.push(one.shown);
    await one.render(fake, bm25('a'));
    log.push(one.shown);
    await fake.answer(0, 'x', 'y');
    log.push(one.shown);
    await one.render(fake, null);
    log.push(one.shown);
    await one.unmount();
    return { log, asked: fake.asked, listeners: fake.listeners.size };
  },

  async debounce() {
    const fake = new Fake(), one = mount(), log = [];
    await one.render(fake, bm25('a'));
    await fake.answer(0, 'x');
    for (const query of ['ab', 'abc', 'abcd']) await one.render(fake, bm25(query));
    log.push(one.shown, timers.size);
    await elapse();
    log.push(one.shown);
    await fake.answer(1, 'y');
    log.push(one.shown);
    return { log, asked: fake.asked };
  },

  async stale() {
    const fake = new Fake(), one = mount(), log = [];
    await one.render(fake, bm25('a'));
    await one.render(fake, bm25('b'));
    await elapse();
    await fake.answer(1, 'of b');
    log.push(one.shown);
    await fake.answer(0, 'of a');
    log.push(one.shown);
    await one.render(fake, bm25('c'));
    await elapse();
    await one.render(fake, bm25('d'));
    await fake.fail(2, 'c failed');
    log.push(one.shown);
    return { log, asked: fake.asked };
  },

  async literals() {
    const one = mount(), fakes = [];
    const search = () => bm25('a', { filters: (f) => f.byProperty('n').lessThan(new Date(5)), queryProperties: ['x', 'y'], vector: new Float32Array([1, 2]), rerank: () => {}, nothing: undefined });
    for (let i = 0; i < 5; i++) await one.render(fakes[i] = new Fake(), search());
    await fakes[0].answer(0, 'x');
    const { renders } = one.seen;
    await elapse();
    await one.render(fakes[0], search());
    return { asked: fakes.map((fake) => fake.asked), options: Object.keys(fakes[0].searches[0].options.filters), more: one.seen.renders - renders };
  },

  async differences() {
    const one = mount(), fake = new Fake();
    const versions = [
      bm25('a'), bm25('a', {}), bm25('a', { limit: 1 }), bm25('a', { limit: 2 }), bm25('a', { filters: (f) => f.byId().equal('x') }),
      bm25('a', { filters: (f) => f.byId().equal('y') }), bm25('a', { v: [1, 2] }), bm25('a', { v: [1, 3] }), bm25('a', { v: [1] }), bm25('a', { v: new Float32Array([1]) }),
      bm25('a', { v: new Float32Array([2]) }), bm25('a', { at: new Date(1) }), bm25('a', { at: new Date(2) }), bm25('a', { at: null }), bm25('a', { on: null }),
    ];
    for (const search of versions) {
      await one.render(fake, search);
      await elapse();
    }
    const other = new Fake(2);
    await one.render(other, versions.at(-1));
    return { asked: fake.searches.length, versions: versions.length, other: other.asked, listeners: [fake.listeners.size, other.listeners.size], last: fake.asked.at(-1) };
  },

  async changes() {
    const fake = new Fake(), one = mount(), log = [];
    const note = () => log.push(`${one.shown} | ${fake.asked.length} asked, ${timers.size} waiting`);
    await one.render(fake, bm25('a'));
    await fake.changes();
    await fake.changes();
    note();
    await fake.answer(0, 'x');
    note();
    await elapse();
    note();
    await fake.answer(1, 'y');
    note();
    for (let i = 0; i < 3; i++) await fake.changes();
    note();
    await elapse();
    await fake.fail(2, 'no more');
    note();
    await act(async () => one.seen.refresh());
    note();
    await fake.answer(3, 'z');
    note();
    return { log, asked: fake.asked };
  },

  async unmount() {
    const log = [];
    for (const moment of ['searching', 'waiting', 'found']) {
      const fake = new Fake(), one = mount();
      await one.render(fake, bm25('a'));
      if (moment === 'waiting') await one.render(fake, bm25('b'));
      if (moment === 'found') await fake.answer(0, 'x');
      const { renders, refresh } = one.seen;
      await one.unmount();
      if (moment !== 'found') await fake.answer(0, 'x');
      await act(async () => refresh());
      log.push([moment, fake.asked, fake.listeners.size, timers.size, one.seen.renders - renders]);
    }
    return log;
  },

  async strict() {
    const fake = new Fake(), one = mount({ strict: true }), log = [];
    await one.render(fake, bm25('a'));
    log.push(one.shown, fake.asked, fake.listeners.size);
    await fake.answer(0, 'of the first mount');
    log.push(one.shown);
    await fake.answer(1, 'x');
    log.push(one.shown);
    await one.unmount();
    log.push(fake.listeners.size);
    return log;
  },

  async refused() {
    const one = mount(), fake = new Fake(), log = [];
    await one.render(fake, { kind: 'near', query: 'a' });
    log.push(one.shown);
    fake.subscribe = () => { throw new Error('CLOSED'); };
    await one.render(fake, bm25('b'));
    log.push(one.shown, fake.asked, timers.size);
    try {
      await one.render(fake, bm25('b'), -1);
    } catch (error) {
      log.push(`${error.code} ${error.message}`);
    }
    return log;
  },

  /** The database itself; handles of the collection are new in every render. */
  async database() {
    const db = await open({ store: memory() });
    const { data } = await db.collections.create({ name: 'Note', properties: [{ name: 'text', dataType: 'text' }] });
    await data.insertMany([{ id: 'a', properties: { text: 'red apple' }, vector: [1, 0] }, { id: 'b', properties: { text: 'green apple' }, vector: [0, 1] }]);
    const one = mount(), log = [];
    const settled = async (until) => {
      while (one.shown !== until) {
        await elapse();
        await act(() => new Promise((resolve) => setTimeout(resolve, 5)));
      }
      log.push(until);
    };
    const show = async (search, until) => {
      await one.render(db.collections.use('Note'), search);
      await settled(until);
    };
    await show(bm25('apple', { limit: 5, filters: (f) => f.byId().notEqual('c') }), 'a,b');
    await show({ kind: 'nearVector', query: new Float32Array([0, 1]) }, 'b,a');
    await show({ kind: 'hybrid', query: 'apple', options: { vector: [0, 1], alpha: 0.9 } }, 'b,a');
    await show({ kind: 'fetchObjects', options: { sort: { target: 'id', order: 'desc' } } }, 'b,a');
    await data.insert({ id: 'c', properties: { text: 'apple' }, vector: [1, 1] });
    await settled('c,b,a');
    await data.deleteById('b');
    await settled('c,a');
    await one.render(db.collections.use('Note'), { kind: 'fetchObjects', options: { sort: { target: 'id', order: 'desc' } } });
    log.push(`${one.shown}, ${timers.size} waiting`);
    await show({ kind: 'nearText', query: 'apple' }, 'c,a VECTORIZER_MISSING');

    // others of that name
    const other = await open({ store: memory() });
    const { tenants } = await other.collections.create({ name: 'Note', multiTenancy: { enabled: true } });
    await tenants.create(['ann', 'bob'].map((name) => ({ name })));
    for (const name of ['ann', 'bob']) {
      const notes = () => other.collections.use('Note').withTenant(name);
      await notes().data.insert({ id: name, vector: [1, 0] });
      await one.render(notes(), { kind: 'fetchObjects' });
      await settled(name);
    }
    return log;
  },
};

const result = {};
for (const [name, scenario] of Object.entries(scenarios)) result[name] = await scenario().catch((error) => String(error.stack));
globalThis.result = result;
