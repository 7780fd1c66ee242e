/** Posts of one's own in, the whole database out and in again. */
import { useId, useRef, useState } from 'preact/hooks';
import type { AccountInfo, ImportReport } from '../contract.js';
import { bytes, count, counted, messageOf, milliseconds } from './format.js';
import { Icon } from './icons.js';
import { Failure, Progress, type Question } from './parts.js';
import { newCall, useEvents, useTab } from './tab.js';

export function DataPanel({ accounts, account, ask, onImported }: {
  accounts: AccountInfo[]; account: AccountInfo | undefined; ask: (question: Question) => void; onImported: (account: string) => void;
}) {
  return (
    <div class="panel-body">
      <Import accounts={accounts} account={account} onImported={onImported} />
      <Database ask={ask} />
    </div>
  );
}

function Import({ accounts, account, onImported }: { accounts: AccountInfo[]; account: AccountInfo | undefined; onImported: (account: string) => void }) {
  const { analyst } = useTab();
  const [target, setTarget] = useState('');
  const [over, setOver] = useState(false);
  const [file, setFile] = useState<File>();
  const [progress, setProgress] = useState<{ done: number; total: number | undefined; imported: number; failed: number }>();
  const [report, setReport] = useState<ImportReport>();
  const [error, setError] = useState<string>();
  const call = useRef<string | undefined>(undefined);
  const names = useId();
  useEvents((event) => { if (event.kind === 'import' && event.call === call.current) setProgress(event); });

  const begin = async (chosen: File | undefined) => {
    if (!chosen || call.current) return;
    const name = target.trim() || account?.name || '';
    if (!/^[\w-]{1,64}$/.test(name)) return setError(`an account’s name is of 1 to 64 letters, digits, _ and -, not “${name}”`);
    const mine = call.current = newCall();
    setFile(chosen);
    setReport(undefined);
    setError(undefined);
    setProgress({ done: 0, total: undefined, imported: 0, failed: 0 });
    try { setReport(await analyst.importFile(mine, name, chosen)); } catch (problem) { setError(messageOf(problem)); }
    call.current = undefined;
    setProgress(undefined);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void begin(event.dataTransfer?.files[0]);
  };
  return (
    <section aria-labelledby={`${names}-title`}>
      <h3 id={`${names}-title`}>Import posts</h3>
      <p class="quiet">CSV with a column <code>text</code>, those of Kaggle’s <code>twcs.csv</code> too, or JSON Lines. Each post is embedded here; searches go on meanwhile.</p>
      <label class="field"><span>Into account</span>
        <input type="text" list={names} value={target} placeholder={account?.name} pattern="[A-Za-z0-9_\-]{1,64}" title="Letters, digits, _ and -" autocomplete="off" spellcheck={false} disabled={progress !== undefined} onInput={(event) => setTarget(event.currentTarget.value)} />
        <datalist id={names}>{accounts.map(({ name, label }) => <option key={name} value={name}>{label}</option>)}</datalist>
      </label>
      {progress ? (
        <div class="row running">
          <Progress label={`Importing ${file?.name}`} done={progress.done} total={progress.total} note={`${counted(progress.imported, 'post')}${progress.failed ? `, ${count(progress.failed)} failed` : ''}`} />
          <button type="button" class="button" onClick={() => { if (call.current) void analyst.cancel(call.current); }}>Cancel import</button>
        </div>
      ) : (
        <label class={`drop ${over ? 'over' : ''}`} onDragOver={(event) => { event.preventDefault(); setOver(true); }} onDragLeave={() => setOver(false)} onDrop={drop}>
          <Icon name="upload" />
          <span><strong>Choose a file</strong> or drop it here</span>
          <input class="unseen" type="file" aria-label="File of posts" accept=".csv,.jsonl,.ndjson,.json,text/csv" onChange={(event) => { void begin(event.currentTarget.files?.[0]); event.currentTarget.value = ''; }} />
        </label>
      )}
      {error && <Failure>Not imported: {error}</Failure>}
      <div aria-live="polite">{report && <Report report={report} onShow={() => onImported(report.account)} />}</div>
    </section>
  );
}

const Report = ({ report, onShow }: { report: ImportReport; onShow: () => void }) => (
  <div class="report">
    <p><strong>{report.cancelled ? 'Cancelled' : 'Imported'}</strong>: {counted(report.imported, 'post')} into {report.account} in {milliseconds(report.ms)}{report.failed > 0 && `; ${counted(report.failed, 'row')} not`}.{report.cancelled && ' What was imported stays.'}</p>
    {report.imported > 0 && <button type="button" class="link" onClick={onShow}>Search {report.account}</button>}
    {report.errors.length > 0 && (
      <details><summary>{report.failed > report.errors.length ? `The first ${report.errors.length} of ${count(report.failed)} errors` : counted(report.errors.length, 'error')}</summary><ul>{report.errors.map((text) => <li key={text}>{text}</li>)}</ul></details>
    )}
  </div>
);

type Work = 'download' | 'load' | 'reset';

function Database({ ask }: { ask: (question: Question) => void }) {
  const { analyst } = useTab();
  const [busy, setBusy] = useState<Work>();
  const [said, setSaid] = useState<string>();
  const [error, setError] = useState<string>();
  const heading = useId();

  const run = async (work: Work, body: () => Promise<string>) => {
    setBusy(work);
    setSaid(undefined);
    setError(undefined);
    try { setSaid(await body()); } catch (problem) { setError(messageOf(problem)); }
    setBusy(undefined);
  };
  const download = () => run('download', async () => {
    const blob = await analyst.exportDatabase();
    const link = Object.assign(document.createElement('a'), { href: URL.createObjectURL(blob), download: `analyst-${new Date().toISOString().slice(0, 10)}.vectile` });
    link.click();
    // The browser reads it after the click; a minute is long enough to have begun.
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    return `Saved as ${link.download}, ${bytes(blob.size)}.`;
  });
  const load = (file: File | undefined) => file && ask({
    title: `Load ${file.name}?`, text: 'What the file holds takes the place of all accounts and posts here.', action: 'Load',
    then: () => run('load', async () => { await analyst.importDatabase(file); return `${file.name} is loaded.`; }),
  });
  const reset = () => ask({
    title: 'Start over?', text: 'All accounts and posts here are deleted, your own too, and those of the demo are loaded again.', action: 'Delete all and start over',
    then: () => run('reset', async () => { await analyst.reset(); return 'Back at the beginning.'; }),
  });
  return (
    <section aria-labelledby={heading}>
      <h3 id={heading}>The whole database</h3>
      <p class="quiet">One file with all accounts, posts, vectors and settings. It opens in Node as well.</p>
      <div class="thirds">
        <button type="button" class="button" disabled={busy !== undefined} onClick={() => void download()}><Icon name="download" />{busy === 'download' ? 'Writing …' : 'Download'}</button>
        <label class={`button ${busy ? 'off' : ''}`}><Icon name="upload" />{busy === 'load' ? 'Loading …' : 'Load'}
          <input class="unseen" type="file" aria-label="Database file" disabled={busy !== undefined} onChange={(event) => { load(event.currentTarget.files?.[0]); event.currentTarget.value = ''; }} />
        </label>
        <button type="button" class="button" disabled={busy !== undefined} onClick={reset}><Icon name="restart" />{busy === 'reset' ? 'Starting over …' : 'Start over'}</button>
      </div>
      <p role="status" class="quiet">{said}</p>
      {error && <Failure>{error}</Failure>}
    </section>
  );
}
