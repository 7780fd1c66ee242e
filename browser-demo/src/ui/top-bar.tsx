/** Name, account, and what state this page is in. */
import { useEffect, useState } from 'preact/hooks';
import type { AccountInfo, AnalystEvent } from '../contract.js';
import { count } from './format.js';
import { Icon } from './icons.js';
import { Segmented } from './parts.js';
import { useEvents } from './tab.js';

type Role = Extract<AnalystEvent, { kind: 'role' }>['role'];
const roles: Record<Role, { label: string; title: string }> = {
  holder: { label: 'Holds the database', title: 'This tab has the database open; other tabs work through it' },
  follower: { label: 'Works through another tab', title: 'Another tab has the database open; this one takes over when that closes' },
  waiting: { label: 'Waiting for the database', title: 'Taking over from another tab' },
};

export function TopBar({ accounts, account, onAccount }: { accounts: AccountInfo[]; account: string; onAccount: (name: string) => void }) {
  const [role, setRole] = useState<Role>('waiting');
  useEvents((event) => { if (event.kind === 'role') setRole(event.role); });
  return (
    <header class="top">
      <div class="brand">
        <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true"><path d="M3 3h14v10H9.5L6 16.5V13H3z" /><circle cx="10" cy="8" r="2" /></svg>
        <h1>Customer support analyst</h1>
      </div>
      <label class="account">
        <span class="unseen">Account</span>
        <select value={account} onChange={(event) => onAccount(event.currentTarget.value)}>
          {accounts.map(({ name, label, status, objects }) => (
            <option key={name} value={name}>{label}{status === 'ACTIVE' ? (objects === undefined ? '' : ` (${count(objects)})`) : ` (${status.toLowerCase()})`}</option>
          ))}
        </select>
        <Icon name="down" />
      </label>
      <span class="notice">Fictional companies, synthetic posts</span>
      <div class="top-end">
        <Activity />
        <span class={`role ${role}`} role="status" title={roles[role].title}><span class="dot" aria-hidden="true" />{roles[role].label}</span>
        <Network />
        <Theme />
      </div>
    </header>
  );
}

/** What goes on in the background, whichever tab began it. */
function Activity() {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  useEvents((event) => {
    const share = 'total' in event && event.total ? ` ${Math.floor((100 * event.done) / event.total)} %` : '';
    if (event.kind === 'loading') setText(event.done < event.total ? `Loading accounts${share}` : '');
    else if (event.kind === 'import') setText(event.done === event.total ? '' : `Importing${share}`);
    else if (event.kind === 'preset') setText(event.done === event.total ? '' : `Changing codec${share}`);
    else return;
    setAt(Date.now());
  });
  useEffect(() => {
    const timer = setTimeout(() => setText(''), 2_000);
    return () => clearTimeout(timer);
  }, [at]);
  return text ? <span class="activity"><span class="spinner" aria-hidden="true" />{text}</span> : null;
}

/** That there is no network, or that none is needed: a service worker answers for the server. */
function Network() {
  const workerHas = () => navigator.serviceWorker?.controller != null;
  const [state, setState] = useState({ online: navigator.onLine, kept: workerHas() });
  useEffect(() => {
    const look = () => setState({ online: navigator.onLine, kept: workerHas() });
    const sources: [EventTarget | undefined, string][] = [[window, 'online'], [window, 'offline'], [navigator.serviceWorker, 'controllerchange']];
    for (const [target, name] of sources) target?.addEventListener(name, look);
    return () => { for (const [target, name] of sources) target?.removeEventListener(name, look); };
  }, []);
  if (!state.online) return <span class="badge strong" role="status">Offline</span>;
  return state.kept ? <span class="badge" role="status" title="All this page needs is kept in the browser">Works offline</span> : null;
}

type Scheme = 'light' | 'dark' | 'system';
const schemes: { value: Scheme; label: string; icon: 'sun' | 'moon' | 'screen' }[] = [
  { value: 'light', label: 'Light', icon: 'sun' }, { value: 'dark', label: 'Dark', icon: 'moon' }, { value: 'system', label: 'As the system', icon: 'screen' },
];
const kept = 'analyst-theme';

/** Sets the colours as chosen at the last visit: before anything is drawn. */
export function applyTheme(scheme: Scheme = keptScheme()): void {
  document.documentElement.style.colorScheme = scheme === 'system' ? 'light dark' : scheme;
  dispatchEvent(new Event('themechange'));
}

/** Where a browser keeps nothing for the page, asking for `localStorage` throws. */
function keptScheme(): Scheme {
  try { return schemes.find(({ value }) => value === localStorage.getItem(kept))?.value ?? 'system'; } catch { return 'system'; }
}

function Theme() {
  const [scheme, setScheme] = useState(keptScheme);
  const choose = (next: Scheme) => {
    try { localStorage.setItem(kept, next); } catch { /* it holds for this visit */ }
    setScheme(next);
    applyTheme(next);
  };
  return (
    <Segmented compact label="Colours" name="theme" value={scheme} onChange={choose}
      options={schemes.map(({ value, label, icon }) => ({ value, label, title: label, content: <Icon name={icon} /> }))} />
  );
}
