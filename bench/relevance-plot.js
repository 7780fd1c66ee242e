// Keyword, vector and hybrid search beside one another as an SVG: a panel per set of texts, a bar per measure and method,
// and on each bar a line where the exact oracle is. Middle tones, which read on light and on dark pages.

import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { repositoryDir, resultsDir } from './paths.js';
import { readResult } from './results.js';

const width = 860, height = 470;
const panel = { top: 88, bottom: 372, width: 360, gap: 40, left: 60 };
const ink = '#78818c', rule = '#8884';
const colours = { keyword: '#3b82f6', vector: '#1f9d66', hybrid: '#e8590c' };
const measures = { ndcg10: 'nDCG@10', p1: 'P@1', p10: 'P@10' };
const titles = { all: 'all texts', clinc150: 'CLINC150 alone' };
const barWidth = 30, barGap = 4;
const step = 0.1;

/** @param {string} file name of the result */
export function plotRelevance(file) {
  const path = join(resultsDir, file.replace(/\.json$/, '.svg'));
  writeFileSync(path, draw(readResult(file)));
  console.log(relative(repositoryDir, path));
}

function draw(result) {
  const { relevance } = result;
  const shown = Object.values(relevance).flatMap(({ methods }) => Object.keys(colours).flatMap((method) => Object.keys(measures).map((figure) => methods[method].vectile[figure])));
  const least = Math.floor((Math.min(...shown) - step / 2) / step) * step, most = 1;
  const y = (value) => panel.bottom - ((value - least) / (most - least)) * (panel.bottom - panel.top);
  const headline = `${result.dataset.name}: relevance of keyword, vector and hybrid search`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif" font-size="13" fill="${ink}">
<title>${escape(headline)}</title>
${text(panel.left, 28, headline, 'font-size="16" font-weight="600"')}
${legend()}
${Object.entries(relevance).map(([name, corpus], i) => drawPanel(name, corpus, panel.left + i * (panel.width + panel.gap), y, least)).join('\n')}
${caption(result).map((line, i) => text(panel.left, 430 + 17 * i, line, 'font-size="11.5"')).join('\n')}
</svg>
`;
}

function drawPanel(name, { texts, methods }, left, y, least) {
  const ticks = Array.from({ length: Math.round((1 - least) / step) + 1 }, (_, i) => least + i * step);
  const groupWidth = panel.width / Object.keys(measures).length;
  const bars = Object.entries(measures).flatMap(([figure, label], g) => {
    const names = Object.keys(colours);
    const inner = names.length * barWidth + (names.length - 1) * barGap;
    const start = left + g * groupWidth + (groupWidth - inner) / 2;
    return [
      ...names.map((method, i) => {
        const { vectile, oracle } = methods[method];
        const x = start + i * (barWidth + barGap), top = y(vectile[figure]);
        return `<rect x="${x.toFixed(1)}" y="${top.toFixed(1)}" width="${barWidth}" height="${(panel.bottom - top).toFixed(1)}" fill="${colours[method]}" fill-opacity="0.85"/>`
          + `<path d="M${(x - 2).toFixed(1)} ${y(oracle[figure]).toFixed(1)}h${barWidth + 4}" stroke="${ink}" stroke-width="1.5"/>`
          + text(x + barWidth / 2, top - 6, vectile[figure].toFixed(3), 'text-anchor="middle" font-size="10.5"');
      }),
      text(start + inner / 2, panel.bottom + 18, label, 'text-anchor="middle"'),
    ];
  });
  return [
    ...ticks.map((tick) => `<path d="M${left} ${y(tick).toFixed(1)}h${panel.width}" stroke="${rule}"/>${text(left - 6, y(tick) + 4, tick.toFixed(1), 'text-anchor="end" font-size="11"')}`),
    text(left, panel.top - 14, `${titles[name] ?? name}: ${texts.toLocaleString('en')}`, 'font-weight="600"'),
    ...bars,
  ].join('\n');
}

function legend() {
  const names = Object.keys(colours);
  return names.map((method, i) => `<rect x="${panel.left + i * 110}" y="42" width="14" height="12" fill="${colours[method]}" fill-opacity="0.85"/>${text(panel.left + 20 + i * 110, 52, method)}`).join('\n')
    + `<path d="M${panel.left + names.length * 110} 48h18" stroke="${ink}" stroke-width="1.5"/>${text(panel.left + 24 + names.length * 110, 52, 'exact oracle')}`;
}

function caption({ machine, parameters }) {
  return [
    `${parameters.queries} held-out questions of CLINC150; relevant: texts of the same intent. hybrid: relativeScore, alpha ${parameters.alpha}. The axis does not begin at 0.`,
    `Node ${machine.node}${machine.commit ? `, commit ${machine.commit.slice(0, 7)}${machine.dirty ? ' with changes' : ''}` : ''}, ${machine.date.slice(0, 10)}.`,
  ];
}

const text = (x, y, content, attributes = '') => `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escape(content)}</text>`;
const escape = (content) => content.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c]);
