// Tables for documents, and how their numbers look.

export const dash = '–';
export const times = (ratio) => (ratio ? `${ratio.median.toFixed(2)}×` : dash);
export const rounded = (n) => (n === null || n === undefined ? dash : Number(n.toPrecision(3)).toLocaleString('en'));
export const resultLink = (text, file, results) => `[${text}](${results}/${file})`;

/** @param {string[]} head @param {(string | number)[][]} rows */
export function markdownTable(head, rows) {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
