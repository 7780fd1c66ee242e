/** Calls that use something: what is to take its place waits until they have ended. */
export class Uses {
  #count = 0;
  #waiting: (() => void)[] = [];

  /** Returns how to end it, once. */
  begin(): () => void {
    this.#count++;
    let hasEnded = false;
    return () => {
      if (hasEnded) return;
      hasEnded = true;
      if (--this.#count) return;
      for (const resolve of this.#waiting.splice(0)) resolve();
    };
  }

  get isInUse(): boolean { return this.#count > 0; }

  /** Resolves when there is none. */
  async ended(): Promise<void> {
    if (this.#count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
