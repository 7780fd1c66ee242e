/** What tabs say to each other, and a page to its worker: calls, answers and events, in plain data. */
import type { Analyst, AnalystEvent } from '../contract.js';

export type Method = keyof Analyst;

/**
 * | method | when the tab that did it is gone |
 * | --- | --- |
 * | true | done again by the next one: it only reads, or doing it twice is as doing it once |
 * | false | refused with HOLDER_LOST |
 */
export const REPEATABLE: Record<Method, boolean> = {
  accounts: true, search: true, statistics: true, setTenant: true, deletePost: true, cancel: true, importFile: true, exportDatabase: true,
  generate: false, setPreset: false, importDatabase: false, reset: false,
};

export interface Failure { name: string; message: string; code?: string }

/** A tab is told by a random name, a call by a number of the tab's. */
export type Message =
  | { kind: 'call'; from: string; id: number; method: Method; args: unknown[] }
  | { kind: 'answer'; to: string; id: number; value: unknown }
  | { kind: 'refusal'; to: string; id: number; error: Failure }
  | { kind: 'event'; event: AnalystEvent }
  /** From a tab that has just come, or waits for an answer; whoever holds the database says that it is there. */
  | { kind: 'ping'; from: string }
  | { kind: 'holder'; holder: string; state: AnalystEvent };

/** From the page to its worker, and back. */
export type PageMessage = { id: number; method: Method; args: unknown[] };
export type WorkerMessage = { id: number; value: unknown } | { id: number; error: Failure } | { event: AnalystEvent };

export class AnalystError extends Error {
  override readonly name = 'AnalystError';
  /** HOLDER_LOST, HOLDER_SILENT, or what the database says. */
  readonly code: string | undefined;

  constructor(code: string | undefined, message: string) {
    super(message);
    this.code = code;
  }
}

export function failureOf(cause: unknown): Failure {
  if (!(cause instanceof Error)) return { name: 'Error', message: String(cause) };
  const { code } = cause as { code?: unknown };
  return { name: cause.name, message: cause.message, ...typeof code === 'string' && { code } };
}

export const errorOf = ({ code, message }: Failure): AnalystError => new AnalystError(code, message);

/** What is to be said of the database after an event: loading, ready or failed. Once it is ready, accounts that still come in do not change that. */
export function stateAfter(state: AnalystEvent, event: AnalystEvent): AnalystEvent {
  switch (event.kind) {
    case 'ready': return event;
    case 'failed': return state.kind === 'ready' ? state : event; // accounts that do not come in leave those that are
    case 'loading': return state.kind === 'ready' && event.step !== 'opening' ? state : event;
    default: return state;
  }
}
