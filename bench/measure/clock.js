// Time by the processor time the whole process got (user and system, all threads) and by the wall, and whose turn it is.
// Processor time is what other programs on the machine disturb least; both are recorded.

export function startClock() {
  const cpu = process.cpuUsage();
  const wall = process.hrtime.bigint();
  return () => {
    const used = process.cpuUsage(cpu);
    return { cpu: used.user + used.system, wall: Number(process.hrtime.bigint() - wall) / 1000 };   // µs
  };
}

/**
 * Who goes when in the n-th turn, of `count` in all. Each turn begins with the next one, so that nobody is always first and,
 * of three and more, nobody ever runs twice in a row, which would find its own data in the caches.
 */
export const turnOrder = (count, turn) => Array.from({ length: count }, (_, i) => (i + turn) % count);

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Median with the smallest and largest, or null without numbers. */
export function spread(numbers) {
  return numbers.length === 0 ? null : { median: median(numbers), min: Math.min(...numbers), max: Math.max(...numbers) };
}
