// One line of progress on stderr: rewritten in place on a terminal, every few seconds elsewhere.

const rewrite = process.stderr.isTTY;
const intervalMs = rewrite ? 100 : 5000;

export function createProgress() {
  let last = 0, open = false;

  function say(text, final) {
    const now = Date.now();
    if (!final && now - last < intervalMs) return;
    last = now;
    if (rewrite) process.stderr.write(`\r\x1b[K${text}${final ? '\n' : ''}`);
    else process.stderr.write(`${text}\n`);
    open = !final;
  }

  return {
    /** A line that stays. */
    note(text) {
      if (rewrite && open) process.stderr.write('\r\x1b[K');
      open = false;
      process.stderr.write(`${text}\n`);
    },
    /** @returns {(done: number, total: number) => void} */
    count(what) {
      const started = Date.now();
      return (done, total) => say(`${what}: ${done.toLocaleString('en')} of ${total.toLocaleString('en')}, ${((Date.now() - started) / 1000).toFixed(0)} s`, done >= total);
    },
    /** For npm: bytes on disk so far. */
    fetch: (what) => ({ bytes, seconds }) => say(`fetch ${what}: ${(bytes / 1e6).toFixed(0)} MB on disk, ${seconds.toFixed(0)} s`, false),
  };
}
