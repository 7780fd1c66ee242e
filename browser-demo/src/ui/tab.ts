/** How components reach the analyst and hear of what happens. */
import { createContext } from 'preact';
import { useContext, useEffect, useRef, useState } from 'preact/hooks';
import type { AccountInfo, AnalystEvent, Statistics, Tab } from '../contract.js';

export const TabContext = createContext<Tab | undefined>(undefined);

export function useTab(): Tab {
  const tab = useContext(TabContext);
  if (!tab) throw new Error('no Tab above this component');
  return tab;
}

/** Calls `listener`, as it is at the last render, with each event. */
export function useEvents(listener: (event: AnalystEvent) => void): void {
  const tab = useTab();
  const latest = useRef(listener);
  latest.current = listener;
  useEffect(() => tab.listen((event) => latest.current(event)), [tab]);
}

/** A name for a call, so that its events are known and it can be cancelled. */
export const newCall = (): string => crypto.randomUUID();

export interface Sample { at: number; memory: number; disk: number }
const samplesMax = 600;
const everyMs = 3_000;

/** Statistics, asked anew when something has changed and every three seconds while the page is seen; and how memory went. */
export function useStatistics(ready: boolean): { statistics: Statistics | undefined; accounts: AccountInfo[]; samples: Sample[]; refresh: () => Promise<void> } {
  const { analyst } = useTab();
  const [statistics, setStatistics] = useState<Statistics>();
  const [samples, setSamples] = useState<Sample[]>([]);
  const asking = useRef<Promise<void> | undefined>(undefined);

  // One question at a time: an import tells of many changes a second.
  const refresh = () => asking.current ??= analyst.statistics().then((now) => {
    setStatistics(now);
    setSamples((before) => [...before, { at: Date.now() / 1000, memory: now.memory['total'] ?? 0, disk: now.disk['total'] ?? 0 }].slice(-samplesMax));
  }, () => { /* the holder went away, or a database is just being replaced: the next one will be answered */ }).finally(() => { asking.current = undefined; });

  const due = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEvents((event) => {
    if (event.kind !== 'changed' || !ready || due.current) return;
    due.current = setTimeout(() => { due.current = undefined; void refresh(); }, 250);
  });
  useEffect(() => {
    if (!ready) return;
    void refresh();
    const timer = setInterval(() => { if (document.visibilityState === 'visible') void refresh(); }, everyMs);
    return () => clearInterval(timer);
  }, [ready]);
  return { statistics, accounts: statistics?.accounts ?? [], samples, refresh };
}
