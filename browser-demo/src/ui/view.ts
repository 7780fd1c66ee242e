/** What a page shows, kept in the address after `#`, so that it can be reloaded, sent on and gone back to. */
import { useCallback, useEffect, useState } from 'preact/hooks';
import type { Filters, SearchKind, SearchRequest, Sentiment } from '../contract.js';

export const panels = ['results', 'answer', 'statistics', 'codecs', 'data'] as const;
export type Panel = (typeof panels)[number];
export interface View extends SearchRequest { panel: Panel }

export const kinds: SearchKind[] = ['hybrid', 'vector', 'keyword'];
export const sentiments: Sentiment[] = ['positive', 'neutral', 'negative'];
export const limits = [10, 20, 50, 100];
const filterNames = ['from', 'to', 'sentiment', 'channel', 'product'] as const;
const standard: View = { account: '', query: '', kind: 'hybrid', alpha: 0.5, limit: 20, filters: {}, panel: 'results' };

/** What the address cannot say correctly is as in `standard`. */
export function readView(hash: string): View {
  const said = new URLSearchParams(hash.replace(/^#/, ''));
  const oneOf = <T>(name: string, values: readonly T[], otherwise: T): T => values.find((value) => String(value) === said.get(name)) ?? otherwise;
  const alpha = Number(said.get('alpha') ?? standard.alpha);
  const filters: Filters = {};
  for (const name of filterNames) {
    const value = said.get(name);
    if (value && (name !== 'sentiment' || sentiments.includes(value as Sentiment))) filters[name] = value as Sentiment;
  }
  return {
    account: said.get('account') ?? standard.account,
    query: said.get('q') ?? standard.query,
    kind: oneOf('kind', kinds, standard.kind),
    alpha: alpha >= 0 && alpha <= 1 ? alpha : standard.alpha,
    limit: oneOf('limit', limits, standard.limit),
    filters,
    panel: oneOf('panel', panels, standard.panel),
  };
}

export function writeView(view: View): string {
  const { account, query, kind, alpha, limit, panel } = view;
  const said = new URLSearchParams();
  if (account) said.set('account', account);
  if (query) said.set('q', query);
  if (kind !== standard.kind) said.set('kind', kind);
  if (alpha !== standard.alpha) said.set('alpha', String(alpha));
  if (limit !== standard.limit) said.set('limit', String(limit));
  for (const name of filterNames) if (view.filters[name]) said.set(name, view.filters[name]);
  if (panel !== standard.panel) said.set('panel', panel);
  return `#${said}`;
}

/** The page's view, and how to change a part of it. */
export function useView(): [View, (change: Partial<View>) => void] {
  const [view, setView] = useState(() => readView(location.hash));
  useEffect(() => {
    const moved = () => setView(readView(location.hash));
    addEventListener('hashchange', moved);
    return () => removeEventListener('hashchange', moved);
  }, []);
  useEffect(() => history.replaceState(null, '', writeView(view)), [view]);
  return [view, useCallback((change) => setView((before) => ({ ...before, ...change })), [])];
}
