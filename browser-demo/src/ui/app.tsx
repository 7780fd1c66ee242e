/** The page: its state, its two columns (one at a time on a phone), and what happens between panels. */
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Hit, Tab } from '../contract.js';
import { AnswerPanel } from './answer.js';
import { CodecsPanel } from './codecs.js';
import { DataPanel } from './data-panel.js';
import { messageOf } from './format.js';
import { Icon } from './icons.js';
import { Confirm, Failure, type Question } from './parts.js';
import { Results } from './results.js';
import { SearchPanel } from './search-panel.js';
import { StartScreen } from './start-screen.js';
import { StatisticsPanel } from './statistics.js';
import { TabContext, useEvents, useStatistics } from './tab.js';
import { TopBar } from './top-bar.js';
import { useSearch } from './use-search.js';
import { panels, useView, type Panel } from './view.js';

const panelLabels: Record<Panel, string> = { results: 'Results', answer: 'Answer', statistics: 'Statistics', codecs: 'Codecs', data: 'Data' };
const toastMs = 4_000;
const highlightMs = 2_500;

export const App = ({ tab }: { tab: Tab }) => <TabContext.Provider value={tab}><Page tab={tab} /></TabContext.Provider>;

function Page({ tab: { analyst } }: { tab: Tab }) {
  const [state, setState] = useState<{ ready: boolean; failed?: string }>({ ready: false });
  /** Databases: another may have taken the place of the first. */
  const [opened, setOpened] = useState(0);
  useEvents((event) => {
    if (event.kind === 'ready') {
      setState({ ready: true });
      setOpened((before) => before + 1);
    }
    if (event.kind === 'failed') setState((before) => ({ ...before, failed: event.message }));
  });
  const [view, change] = useView();
  const { statistics, accounts, samples, refresh } = useStatistics(state.ready);
  const account = accounts.find(({ name }) => name === view.account);

  // An account that is not there, or none: one that has posts already, as others may still be coming in.
  useEffect(() => {
    const active = accounts.filter(({ status }) => status === 'ACTIVE');
    const first = active.find(({ objects }) => objects) ?? active[0] ?? accounts[0];
    if (first && !account) change({ account: first.name, filters: {} });
  }, [accounts, account]);

  const { panel, ...request } = view;
  const search = useSearch(request, account && account.status === 'ACTIVE');
  useEffect(() => { if (opened > 1) search.now(); }, [opened]);
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLOListElement>(null);
  const [question, setQuestion] = useState<Question>();
  const [toast, setToast] = useTimed<string>(toastMs);
  const [highlighted, setHighlighted] = useTimed<string>(highlightMs);

  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      const typing = (event.target as HTMLElement).matches?.('input:not([type=radio], [type=range]), textarea, select');
      if (document.querySelector('dialog[open]') || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === '/' && !typing) {
        event.preventDefault();
        change({ panel: 'results' });
        input.current?.focus();
        input.current?.select();
      } else if (event.key === 'Escape' && (!typing || event.target === input.current)) {
        change({ query: '' });
        input.current?.focus();
      }
    };
    addEventListener('keydown', key);
    return () => removeEventListener('keydown', key);
  }, [change]);

  const cite = useCallback((hit: Hit) => {
    change({ panel: narrow() ? 'results' : 'answer' });
    // After the column with it is drawn.
    requestAnimationFrame(() => {
      const item = document.getElementById(`post-${hit.post.id}`);
      if (!item) return setToast('That result is no longer among the results shown');
      item.scrollIntoView({ block: 'center', behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' });
      item.focus({ preventScroll: true });
      setHighlighted(hit.post.id);
    });
  }, [change]);
  const copy = async ({ post }: Hit) => {
    try {
      await navigator.clipboard.writeText(post.id);
      setToast(`Copied ${post.id}`);
    } catch (error) {
      setToast(`Not copied: ${messageOf(error)}`);
    }
  };
  const remove = ({ post }: Hit) => setQuestion({
    title: 'Delete this post?', text: `“${post.text.length > 140 ? `${post.text.slice(0, 140)} …` : post.text}” by ${post.author}`, action: 'Delete',
    then: async () => {
      try {
        await analyst.deletePost(search.request!.account, post.id); // of what is shown: another account may be chosen already
        search.forget(post.id);
        setToast('Post deleted');
      } catch (error) {
        setToast(`Not deleted: ${messageOf(error)}`);
      }
    },
  });
  const activate = async () => {
    try { await analyst.setTenant(view.account, 'activate'); } catch (error) { setToast(messageOf(error)); }
    await refresh();
  };

  const hits = useMemo(() => search.response?.hits ?? [], [search.response]);
  if (!state.ready) return <StartScreen failed={state.failed} />;
  const side = panel === 'results' ? 'answer' : panel;
  return (
    <div class="page" data-panel={panel}>
      <TopBar accounts={accounts} account={view.account} onAccount={(name) => change({ account: name, filters: {} })} />
      <main>
        <SearchPanel view={view} change={change} account={account} input={input} onEnter={search.now} onDown={() => (list.current?.firstElementChild as HTMLElement | null)?.focus()} />
        {state.failed && <Failure>{state.failed}</Failure>}
        {account && account.status !== 'ACTIVE' && <p class="banner">{account.label} is {account.status.toLowerCase()}. <button type="button" class="link" onClick={() => void activate()}>Activate it</button></p>}
        <Results search={search} account={account} highlighted={highlighted} list={list} onSuggest={(query) => { change({ query }); input.current?.focus(); }} onCopy={(hit) => void copy(hit)} onDelete={remove} />
      </main>
      <nav class="tabs" aria-label="Panels">
        {panels.map((name) => (
          <button key={name} type="button" class={`tab-${name}`} aria-current={(name === panel || (name === side && !narrow())) ? 'page' : undefined} onClick={() => { change({ panel: name }); if (narrow()) scrollTo(0, 0); }}>
            <Icon name={name} /><span>{panelLabels[name]}</span>
          </button>
        ))}
      </nav>
      <aside aria-label={panelLabels[side]}>
        <h2 class="unseen">{panelLabels[side]}</h2>
        <div hidden={side !== 'answer'}><AnswerPanel request={request} found={hits} onCite={cite} /></div>
        {side === 'statistics' && <StatisticsPanel statistics={statistics} samples={samples} refresh={refresh} ask={setQuestion} />}
        <div hidden={side !== 'codecs'}><CodecsPanel current={statistics?.preset} account={account} /></div>
        <div hidden={side !== 'data'}><DataPanel accounts={accounts} account={account} ask={setQuestion} onImported={(name) => { change({ account: name, filters: {}, panel: 'results' }); search.now(); }} /></div>
      </aside>
      <Confirm question={question} onClose={() => setQuestion(undefined)} />
      <p class="toast" role="status">{toast}</p>
    </div>
  );
}

/** On a phone one column is seen at a time. */
const narrow = () => matchMedia('(max-width: 899px)').matches;

/** A value that goes away by itself. */
function useTimed<T>(ms: number): [T | undefined, (value: T) => void] {
  const [value, setValue] = useState<{ value: T }>();
  useEffect(() => {
    if (!value) return;
    const timer = setTimeout(() => setValue(undefined), ms);
    return () => clearTimeout(timer);
  }, [value]);
  return [value?.value, useCallback((next: T) => setValue({ value: next }), [])];
}
