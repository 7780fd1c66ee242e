/** Data that needs no download: names put together of syllables, and vectors that are near when the letters are. */

const heads = 'al be cor da el fin gre ha is jo ka lu mar ni or pe qui ra so ti ul va wen xa yo zi'.split(' ');
const middles = 'an be dri el fo gan ili ko la men no ra ri sto ta ve'.split(' ');
const tails = 'a bert da don el fried gar ia ino ka lin mond na o rick s ta to us vin'.split(' ');

export const trigramDimensions = 64;

/** The first `count` of a fixed sequence of different names. */
export function makeNames(count) {
  const total = heads.length * middles.length * tails.length;
  return Array.from({ length: count }, (_, i) => {
    const at = (i * 2741) % total; // 2741 is prime and does not divide `total`, so no name comes twice
    const tail = Math.floor(at / (heads.length * middles.length));
    return heads[at % heads.length] + middles[Math.floor(at / heads.length) % middles.length] + tails[tail];
  });
}

/** Counts of the text's letter groups of length 1 … 3, hashed to signed components (FNV-1a). */
export function trigrams(text) {
  const vector = new Float32Array(trigramDimensions);
  const framed = `^${text}$`;
  for (let length = 1; length <= 3; length++) {
    for (let from = 0; from + length <= framed.length; from++) {
      let hash = 0x811c9dc5;
      for (let i = from; i < from + length; i++) hash = Math.imul(hash ^ framed.charCodeAt(i), 0x01000193);
      vector[(hash >>> 8) % trigramDimensions] += hash & 1 ? 1 : -1;
    }
  }
  return vector;
}
