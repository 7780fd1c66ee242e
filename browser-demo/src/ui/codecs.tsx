/** How vectors are stored, changed while one searches, and what that changes. */
import { useRef, useState } from 'preact/hooks';
import type { AccountInfo, Preset, PresetReport } from '../contract.js';
import { bytes, counted, messageOf, milliseconds, percent } from './format.js';
import { Failure, Progress } from './parts.js';
import { newCall, useEvents, useTab } from './tab.js';

const presets: { value: Preset; label: string; about: string }[] = [
  { value: 'exact', label: 'Exact', about: '32-bit floats' },
  { value: 'fast', label: 'Fast', about: '4-bit codes, floats beside them' },
  { value: 'compact', label: 'Compact', about: '4-bit codes, 8 bits beside them' },
  { value: 'smallest', label: 'Smallest', about: '1-bit codes, floats on disk' },
  { value: 'sq', label: 'SQ', about: 'Scalar, 8 bits a dimension' },
  { value: 'pq', label: 'PQ', about: 'Product, a byte a segment' },
  { value: 'bq', label: 'BQ', about: 'Binary, 1 bit a dimension' },
];
export const presetLabel = (preset: Preset): string => presets.find(({ value }) => value === preset)?.label ?? preset;

interface Outcome { before: PresetReport; after: PresetReport; account: string }

export function CodecsPanel({ current, account }: { current: Preset | undefined; account: AccountInfo | undefined }) {
  const { analyst } = useTab();
  const [chosen, setChosen] = useState<Preset>();
  const [progress, setProgress] = useState<{ step: string; done: number; total: number }>();
  const [outcome, setOutcome] = useState<Outcome>();
  const [error, setError] = useState<string>();
  const call = useRef<string | undefined>(undefined);
  const cancelled = useRef<string | undefined>(undefined);
  useEvents((event) => { if (event.kind === 'preset' && event.call === call.current) setProgress(event); });

  const preset = chosen ?? current;
  const apply = async () => {
    if (!preset || !account) return;
    const mine = call.current = newCall();
    setError(undefined);
    setProgress({ step: 'Starting', done: 0, total: 0 });
    try { setOutcome({ ...(await analyst.setPreset(mine, preset, account.name)), account: account.label }); } catch (problem) { setError(cancelled.current === mine ? 'Cancelled: what is in use now is marked' : `Not changed: ${messageOf(problem)}`); }
    call.current = undefined;
    setProgress(undefined);
    setChosen(undefined);
  };
  return (
    <div class="panel-body">
      <p>How vectors are stored. A change applies to every account; recall is then measured on {account?.label ?? 'the account'} against exact search.</p>
      <form onSubmit={(event) => { event.preventDefault(); void apply(); }}>
        <fieldset class="options" disabled={progress !== undefined}>
          <legend class="unseen">Codec</legend>
          {presets.map(({ value, label, about }) => (
            <label key={value} class="option">
              <input type="radio" name="codec" value={value} checked={value === preset} onChange={() => setChosen(value)} />
              <span class="option-name">{label}</span>
              <span class="quiet">{about}</span>
              {value === current && <span class="badge">in use</span>}
            </label>
          ))}
        </fieldset>
        {progress ? (
          <div class="row running">
            <Progress label={progress.step} done={progress.done} total={progress.total || undefined} note={progress.total ? `${progress.done} of ${progress.total}` : undefined} />
            <button type="button" class="button" onClick={() => { if (cancelled.current = call.current) void analyst.cancel(call.current); }}>Cancel</button>
          </div>
        ) : <button type="submit" class="button primary" disabled={!account || account.status !== 'ACTIVE' || !preset}>{preset === current ? 'Measure again' : `Switch to ${preset ? presetLabel(preset) : '…'}`}</button>}
      </form>
      {error && <Failure>{error}</Failure>}
      <div aria-live="polite">{outcome && <Comparison outcome={outcome} />}</div>
    </div>
  );
}

const rows: { label: string; value: (report: PresetReport) => number; format: (value: number) => string; better: 1 | -1; points?: true }[] = [
  { label: 'Recall at 10', value: ({ recall }) => recall, format: percent, better: 1, points: true },
  { label: 'p50 of a search', value: ({ p50 }) => p50, format: milliseconds, better: -1 },
  { label: 'Memory', value: ({ bytes: inMemory }) => inMemory, format: bytes, better: -1 },
  { label: 'Disk', value: ({ diskBytes }) => diskBytes, format: bytes, better: -1 },
];

const signed = (value: number) => (Number.isFinite(value) ? `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(Math.abs(value) < 9.95 ? 1 : 0)}` : '–');
const change = (from: number, to: number) => (from > 0 ? `${signed(100 * (to / from - 1))} %` : '–');

function Comparison({ outcome: { before, after, account } }: { outcome: Outcome }) {
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label="Comparison">
    <table class="comparison">
      <caption>{account}, {counted(after.queries, 'own text')} as queries</caption>
      <thead><tr><th scope="col"><span class="unseen">Measure</span></th><th scope="col" class="number">{presetLabel(before.preset)}<span class="quiet"> before</span></th><th scope="col" class="number">{presetLabel(after.preset)}<span class="quiet"> after</span></th><th scope="col" class="number">Change</th></tr></thead>
      <tbody>
        {rows.map(({ label, value, format, better, points }) => {
          const [from, to] = [value(before), value(after)];
          return <tr key={label}><th scope="row">{label}</th><td class="number">{format(from)}</td><td class="number">{format(to)}</td><td class={`number ${(to - from) * better > 0 ? 'good' : ''}`}>{points ? `${signed(100 * (to - from))} points` : change(from, to)}</td></tr>;
        })}
      </tbody>
    </table>
    </div>
  );
}
