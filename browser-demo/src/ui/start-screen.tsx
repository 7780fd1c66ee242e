/** What is seen until the first account can be searched: each step with its own progress. */
import { useState } from 'preact/hooks';
import type { AnalystEvent } from '../contract.js';
import { count } from './format.js';
import { Icon } from './icons.js';
import { Failure, Progress } from './parts.js';
import { useEvents, useTab } from './tab.js';

type Step = Extract<AnalystEvent, { kind: 'loading' }>['step'];
const steps: { step: Step; label: string; unit: (value: number) => string }[] = [
  { step: 'opening', label: 'Open the database', unit: count },
  { step: 'model', label: 'Load the sentence encoder', unit: (value) => (value > 100_000 ? `${(value / 1e6).toFixed(1)} MB` : count(value)) },
  { step: 'corpus', label: 'Load the posts', unit: (value) => (value > 100_000 ? `${(value / 1e6).toFixed(1)} MB` : count(value)) },
  { step: 'indexing', label: 'Index the first account', unit: count },
];

export function StartScreen({ failed }: { failed: string | undefined }) {
  const { analyst } = useTab();
  const [progress, setProgress] = useState<Partial<Record<Step, { done: number; total: number }>>>({});
  useEvents((event) => {
    if (event.kind === 'loading') setProgress((before) => ({ ...before, [event.step]: { done: event.done, total: event.total } }));
  });
  return (
    <main class="start">
      <div class="start-card">
        <h1>Customer support analyst</h1>
        <p class="lead">Search what customers write by words and by meaning. The database, the sentence encoder and all posts stay in this browser; nothing is sent anywhere.</p>
        {failed ? (
          <>
            <Failure>{failed}</Failure>
            <div class="row">
              <button type="button" class="button" onClick={() => location.reload()}>Try again</button>
              <button type="button" class="link" onClick={() => void analyst.reset().then(() => location.reload(), () => location.reload())}>Delete what is stored here, and start over</button>
            </div>
          </>
        ) : (
          <ol class="steps" aria-label="Progress">
            {steps.map(({ step, label, unit }) => {
              const at = progress[step];
              const over = at !== undefined && at.total > 0 && at.done >= at.total;
              return (
                <li key={step} class={over ? 'over' : at ? 'now' : ''}>
                  <span class="step-mark" aria-hidden="true">{over && <Icon name="check" />}</span>
                  {at && !over
                    ? <Progress label={label} done={at.done} total={at.total || undefined} note={at.total > 1 ? `${unit(at.done)} of ${unit(at.total)}` : undefined} />
                    : <span>{label}{over && <span class="unseen">, done</span>}</span>}
                </li>
              );
            })}
          </ol>
        )}
        <p class="quiet">The companies are fictional and their posts synthetic: written by a program, about no real person.</p>
      </div>
    </main>
  );
}
