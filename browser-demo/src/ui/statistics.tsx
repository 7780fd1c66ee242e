/** What the database is made of, where its bytes are, and which accounts are open. */
import { useState } from 'preact/hooks';
import type { AccountInfo, AccountStatus, Analyst, Statistics } from '../contract.js';
import { count, counted, messageOf, milliseconds } from './format.js';
import { MemoryChart } from './memory-chart.js';
import { Failure, Shares, type Question } from './parts.js';
import { type Sample, useTab } from './tab.js';
import { presetLabel } from './codecs.js';

type Action = Parameters<Analyst['setTenant']>[1];
const actionLabels: Record<Action, string> = { activate: 'Activate', deactivate: 'Deactivate', offload: 'Offload', remove: 'Remove' };
const actionsOf: Record<AccountStatus, Action[]> = {
  ACTIVE: ['deactivate', 'offload', 'remove'], INACTIVE: ['activate', 'offload', 'remove'], OFFLOADED: ['activate', 'deactivate', 'remove'], OFFLOADING: [], ONLOADING: [],
};

export function StatisticsPanel({ statistics, samples, refresh, ask }: {
  statistics: Statistics | undefined; samples: Sample[]; refresh: () => Promise<void>; ask: (question: Question) => void;
}) {
  if (!statistics) return <div class="panel-body"><p class="quiet">Asking the database …</p></div>;
  const { objects, accounts, shards, memory, disk, preset, searches, tenants } = statistics;
  const indexes = [...new Set(shards.map(({ index }) => index).filter(Boolean))].join(', ');
  return (
    <div class="panel-body">
      <dl class="tiles">
        <div><dt>Objects open</dt><dd>{count(objects)}</dd></div>
        <div><dt>Accounts</dt><dd>{count(accounts.length)}</dd></div>
        <div><dt>Index</dt><dd>{indexes || '–'}</dd></div>
        <div><dt>Codec</dt><dd>{presetLabel(preset)}</dd></div>
        <div><dt>p50 search</dt><dd>{milliseconds(searches.p50)}</dd></div>
        <div><dt>p99 search</dt><dd>{milliseconds(searches.p99)}</dd></div>
      </dl>
      <p class="quiet">Of the last {counted(searches.count, 'search').replace(/searchs$/, 'searches')}, embedding included.</p>

      <h3>Bytes</h3>
      <Shares label="In memory" parts={memory} />
      <Shares label="On disk" parts={disk} />
      {samples.length > 1 ? <MemoryChart samples={samples} /> : <p class="quiet">Memory over time is drawn from the second look on.</p>}

      <h3>Accounts <span class="quiet">{Object.entries(tenants).filter(([, n]) => n > 0).map(([status, n]) => `${n} ${status.toLowerCase()}`).join(', ')}</span></h3>
      <Accounts accounts={accounts} refresh={refresh} ask={ask} />

      <h3>Shards</h3>
      <div class="table-scroll" tabIndex={0} role="region" aria-label="Shards">
        <table>
          <thead><tr><th scope="col">Shard</th><th scope="col" class="number">Objects</th><th scope="col">Status</th><th scope="col">Index</th><th scope="col">Codec</th><th scope="col" class="number">Queue</th></tr></thead>
          <tbody>
            {shards.map((shard) => (
              <tr key={shard.name}><th scope="row">{shard.name}</th><td class="number">{count(shard.objects)}</td><td>{shard.status.toLowerCase()}</td><td>{shard.index}</td><td>{shard.quantizer}</td><td class="number">{count(shard.queue)}</td></tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

function Accounts({ accounts, refresh, ask }: { accounts: AccountInfo[]; refresh: () => Promise<void>; ask: (question: Question) => void }) {
  const { analyst } = useTab();
  const [busy, setBusy] = useState<string>();
  const [error, setError] = useState<string>();
  const apply = async ({ name, label }: AccountInfo, action: Action) => {
    setBusy(name);
    setError(undefined);
    try { await analyst.setTenant(name, action); } catch (problem) { setError(`${label}: ${messageOf(problem)}`); }
    setBusy(undefined);
    await refresh();
  };
  const choose = (account: AccountInfo, action: Action) => {
    if (action !== 'remove') return apply(account, action);
    ask({ title: `Remove ${account.label}?`, text: 'Its posts are deleted from this browser. “Start over” in Data brings the companies of the demo back.', action: 'Remove', then: () => apply(account, action) });
  };
  return (
    <>
      {error && <Failure>{error}</Failure>}
      <ul class="accounts">
        {accounts.map((account) => (
          <li key={account.name}>
            <span class="account-name">{account.label}</span>
            <span class="quiet number">{account.objects === undefined ? '' : counted(account.objects, 'post')}</span>
            <span class={`state ${account.status.toLowerCase()}`}><span class="dot" aria-hidden="true" />{busy === account.name ? 'changing …' : account.status.toLowerCase()}</span>
            <span class="account-actions" role="group" aria-label={account.label}>
              {actionsOf[account.status].map((action) => (
                <button key={action} type="button" class={`link ${action === 'remove' ? 'danger' : ''}`} disabled={busy !== undefined} onClick={() => void choose(account, action)}>{actionLabels[action]}</button>
              ))}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
