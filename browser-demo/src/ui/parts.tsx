/** Small parts that several panels are made of. */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { bytes, words } from './format.js';

/** One of a few values, as buttons in a row; arrow keys go through them. */
export function Segmented<T extends string>({ label, name, value, options, onChange, compact = false }: {
  label: string; name: string; value: T; options: { value: T; label: string; content?: ComponentChildren; title?: string }[];
  onChange: (value: T) => void; compact?: boolean;
}) {
  return (
    <fieldset class={`segmented ${compact ? 'compact' : ''}`}>
      <legend class="unseen">{label}</legend>
      {options.map((option) => (
        <label key={option.value} title={option.title}>
          <input type="radio" name={name} value={option.value} checked={option.value === value} aria-label={option.label} onChange={() => onChange(option.value)} />
          <span>{option.content ?? option.label}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** How far something is; without `total` it only says that it goes on. */
export function Progress({ label, done, total, note }: { label: string; done: number; total: number | undefined; note?: string | undefined }) {
  const id = useId();
  return (
    <div class="progress">
      <div class="progress-head"><span id={id}>{label}</span>{note && <span class="quiet">{note}</span>}</div>
      <progress aria-labelledby={id} {...(total ? { value: Math.min(done, total), max: total } : {})} />
    </div>
  );
}

export const Failure = ({ children }: { children: ComponentChildren }) => <p class="failure" role="alert">{children}</p>;

/** Shares of a sum as one bar, with a legend that says the same in words. `total` is not a part. */
export function Shares({ label, parts }: { label: string; parts: Record<string, number> }) {
  const shown = Object.entries(parts).filter(([name, value]) => name !== 'total' && value > 0).sort((a, b) => b[1] - a[1]);
  const kept = shown.length > 6 ? [...shown.slice(0, 5), ['other', shown.slice(5).reduce((sum, [, value]) => sum + value, 0)] as [string, number]] : shown;
  const sum = kept.reduce((before, [, value]) => before + value, 0);
  return (
    <div class="shares">
      <h4><span>{label}</span><span class="number">{bytes(parts['total'] ?? sum)}</span></h4>
      {sum === 0 ? <p class="quiet">Nothing yet</p> : (
        <>
          <div class="stack" aria-hidden="true">
            {kept.map(([name, value], i) => <span key={name} class={`region-${i}`} style={{ flexGrow: value / sum }} />)}
          </div>
          <ul class="legend" aria-label={label}>
            {kept.map(([name, value], i) => (
              <li key={name}><span class={`swatch region-${i}`} aria-hidden="true" /><span>{words(name)}</span><span class="number">{bytes(value)}</span></li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

export interface Question { title: string; text: string; action: string; then: () => void | Promise<void> }

/** Asks before something is done that cannot be taken back. */
export function Confirm({ question, onClose }: { question: Question | undefined; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    if (question) dialog.current?.showModal();
    else dialog.current?.close();
  }, [question]);
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={onClose}>
      {question && (
        <form method="dialog">
          <h2 id={id}>{question.title}</h2>
          <p>{question.text}</p>
          <div class="row end">
            <button type="submit" class="button">Cancel</button>
            <button type="button" class="button danger" onClick={() => { onClose(); void question.then(); }}>{question.action}</button>
          </div>
        </form>
      )}
    </dialog>
  );
}
