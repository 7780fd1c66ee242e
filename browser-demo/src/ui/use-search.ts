/** Searches as one types: the newest question wins, whichever is answered first. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { SearchRequest, SearchResponse } from '../contract.js';
import { messageOf } from './format.js';
import { useTab } from './tab.js';

const debounceMs = 140;

export interface SearchState { response?: SearchResponse | undefined; request?: SearchRequest | undefined; error?: string | undefined; pending: boolean }

/**
 * Searches when `request` changes; `now` does so without waiting, and again for the same request. An empty query finds nothing.
 * @param able whether the account can be searched; undefined as long as that is not known
 */
export function useSearch(request: SearchRequest, able: boolean | undefined): SearchState & { now: () => void; forget: (id: string) => void } {
  const { analyst } = useTab();
  const [state, setState] = useState<SearchState>({ pending: request.query.trim() !== '' });
  const newest = useRef(0);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const asked = useRef(request);
  asked.current = request;
  const key = JSON.stringify(request);

  const now = () => {
    clearTimeout(timer.current);
    const question = asked.current;
    const turn = ++newest.current;
    if (!able || !question.query.trim()) return setState({ pending: able === undefined && question.query.trim() !== '' });
    setState((before) => ({ ...before, pending: true }));
    analyst.search(question).then(
      (response) => { if (turn === newest.current) setState({ response, request: question, pending: false }); },
      (error) => { if (turn === newest.current) setState({ error: messageOf(error), pending: false }); },
    );
  };
  useEffect(() => {
    if (!request.query.trim()) return now();
    setState((before) => ({ ...before, pending: true }));
    timer.current = setTimeout(now, debounceMs);
    return () => clearTimeout(timer.current);
  }, [key, able]);

  const forget = (id: string) => setState((before) => before.response
    ? { ...before, response: { ...before.response, hits: before.response.hits.filter(({ post }) => post.id !== id), total: before.response.total - 1 } }
    : before);
  return { ...state, now, forget };
}
