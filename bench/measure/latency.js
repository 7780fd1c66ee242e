// How long calls take, one kind after the other.
//   closed   the next call begins a turn of the event loop after the last one ended. `own` is the lesser of wall and processor
//            time: what the call takes on a machine that does nothing else, but for waiting for the disk. `turn` is the
//            processor time of what else has its turn in between, which is what a call may have to wait for
//   paced    the same with a pause before each call, about as long as a turn takes while objects are imported: what a call
//            takes that is not one of thousands in a row, with caches that have cooled
//   open     calls begin on a schedule, however slow the last ones were; timed by the wall from when they were due, so that
//            waiting for the event loop counts, and so does the millisecond by which timers are late even when idle

const everyMs = 8;

/**
 * @param {'open' | 'paced' | 'closed'} loop
 * @param {Record<string, () => Promise<unknown>>} kinds
 * @param {() => boolean} isOver
 * @returns {Promise<Record<string, { wall: number[], own: number[] }> & { turn: { own: number[] } }>} ms; `own` of closed and paced loops
 */
export async function latencies(loop, kinds, isOver) {
  const names = Object.keys(kinds);
  const times = { ...Object.fromEntries(names.map((kind) => [kind, { wall: [], own: [] }])), turn: { own: [] } };
  const start = performance.now();
  for (let n = 0; !isOver(); n++) {
    const kind = names[n % names.length];
    if (loop !== 'open') {
      const before = process.cpuUsage();
      await new Promise((resolve) => (loop === 'paced' ? setTimeout(resolve, everyMs) : setImmediate(resolve)));
      times.turn.own.push(spentMs(before));
      const cpu = process.cpuUsage(), from = performance.now();
      await kinds[kind]();
      const wall = performance.now() - from;
      times[kind].wall.push(wall);
      times[kind].own.push(Math.min(wall, spentMs(cpu)));
    } else {
      const due = start + n * everyMs;
      while (performance.now() < due) await new Promise((resolve) => setTimeout(resolve, Math.ceil(due - performance.now())));
      await kinds[kind]();
      times[kind].wall.push(performance.now() - due);
    }
  }
  return times;
}

export function percentile(numbers, share) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

function spentMs(before) {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
