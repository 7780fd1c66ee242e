/**
 * One of the tabs of this origin. They queue for one lock: who has it holds the database, all others send their calls there over a
 * BroadcastChannel. When the holder is closed, the next in the queue opens the database and does again what can be done again.
 */
import type { AnalystEvent } from '../contract.js';
import { AnalystError, REPEATABLE, errorOf, failureOf, stateAfter, type Message, type Method } from './protocol.js';
import { Service } from './service.js';

const NAME = 'vectile-analyst-tabs';
/** How often a follower that waits asks whether the holder is there, and when it gives up: a tab can be frozen while it has the lock. */
const PING_MS = 2_000, SILENCE_MS = 30_000;

/** `isSent`: to a holder, which may have begun. */
interface Waiting { method: Method; args: unknown[]; isSent: boolean; resolve: (value: unknown) => void; reject: (cause: Error) => void }

export class Member {
  readonly #name = crypto.randomUUID();
  readonly #channel = new BroadcastChannel(NAME);
  readonly #emit: (event: AnalystEvent) => void;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;
  /** Of this tab, when it holds the database. */
  #service: Service | undefined;
  /** The last that was heard of. */
  #holder: string | undefined;
  #heardAt = performance.now();
  /** Of the database: loading, ready or failed. */
  #state: AnalystEvent = { kind: 'loading', step: 'opening', done: 0, total: 1 };

  constructor(emit: (event: AnalystEvent) => void) {
    this.#emit = emit;
    emit({ kind: 'role', role: 'waiting' });
    this.#channel.onmessage = ({ data }: MessageEvent<Message>) => this.#receive(data);
    void navigator.locks.request(NAME, () => {
      this.#take();
      return new Promise(() => {}); // until this tab is closed
    });
    this.#send({ kind: 'ping', from: this.#name });
    setInterval(() => this.#watch(), PING_MS);
  }

  call(method: Method, args: unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      this.#waiting.set(id, { method, args, isSent: false, resolve, reject });
      this.#forward(id);
    });
  }

  /** To the database here, or to whoever holds it; nowhere while that is not known. */
  #forward(id: number): void {
    const waiting = this.#waiting.get(id)!, { method, args } = waiting;
    waiting.isSent ||= this.#holder !== undefined;
    if (this.#service) {
      this.#perform(method, args).then((value) => this.#settle(id, ({ resolve }) => resolve(value)), (cause: Error) => this.#settle(id, ({ reject }) => reject(cause)));
    } else if (this.#holder) this.#send({ kind: 'call', from: this.#name, id, method, args });
  }

  async #perform(method: Method, args: unknown[]): Promise<unknown> {
    if (!Object.hasOwn(REPEATABLE, method)) throw new TypeError(`method: expected one of the analyst's, got ${String(method)}`);
    return (this.#service![method] as (...args: unknown[]) => Promise<unknown>)(...args);
  }

  #settle(id: number, how: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(id);
    if (this.#waiting.delete(id)) how(waiting!);
  }

  #receive(message: Message): void {
    if (this.#service) return this.#serve(message);
    switch (message.kind) {
      case 'holder':
        this.#heardAt = performance.now();
        if (message.holder === this.#holder) return;
        this.#holder = message.holder;
        this.#emit({ kind: 'role', role: 'follower' });
        this.#tell(message.state);
        return this.#resend();
      case 'event':
        this.#heardAt = performance.now();
        return this.#tell(message.event);
      case 'answer':
        if (message.to === this.#name) this.#settle(message.id, ({ resolve }) => resolve(message.value));
        return;
      case 'refusal':
        if (message.to === this.#name) this.#settle(message.id, ({ reject }) => reject(errorOf(message.error)));
    }
  }

  /** What other tabs ask of the holder. */
  #serve(message: Message): void {
    if (message.kind === 'ping') return this.#announce();
    if (message.kind !== 'call') return;
    const { from: to, id, method, args } = message;
    this.#perform(method, args).then(
      (value) => this.#send({ kind: 'answer', to, id, value }),
      (cause: unknown) => this.#send({ kind: 'refusal', to, id, error: failureOf(cause) }),
    );
  }

  /** This tab has the lock: whoever had it is gone. */
  #take(): void {
    this.#holder = this.#name;
    this.#emit({ kind: 'role', role: 'holder' });
    this.#state = { kind: 'loading', step: 'opening', done: 0, total: 1 };
    this.#service = new Service((event) => {
      this.#tell(event);
      this.#send({ kind: 'event', event });
    });
    this.#announce();
    this.#resend();
  }

  #announce(): void {
    this.#send({ kind: 'holder', holder: this.#name, state: this.#state });
  }

  /** To a new holder, what the former one has left undone. What was never sent is not refused. */
  #resend(): void {
    for (const [id, { method, isSent, reject }] of [...this.#waiting]) {
      if (REPEATABLE[method] || !isSent) this.#forward(id);
      else {
        this.#waiting.delete(id);
        reject(new AnalystError('HOLDER_LOST', 'the tab that was doing this was closed before it was done'));
      }
    }
  }

  #watch(): void {
    if (this.#service || (this.#holder && !this.#waiting.size)) {
      this.#heardAt = performance.now();
      return;
    }
    this.#send({ kind: 'ping', from: this.#name });
    if (performance.now() - this.#heardAt < SILENCE_MS) return;
    for (const [id] of [...this.#waiting]) {
      this.#settle(id, ({ reject }) => reject(new AnalystError('HOLDER_SILENT', `the tab that holds the database has not answered for ${SILENCE_MS / 1000} s`)));
    }
    this.#emit({ kind: 'role', role: 'waiting' });
    this.#holder = undefined;
  }

  #tell(event: AnalystEvent): void {
    this.#state = stateAfter(this.#state, event);
    this.#emit(event);
  }

  #send(message: Message): void {
    this.#channel.postMessage(message);
  }
}
