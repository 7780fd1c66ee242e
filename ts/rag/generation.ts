/** What is generated, as it comes and when it is whole. Knows nothing of searches. */
import { VectileError } from '../errors.js';

/** Does the work, tells of parts as they come, and resolves to the whole. `leave` is aborted when the one who read the parts has gone. */
type Work<T, Part> = (emit: (part: Part) => void, leave: AbortSignal) => Promise<T>;

/**
 * A result that is being generated. It begins when it is first awaited or iterated, and only once: `await` gives the whole, `for await` the
 * parts as they come, and whoever comes later gets them from the first. Leaving the loop ends the generation.
 */
export class Generation<T, Part> implements PromiseLike<T>, AsyncIterable<Part> {
  readonly #work: Work<T, Part>;
  readonly #parts: Part[] = [];
  readonly #leave = new AbortController();
  #whole: Promise<T> | undefined;
  #isEnded = false;
  /** Called once when there is a part more, or the end. */
  #waiting: (() => void)[] = [];

  /** @internal */
  constructor(work: Work<T, Part>) {
    this.#work = work;
  }

  then<A = T, B = never>(onResult?: ((result: T) => A | PromiseLike<A>) | null, onError?: ((error: unknown) => B | PromiseLike<B>) | null): Promise<A | B> {
    return this.#begin().then(onResult, onError);
  }

  catch<B = never>(onError?: ((error: unknown) => B | PromiseLike<B>) | null): Promise<T | B> { return this.#begin().catch(onError); }

  finally(onEnd?: (() => void) | null): Promise<T> { return this.#begin().finally(onEnd); }

  [Symbol.asyncIterator](): AsyncIterator<Part, void, undefined> {
    const whole = this.#begin();
    let place = 0, isLeft = false;
    return {
      next: async () => {
        while (place === this.#parts.length && !this.#isEnded && !isLeft) await new Promise<void>((resolve) => { this.#waiting.push(resolve); });
        if (isLeft) return { done: true, value: undefined };
        if (place < this.#parts.length) return { done: false, value: this.#parts[place++]! };
        await whole;
        return { done: true, value: undefined };
      },
      return: async () => {
        isLeft = true;
        this.#leave.abort(new VectileError('ABORTED', 'generation: expected the loop over it to go on to the end, got one that was left'));
        this.#wake();
        return { done: true, value: undefined };
      },
    };
  }

  #begin(): Promise<T> {
    if (!this.#whole) {
      this.#whole = this.#work((part) => {
        if (this.#isEnded) return;
        this.#parts.push(part);
        this.#wake();
      }, this.#leave.signal);
      const end = () => {
        this.#isEnded = true;
        this.#wake();
      };
      this.#whole.then(end, end); // an error is of those who wait
    }
    return this.#whole;
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
