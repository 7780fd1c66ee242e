/** What was found: posts with the matched words marked, how well each fits and which search found it. */
import type { Ref } from 'preact';
import type { AccountInfo, Hit } from '../contract.js';
import { count, counted, date, milliseconds, words } from './format.js';
import { Icon } from './icons.js';
import { Failure } from './parts.js';
import { suggestionsFor } from './suggestions.js';
import type { SearchState } from './use-search.js';

const suggestionNotes = { meaning: 'by meaning', words: 'an exact code', both: '' };

export function Results({ search, account, highlighted, list, onSuggest, onCopy, onDelete }: {
  search: SearchState; account: AccountInfo | undefined; highlighted: string | undefined; list: Ref<HTMLOListElement>;
  onSuggest: (query: string) => void; onCopy: (hit: Hit) => void; onDelete: (hit: Hit) => void;
}) {
  const { response, request, pending, error } = search;
  return (
    <section class="results" aria-label="Results" aria-busy={pending}>
      <div class={`results-head ${pending ? 'busy' : ''} ${response || pending ? '' : 'unseen'}`}>
        <p role="status">{error ? '' : response ? summary(search) : pending ? 'Searching …' : ''}</p>
        {response && <p class="quiet figures" title="The whole search, and the part of it that embeds the query"><span class="number">{milliseconds(response.ms)}</span>{response.embedMs > 0 && <span class="embedding"> of which embedding <span class="number">{milliseconds(response.embedMs)}</span></span>}</p>}
      </div>
      {error && <Failure>The search failed: {error}</Failure>}
      {!error && !response && !pending && <Start account={account} onSuggest={onSuggest} />}
      {!response && pending && <ol class="hits skeleton" aria-hidden="true">{[0, 1, 2, 3].map((i) => <li key={i}><span /><span /><span /></li>)}</ol>}
      {response && response.hits.length === 0 && (
        <div class="empty">
          <h2>Nothing found</h2>
          <p>No post of {account?.label ?? 'this account'} matches.{request && Object.keys(request.filters).length > 0 ? ' Fewer filters may help.' : request?.kind === 'keyword' ? ' A search by meaning does not need the same words.' : ''}</p>
        </div>
      )}
      {response && response.hits.length > 0 && (
        <ol class="hits" ref={list} onKeyDown={moveThrough}>
          {response.hits.map((hit, i) => <Result key={hit.post.id} hit={hit} rank={i + 1} best={response.hits[0]!} highlighted={hit.post.id === highlighted} onCopy={onCopy} onDelete={onDelete} />)}
        </ol>
      )}
    </section>
  );
}

const summary = ({ response }: SearchState) => `${counted(response!.hits.length, 'result')} from ${counted(response!.total, 'post')}`;

function Start({ account, onSuggest }: { account: AccountInfo | undefined; onSuggest: (query: string) => void }) {
  if (!account) return null;
  return (
    <div class="empty">
      <h2>{account.label}</h2>
      <p>{account.blurb}</p>
      {account.status === 'ACTIVE' && (
        <>
          <h3>Try</h3>
          <ul class="suggestions">
            {suggestionsFor(account).map(({ query, about }) => (
              <li key={query}><button type="button" class="suggestion" onClick={() => onSuggest(query)}><Icon name="search" />{query}{suggestionNotes[about] && <span class="quiet">{suggestionNotes[about]}</span>}</button></li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

function Result({ hit, rank, best, highlighted, onCopy, onDelete }: { hit: Hit; rank: number; best: Hit; highlighted: boolean; onCopy: (hit: Hit) => void; onDelete: (hit: Hit) => void }) {
  const { post, score, distance, legs } = hit;
  const facts = [date(post.createdAt), post.channel && words(post.channel), post.product].filter(Boolean);
  // Cosine distances go from 0 to 2, and those of hits hardly beyond 1; scores have no upper bound, so the best is the whole bar.
  const share = score !== undefined ? score / (best.score || 1) : Math.max(0, 1 - (distance ?? 1));
  return (
    <li id={`post-${post.id}`} class={`hit ${highlighted ? 'highlighted' : ''}`} tabIndex={-1} aria-label={`Result ${rank}`}>
      <span class="rank number" aria-hidden="true">{rank}</span>
      <div class="hit-body">
        <p class="hit-head">
          <strong>{post.author}</strong>
          {!post.inbound && <span class="tag">Agent</span>}
          {post.sentiment && <span class={`sentiment ${post.sentiment}`}><span class="dot" aria-hidden="true" />{post.sentiment}</span>}
          <span class="quiet">{facts.join(' · ')}</span>
        </p>
        <p class="hit-text">{marked(post.text, hit.marks)}</p>
        <p class="hit-foot">
          {legs.keyword !== undefined && <span class="leg">words <span class="number">#{count(legs.keyword)}</span></span>}
          {legs.vector !== undefined && <span class="leg">meaning <span class="number">#{count(legs.vector)}</span></span>}
          {post.topic && <span class="quiet">{words(post.topic)}</span>}
          <span class="hit-actions">
            <button type="button" class="icon-button" aria-label={`Copy the id of result ${rank}`} title="Copy id" onClick={() => onCopy(hit)}><Icon name="copy" /></button>
            <button type="button" class="icon-button" aria-label={`Delete result ${rank}`} title="Delete" onClick={() => onDelete(hit)}><Icon name="trash" /></button>
          </span>
        </p>
      </div>
      <div class="measure">
        <span class="number">{(score ?? distance ?? 0).toFixed(3)}</span>
        <span class="bar" aria-hidden="true"><span style={{ width: `${Math.round(100 * Math.min(1, Math.max(0, share)))}%` }} /></span>
        <span class="quiet">{score !== undefined ? 'score' : 'distance'}</span>
      </div>
    </li>
  );
}

function marked(text: string, marks: [number, number][]) {
  const pieces = [];
  let at = 0;
  for (const [start, end] of marks) {
    if (start > at) pieces.push(text.slice(at, start));
    pieces.push(<mark key={start}>{text.slice(start, end)}</mark>);
    at = end;
  }
  pieces.push(text.slice(at));
  return pieces;
}

/** Arrow keys go from result to result, and up from the first one to the query. */
function moveThrough(event: KeyboardEvent & { currentTarget: HTMLOListElement }) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const items = [...event.currentTarget.children] as HTMLElement[];
  const at = items.indexOf((event.target as HTMLElement).closest<HTMLElement>('li.hit')!);
  if (!step || at < 0) return;
  event.preventDefault();
  (items[at + step] ?? (step < 0 ? document.querySelector<HTMLElement>('.query input') : undefined))?.focus();
}
