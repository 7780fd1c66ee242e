/** An answer written over the results as it comes, with citations that lead to them. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Hit, SearchRequest } from '../contract.js';
import { messageOf } from './format.js';
import { Failure } from './parts.js';
import { newCall, useEvents, useTab } from './tab.js';

const presets = ['Summarise what customers complain about', 'What do customers ask for?', 'What do customers praise?', 'How do agents answer?'];

interface Answer { text: string; hits: Hit[]; query: string; over: boolean; stopped?: boolean }

/** `found` is what the same request shows as results: what pieces of the answer cite before it is complete. */
export function AnswerPanel({ request, found, onCite }: { request: SearchRequest; found: Hit[]; onCite: (hit: Hit) => void }) {
  const { analyst } = useTab();
  const [task, setTask] = useState(presets[0]!);
  const [answer, setAnswer] = useState<Answer>();
  const [error, setError] = useState<string>();
  const call = useRef<string | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  useEvents((event) => {
    if (event.kind === 'text' && event.call === call.current) setAnswer((before) => before && { ...before, text: before.text + event.text });
  });

  const generate = async () => {
    const mine = call.current = newCall();
    setBusy(true);
    setError(undefined);
    setAnswer({ text: '', hits: found, query: request.query, over: false });
    try {
      const { text, hits } = await analyst.generate(mine, request, task);
      if (call.current === mine) setAnswer({ text, hits, query: request.query, over: true });
    } catch (problem) {
      if (call.current === mine) { setError(messageOf(problem)); setAnswer(undefined); }
    } finally {
      if (call.current === mine) setBusy(false);
    }
  };
  const stop = () => {
    const mine = call.current;
    call.current = undefined;
    setBusy(false);
    setAnswer((before) => before && { ...before, over: true, stopped: true });
    if (mine) void analyst.cancel(mine);
  };
  // of another account it would cite what is not here
  useEffect(() => () => {
    stop();
    setAnswer(undefined);
    setError(undefined);
  }, [request.account]);

  const ready = request.query.trim() !== '' && task.trim() !== '';
  return (
    <div class="panel-body">
      <form onSubmit={(event) => { event.preventDefault(); if (ready && !busy) void generate(); }}>
        <div class="presets" role="group" aria-label="Tasks">
          {presets.map((preset) => <button key={preset} type="button" class="pill" aria-pressed={preset === task} onClick={() => setTask(preset)}>{preset}</button>)}
        </div>
        <label class="field"><span>Task</span><textarea rows={2} value={task} onInput={(event) => setTask(event.currentTarget.value)} /></label>
        <div class="row">
          {busy
            ? <button type="button" class="button" onClick={stop}>Stop</button>
            : <button type="submit" class="button primary" disabled={!ready}>Generate response</button>}
          <span class="quiet">{request.query.trim() ? `over the results for “${request.query.trim()}”` : 'Search first: the response is made from results.'}</span>
        </div>
      </form>
      {error && <Failure>No response: {error}</Failure>}
      {answer && (
        <article class="answer" aria-label="Response" aria-busy={!answer.over}>
          <p class="label">Summary picked from the results, no AI model</p>
          <div class="answer-text" aria-live="polite">{paragraphs(answer, onCite)}{!answer.over && <span class="caret" aria-hidden="true" />}</div>
          {answer.stopped && <p class="quiet">Stopped.</p>}
          {answer.over && <Sources answer={answer} onCite={onCite} />}
        </article>
      )}
    </div>
  );
}

function Sources({ answer, onCite }: { answer: Answer; onCite: (hit: Hit) => void }) {
  const cited = [...new Set([...answer.text.matchAll(/\[(\d+(?:,\s*\d+)*)\]/g)].flatMap((match) => match[1]!.split(',').map(Number)))].sort((a, b) => a - b);
  const sources = cited.flatMap((n) => (answer.hits[n - 1] ? [{ n, hit: answer.hits[n - 1]! }] : []));
  return (
    <>
      <h3>Sources <span class="quiet">for “{answer.query}”</span></h3>
      <ol class="sources">
        {sources.map(({ n, hit }) => (
          <li key={n}><button type="button" class="source" onClick={() => onCite(hit)}><span class="number">{n}</span><span><strong>{hit.post.author}</strong> {hit.post.text}</span></button></li>
        ))}
      </ol>
    </>
  );
}

/** Lines as paragraphs, those that begin with a dash as lists, and `[n]` as buttons. */
function paragraphs({ text, hits }: Answer, onCite: (hit: Hit) => void) {
  const blocks: { list: boolean; lines: string[] }[] = [];
  for (const line of text.split('\n')) {
    const item = /^\s*[-•*]\s+(.*)/.exec(line);
    if (!line.trim()) continue;
    const last = blocks.at(-1);
    if (item && last?.list) last.lines.push(item[1]!);
    else blocks.push({ list: item !== null, lines: [item ? item[1]! : line] });
  }
  const inline = (line: string) => line.split(/(\[\d+(?:,\s*\d+)*\])/).map((piece, i) => {
    if (i % 2 === 0) return piece;
    return piece.slice(1, -1).split(',').map(Number).map((n) => (
      <button key={`${i}-${n}`} type="button" class="citation" aria-label={`Source ${n}`} disabled={!hits[n - 1]} onClick={() => onCite(hits[n - 1]!)}>{n}</button>
    ));
  });
  return blocks.map(({ list, lines }, i) => (list
    ? <ul key={i}>{lines.map((line, j) => <li key={j}>{inline(line)}</li>)}</ul>
    : <p key={i}>{inline(lines[0]!)}</p>));
}
