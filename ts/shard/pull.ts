/** Turns a function that hands chunks to a sink into a sequence that is asked for them, one chunk ahead at most. */
export async function* pull(push: (sink: (chunk: Uint8Array) => Promise<void>) => Promise<void>): AsyncGenerator<Uint8Array> {
  let chunk: Uint8Array | undefined;
  let failure: { cause: unknown } | undefined;
  let isDone = false;
  let wakeReader = () => {};
  let wakeWriter = () => {};
  let isAbandoned = false;
  const finished = push(async (given) => {
    if (isAbandoned) throw new Error('abandoned');
    chunk = given;
    wakeReader();
    await new Promise<void>((resolve) => { wakeWriter = resolve; });
    if (isAbandoned) throw new Error('abandoned');
  }).catch((cause: unknown) => { failure = { cause }; }).then(() => {
    isDone = true;
    wakeReader();
  });
  try {
    for (;;) {
      if (!chunk && !isDone) await new Promise<void>((resolve) => { wakeReader = resolve; });
      if (!chunk) break;
      const given = chunk;
      chunk = undefined;
      yield given;
      wakeWriter();
    }
    if (failure) throw failure.cause;
  } finally {
    isAbandoned = true;
    wakeWriter();
    await finished;
  }
}
