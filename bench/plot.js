// Recall against speed as an SVG, drawn from the result files: one picture per data set, base and Node version, and one per
// result of the modes.
// The recall axis is logarithmic in what is missed, because 0.98 → 0.99 halves the errors. All colours are middle tones
// that read on light and on dark pages.

import { writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { repositoryDir, resultsDir } from './paths.js';
import { median } from './measure/clock.js';
import { readResult, resultFiles } from './results.js';

const width = 860, height = 500;
const plotArea = { left: 70, top: 56, right: 606, bottom: 400 };
const ink = '#78818c', rule = '#8884';
const baseColour = '#e8590c';
const peerColours = ['#3b82f6', '#1f9d66', '#9b6dde', '#d6568f', '#a07a3f', '#1a9ba8', '#8a8f98', '#c0392b'];
const recallTicks = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999];
const recallMax = 0.999;
const legendRecall = 0.95;
const labelWidth = 22;   // below it, two labels of the recall axis run together: it happens to the first two

/** @param {string[]} files result files; all when empty */
export function plot(files) {
  const names = files.length ? files.map((file) => basename(file)) : resultFiles();
  const pictures = new Map();
  const comparisons = new Map();
  for (const name of names) {
    const result = readResult(name);
    const node = result.machine.node.replace(/^v(\d+).*/, 'node$1');
    if (result.modes) pictures.set(`${result.dataset.name}-modes-${node}`, pictureOfModes(result));
    if (!result.engines || !result.ratios || result.ratios.exact || result.skipped) continue;
    const key = `${result.dataset.name}-${result.base}-${node}`;
    comparisons.set(key, [...(comparisons.get(key) ?? []), result]);
  }
  for (const [key, results] of comparisons) pictures.set(key, pictureOfPairs(results));
  if (pictures.size === 0) console.log('nothing to plot: bench/results holds no finished graph comparison');
  for (const [key, picture] of pictures) {
    const path = join(resultsDir, `${key}.svg`);
    writeFileSync(path, draw(picture));
    console.log(relative(repositoryDir, path));
  }
}

/**
 * @typedef {object} Picture
 * @property {object} result its data set, parameters and machine are named
 * @property {{ name: string, points: { ef: number, recall: number, qps: number }[], note?: string }[]} series the base first
 * @property {string} measured how, in a sentence
 */

/** @returns {Picture} one line per peer, and one of the base, which was measured beside each of them */
function pictureOfPairs(results) {
  const { base } = results[0];
  return {
    result: results[0],
    series: [{ name: base, points: baseCurve(results, base) }, ...results.map((result) => ({ name: result.peer, points: result.engines[result.peer].points, note: ratioText(result) }))],
    measured: `Every peer is measured in turns with ${base}`,
  };
}

/** @returns {Picture} */
function pictureOfModes(result) {
  const [base] = Object.keys(result.modes);
  return {
    result,
    series: Object.entries(result.modes).map(([name, { points, atRecall }]) => ({ name, points, note: name === base ? undefined : modeText(atRecall, base) })),
    measured: 'All modes are measured in turns',
  };
}

