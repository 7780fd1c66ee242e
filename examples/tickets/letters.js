/** Vectors of texts by their letters: no model, no download. Texts that share words are near; a model would see what they mean. */

const DIMENSIONS = 256;

/** Counts the runs of three letters of each text, each in one of 256 places by its hash. @type {import('vectile').Vectorizer} */
export const letters = (texts) => texts.map((text) => {
  const vector = new Float32Array(DIMENSIONS);
  for (const word of text.toLowerCase().match(/\p{L}+/gu) ?? []) {
    const padded = ` ${word} `;
    for (let i = 0; i + 3 <= padded.length; i++) vector[hash(padded.slice(i, i + 3)) % DIMENSIONS]++;
  }
  return vector.some((count) => count) ? vector : vector.fill(1); // nothing in it: as near to all
});

/** FNV-1a, 32 bits. */
function hash(text) {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}
