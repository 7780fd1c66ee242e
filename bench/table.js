// Tables for the terminal.

/** @param {(string | number)[][]} rows the first is the head */
export function printTable(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column] ?? '').length)));
  rows.forEach((row, i) => {
    console.log(row.map((cell, column) => (column === 0 ? String(cell ?? '').padEnd(widths[column]) : String(cell ?? '').padStart(widths[column]))).join('  '));
    if (i === 0) console.log(widths.map((width) => '-'.repeat(width)).join('  '));
  });
}

export const whole = (n) => (n === null || n === undefined ? '–' : Math.round(n).toLocaleString('en'));
export const fixed = (n, digits) => (n === null || n === undefined ? '–' : n.toFixed(digits));

export function printPair(result) {
  const { base, peer, dataset, parameters, machine, engines, ratios } = result;
  const [a, b] = [engines[base], engines[peer]];
  const held = machine.pinnedCore === null ? 'not pinned: taskset is missing' : `pinned to core ${machine.pinnedCore}`;
  console.log(`\n${base} and ${peer} on ${dataset.name}: ${whole(dataset.rows)} × ${dataset.dimensions}, ${dataset.metric}; m ${parameters.m}, efConstruction ${parameters.efConstruction}, k ${parameters.k}`);
  console.log(`${machine.cpu}, Node ${machine.node}, ${held}; ${parameters.rounds} rounds; times are processor time\n`);

  const length = Math.max(a.points.length, b.points.length);
  printTable([
    ['ef', `${base} recall`, `${peer} recall`, `${base} QPS`, `${peer} QPS`],
    ...Array.from({ length }, (_, i) => [a.points[i]?.ef ?? b.points[i]?.ef ?? '–', fixed(a.points[i]?.recall, 4), fixed(b.points[i]?.recall, 4), whole(a.points[i]?.qps), whole(b.points[i]?.qps)]),
  ]);

  console.log();
  if (ratios.exact) console.log(`exact search: ${base} is ${spreadText(ratios.exact)} × as fast`);
  else {
    printTable([
      ['at recall', `${base} QPS`, `${peer} QPS`, 'ratio', 'min', 'max', 'by wall'],
      ...ratios.atRecall.map((cell) => [cell.recall, whole(cell.baseQps), whole(cell.peerQps), fixed(cell.ratio?.median, 2), fixed(cell.ratio?.min, 2), fixed(cell.ratio?.max, 2), fixed(cell.ratioByWall, 2)]),
    ]);
  }

  console.log();
  printTable([
    ['', 'build CPU s', 'rows per CPU s', 'bytes/vector', 'held', 'RSS growth', 'file MB', 'save ms', 'open ms', 'settled', 'drift'],
    ...[[base, a], [peer, b]].map(([name, engine]) => [
      name, fixed(engine.build.cpuSeconds, 2), whole(engine.build.rowsPerCpuSecond), whole(engine.bytes.perVector.index), whole(engine.bytes.perVector.held), whole(engine.bytes.perVector.rss),
      fixed(engine.open && engine.open.fileBytes / 1e6, 1), fixed(engine.open?.saveMs.median, 1), fixed(engine.open?.openMs.median, 1), engine.warm.settled ? 'yes' : 'NO', fixed(engine.warm.lastRoundOverFirst, 2),
    ]),
  ]);
  console.log('drift: speed of the last round over the first');
  console.log(`build: ${base} takes ${fixed(1 / ratios.build, 2)} of ${peer}'s time (${fixed(ratios.build, 2)} × as fast)`);
  for (const [name, engine] of [[base, a], [peer, b]]) for (const note of engine.notes) console.log(`${name}: ${note}`);
}

export const spreadText = ({ median, min, max }) => `${fixed(median, 2)} (${fixed(min, 2)}–${fixed(max, 2)})`;
