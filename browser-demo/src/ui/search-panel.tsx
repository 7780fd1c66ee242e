/** The query, how it is searched and what is left out. */
import type { Ref } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { AccountInfo, Filters, SearchKind } from '../contract.js';
import { date, words } from './format.js';
import { Icon } from './icons.js';
import { Segmented } from './parts.js';
import { limits, sentiments, type View } from './view.js';

const kindOptions: { value: SearchKind; label: string; title: string }[] = [
  { value: 'hybrid', label: 'Hybrid', title: 'By words and by meaning, fused' },
  { value: 'vector', label: 'Vector', title: 'By meaning: the nearest embeddings' },
  { value: 'keyword', label: 'Keyword', title: 'By words: BM25' },
];

export function SearchPanel({ view, change, account, input, onEnter, onDown }: {
  view: View; change: (change: Partial<View>) => void; account: AccountInfo | undefined;
  input: Ref<HTMLInputElement>; onEnter: () => void; onDown: () => void;
}) {
  const filter = (part: Filters) => {
    const filters = { ...view.filters, ...part };
    for (const name of Object.keys(filters) as (keyof Filters)[]) if (!filters[name]) delete filters[name];
    change({ filters });
  };
  const key = (event: KeyboardEvent) => {
    if (event.key === 'Enter') onEnter();
    else if (event.key === 'ArrowDown') { event.preventDefault(); onDown(); }
  };
  const filtered = Object.keys(view.filters).length > 0;
  return (
    <search class="search-panel" aria-label="Posts">
      <div class="query">
        <Icon name="search" />
        <input ref={input} type="search" aria-label="Query" placeholder="Search by words or meaning" autocomplete="off" autocapitalize="off" spellcheck={false}
          enterkeyhint="search" value={view.query} onInput={(event) => change({ query: event.currentTarget.value })} onKeyDown={key} />
        {view.query ? <button type="button" class="icon-button" aria-label="Clear the query" onClick={() => change({ query: '' })}><Icon name="close" /></button> : <kbd title="Press / to search">/</kbd>}
      </div>
      <div class="controls">
        <Segmented label="Search type" name="kind" value={view.kind} options={kindOptions} onChange={(kind) => change({ kind })} />
        {view.kind === 'hybrid' && (
          <label class="alpha">
            <span>words</span>
            <input type="range" min="0" max="1" step="0.05" value={view.alpha} aria-label="Alpha: from words to meaning" aria-valuetext={`${Math.round(view.alpha * 100)} % meaning`}
              onInput={(event) => change({ alpha: Number(event.currentTarget.value) })} />
            <span>meaning</span>
            <output>{view.alpha.toFixed(2)}</output>
          </label>
        )}
        <label class="limit"><span>Limit</span>
          <select value={view.limit} onChange={(event) => change({ limit: Number(event.currentTarget.value) })}>
            {limits.map((limit) => <option key={limit} value={limit}>{limit}</option>)}
          </select>
        </label>
      </div>
      <div class="chips" role="group" aria-label="Filters">
        <DateChip filters={view.filters} onChange={filter} />
        <Chip label="Sentiment" value={view.filters.sentiment} values={sentiments} onChange={(sentiment) => filter({ sentiment: sentiment as Filters['sentiment'] })} />
        <Chip label="Channel" value={view.filters.channel} values={account?.channels ?? []} onChange={(channel) => filter({ channel })} />
        <Chip label="Product" value={view.filters.product} values={account?.products ?? []} onChange={(product) => filter({ product })} />
        {filtered && <button type="button" class="link" onClick={() => change({ filters: {} })}>Clear filters</button>}
      </div>
    </search>
  );
}

function Chip({ label, value, values, onChange }: { label: string; value: string | undefined; values: string[]; onChange: (value: string | undefined) => void }) {
  const known = value && !values.includes(value) ? [value, ...values] : values;
  if (known.length === 0) return null;
  return (
    <label class={`chip ${value ? 'on' : ''}`}>
      <span class="chip-text" aria-hidden="true">{value ? words(value) : label}</span><Icon name="down" />
      <select aria-label={label} value={value ?? ''} onChange={(event) => onChange(event.currentTarget.value || undefined)}>
        <option value="">Any {label.toLowerCase()}</option>
        {known.map((one) => <option key={one} value={one}>{words(one)}</option>)}
      </select>
    </label>
  );
}

/** From one day to another; closes by Escape and when one goes on elsewhere. */
function DateChip({ filters: { from, to }, onChange }: { filters: Filters; onChange: (part: Filters) => void }) {
  const details = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = (event: Event) => { if (details.current && !details.current.contains(event.target as Node)) details.current.open = false; };
    addEventListener('pointerdown', close);
    addEventListener('focusin', close);
    return () => { removeEventListener('pointerdown', close); removeEventListener('focusin', close); };
  }, []);
  const escape = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !details.current?.open) return;
    event.stopPropagation();
    details.current.open = false;
    details.current.querySelector('summary')?.focus();
  };
  const said = from && to ? `${date(from)} – ${date(to)}` : from ? `Since ${date(from)}` : to ? `Until ${date(to)}` : 'Date';
  return (
    <details class="date-chip" ref={details} onKeyDown={escape}>
      <summary class={`chip ${from || to ? 'on' : ''}`}>{said}<Icon name="down" /></summary>
      <div class="popover">
        <label>From<input type="date" value={from ?? ''} max={to} onChange={(event) => onChange({ from: event.currentTarget.value })} /></label>
        <label>To<input type="date" value={to ?? ''} min={from} onChange={(event) => onChange({ to: event.currentTarget.value })} /></label>
        <button type="button" class="link" disabled={!from && !to} onClick={() => onChange({ from: '', to: '' })}>Any date</button>
      </div>
    </details>
  );
}
