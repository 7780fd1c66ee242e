/** Known words spelt nearly like an unknown one. */

/** At most two letters apart, nearest first, then the most frequent: `words` is in that order. */
export function nearSpellings(word, words, count = 5) {
  const near = [];
  for (const known of words) {
    const edits = editDistance(word, known, 2);
    if (edits <= 2 && edits < known.length) near.push({ known, edits });
  }
  return near.sort((a, b) => a.edits - b.edits).slice(0, count).map(({ known }) => known);
}

/** Letters to insert, delete or replace to make `a` into `b`; gives up beyond `max`. */
function editDistance(a, b, max) {
  if (Math.abs(a.length - b.length) > max) return max + 1;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    if (Math.min(...next) > max) return max + 1;
    row = next;
  }
  return row[b.length];
}
