// Time by the processor time the whole process got (user and system, all threads) and by the wall.
// Processor time is what other programs on the machine disturb least; both are recorded.

export function startClock() {
  const cpu = process.cpuUsage();
  const wall = process.hrtime.bigint();
  return () => {
    const used = process.cpuUsage(cpu);
    return { cpu: used.user + used.system, wall: Number(process.hrtime.bigint() - wall) / 1000 };   // µs
  };
}

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
