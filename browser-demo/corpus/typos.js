/** What thumbs do to a text. */

const NEIGHBOURS = {
  a: 'sq', b: 'vn', c: 'xv', d: 'sf', e: 'wr', f: 'dg', g: 'fh', h: 'gj', i: 'uo', j: 'hk', k: 'jl', l: 'k', m: 'n', n: 'bm', o: 'ip', p: 'o', q: 'w',
  r: 'et', s: 'ad', t: 'ry', u: 'yi', v: 'cb', w: 'qe', x: 'zc', y: 'tu', z: 'x',
};
const SHORT = [
  [/\byou\b/gi, 'u'], [/\byour\b/gi, 'ur'], [/\bplease\b/gi, 'pls'], [/\bbecause\b/gi, 'bc'], [/\bpeople\b/gi, 'ppl'], [/\bthanks\b/gi, 'thx'], [/\btomorrow\b/gi, 'tmrw'],
  [/\bdefinitely\b/gi, 'definately'], [/\breceived\b/gi, 'recieved'], [/\bseparate\b/gi, 'seperate'], [/\baccount\b/gi, 'acount'], [/\bcan't\b/gi, 'cant'], [/\bdon't\b/gi, 'dont'],
  [/\bdoesn't\b/gi, 'doesnt'], [/\bisn't\b/gi, 'isnt'], [/\bit's\b/gi, 'its'], [/\bthough\b/gi, 'tho'], [/\bwith\b/gi, 'w/'], [/\band\b/gi, '&'],
];

/** Changes some words of a text; words with digits, which people copy, stay as they are. */
export function mistype(text, random) {
  const words = text.split(' ');
  for (let count = random.between(1, 2); count > 0; count--) {
    const at = random.between(0, words.length - 1);
    if (/^[a-z]{4,}[,.!?]?$/.test(words[at])) words[at] = slip(words[at], random);
  }
  return words.join(' ');
}

/** As people write who are in a hurry. */
export function hurry(text, random) {
  for (const [word, short] of SHORT) if (random.chance(0.6)) text = text.replace(word, short);
  return random.chance(0.5) ? text.replace(/[A-Z][a-z]/g, (two) => (random.chance(0.7) ? two.toLowerCase() : two)) : text;
}

function slip(word, random) {
  const at = random.between(1, word.length - 2);
  const [before, here, after] = [word.slice(0, at), word[at], word.slice(at + 1)];
  switch (random.between(0, 3)) {
    case 0: return before + after;
    case 1: return before + here + here + after;
    case 2: return before + (after[0] ?? '') + here + after.slice(1);
    default: return before + (NEIGHBOURS[here] ? random.pick([...NEIGHBOURS[here]]) : here) + after;
  }
}