/** @param {Picture} picture */
function draw({ result, series: wanted, measured }) {
  const isShown = ({ recall }) => recall >= recallTicks[0] && recall <= recallMax;
  const series = wanted.map((one, i) => ({ ...one, colour: i ? peerColours[(i - 1) % peerColours.length] : baseColour, base: i === 0, points: one.points.filter(isShown) }))
    .filter((one) => one.points.length > 1);
  const points = series.flatMap((one) => one.points);
  const x = recallScale(Math.min(...points.map((point) => point.recall)));
  const y = speedScale(Math.min(...points.map((point) => point.qps)), Math.max(...points.map((point) => point.qps)));

  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif" font-size="13" fill="${ink}">
<title>${escape(headline(result))}</title>
${text(plotArea.left, 28, headline(result), 'font-size="16" font-weight="600"')}
${axes(x, y)}
${series.toReversed().map((one) => curve(one, x, y)).join('\n')}
${legend(series)}
${caption(result, measured).map((line, i) => text(plotArea.left, 458 + 17 * i, line, 'font-size="11.5"')).join('\n')}
</svg>
`;
}

/** The base was measured beside every peer; its line is the median of those runs at each ef. */
function baseCurve(results, base) {
  const efs = [...new Set(results.flatMap((result) => result.engines[base].points.map((point) => point.ef)))].sort((a, b) => a - b);
  return efs.map((ef) => {
    const found = results.flatMap((result) => result.engines[base].points.filter((point) => point.ef === ef));
    return { ef, recall: median(found.map((point) => point.recall)), qps: median(found.map((point) => point.qps)) };
  });
}

function ratioText({ base, ratios }) {
  const cell = ratios.atRecall.find(({ recall, ratio }) => recall === legendRecall && ratio);
  return cell ? `${base} ${cell.ratio.median.toFixed(2)}× at ${legendRecall}` : `does not reach ${legendRecall} in common`;
}

function modeText(atRecall, base) {
  const { ratio } = atRecall.find(({ recall }) => recall === legendRecall);
  return ratio ? `${ratio.median.toFixed(2)}× ${base} at ${legendRecall}` : `does not reach ${legendRecall} in common`;
}

function recallScale(lowest) {
  const ticks = recallTicks.slice(Math.max(0, recallTicks.findLastIndex((tick) => tick <= lowest)));
  const from = -Math.log10(1 - Math.max(ticks[0], recallTicks[0])), to = -Math.log10(1 - recallMax);
  const at = (recall) => plotArea.left + ((-Math.log10(1 - recall) - from) / (to - from)) * (plotArea.right - plotArea.left);
  return { ticks: ticks.filter((tick, i) => i !== 1 || at(tick) - at(ticks[0]) >= labelWidth), at };
}

function speedScale(lowest, highest) {
  const steps = Array.from({ length: 24 }, (_, i) => [1, 2, 5][i % 3] * 10 ** Math.floor(i / 3));
  const first = Math.max(0, steps.findLastIndex((step) => step <= lowest)), last = steps.findIndex((step) => step >= highest);
  const ticks = steps.slice(first, last + 1);
  const from = Math.log(ticks[0]), to = Math.log(ticks.at(-1));
  return { ticks, at: (qps) => plotArea.bottom - ((Math.log(qps) - from) / (to - from)) * (plotArea.bottom - plotArea.top) };
}

function axes(x, y) {
  const { left, top, right, bottom } = plotArea;
  return [
    ...x.ticks.map((tick) => line(x.at(tick), top, x.at(tick), bottom) + text(x.at(tick), bottom + 18, String(tick), 'text-anchor="middle"')),
    ...y.ticks.map((tick) => line(left, y.at(tick), right, y.at(tick)) + text(left - 8, y.at(tick) + 4, tick.toLocaleString('en'), 'text-anchor="end"')),
    text((left + right) / 2, bottom + 38, 'recall (share of the true nearest neighbours found)', 'text-anchor="middle"'),
    text(left - 50, top - 12, 'queries per second, one thread'),
  ].join('\n');
}

function curve({ points, colour, base }, x, y) {
  const path = points.map((point, i) => `${i ? 'L' : 'M'}${x.at(point.recall).toFixed(1)} ${y.at(point.qps).toFixed(1)}`).join('');
  const dots = points.map((point) => `<circle cx="${x.at(point.recall).toFixed(1)}" cy="${y.at(point.qps).toFixed(1)}" r="${base ? 3.2 : 2.4}"/>`).join('');
  return `<g fill="${colour}" stroke="${colour}"><path d="${path}" fill="none" stroke-width="${base ? 2.8 : 1.8}" stroke-linejoin="round"/>${dots}</g>`;
}

/** The base, then the fastest first, as the lines stand. */
function legend(series) {
  const height = 40, left = plotArea.right + 22;
  const speed = ({ points }) => points.reduce((sum, point) => sum + Math.log(point.qps), 0) / points.length;
  return [...series].sort((a, b) => Number(b.base) - Number(a.base) || speed(b) - speed(a)).map((one, i) => {
    const top = plotArea.top + 12 + i * height;
    const swatch = `<path d="M${left} ${top - 4}h22" stroke="${one.colour}" stroke-width="${one.base ? 2.8 : 1.8}"/><circle cx="${left + 11}" cy="${top - 4}" r="3" fill="${one.colour}"/>`;
    return swatch + text(left + 30, top, one.name, one.base ? 'font-weight="600"' : '') + (one.note ? text(left + 30, top + 15, one.note, 'font-size="11"') : '');
  }).join('\n');
}

const headline = ({ dataset, parameters }) => `${dataset.name}: ${dataset.rows.toLocaleString('en')} vectors of ${dataset.dimensions} dimensions, ${dataset.metric}, k = ${parameters.k}`;

function caption({ machine, parameters }, measured) {
  const pinned = machine.pinnedCore === null ? 'not pinned' : 'pinned to one core';
  return [
    `M ${parameters.m}, efConstruction ${parameters.efConstruction}. ${measured}, ${pinned}; processor time, median of ${parameters.rounds} rounds.`,
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGB} GB, ${machine.os.replace(/ \(.*/, '')}, Node ${machine.node}${machine.commit ? `, commit ${machine.commit.slice(0, 7)}${machine.dirty ? ' with changes' : ''}` : ''}, ${machine.date.slice(0, 10)}.`,
  ];
}

const line = (x1, y1, x2, y2) => `<path d="M${x1.toFixed(1)} ${y1.toFixed(1)}L${x2.toFixed(1)} ${y2.toFixed(1)}" stroke="${rule}"/>`;
const text = (x, y, content, attributes = '') => `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escape(content)}</text>`;
const escape = (content) => content.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c]);
