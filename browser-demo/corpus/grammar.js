/**
 * Sentences with choices in them.
 *
 *   [my|our|]   one of these; they may have choices of their own
 *   {place}     a word of that name: a list to choose from, a function of the random source, or a text
 *   {PLACE}     the same word as the last {place} of this expansion
 */
export function expand(text, words, random) {
  const used = new Map();
  return fill(choose(text)).replace(/\s+/g, ' ').trim();

  function choose(pattern) {
    // Innermost first, so that what is left has none inside.
    const innermost = /\[([^[\]]*)\]/;
    for (let found; (found = innermost.exec(pattern));) {
      pattern = pattern.slice(0, found.index) + random.pick(found[1].split('|')) + pattern.slice(found.index + found[0].length);
    }
    return pattern;
  }

  function fill(pattern) {
    return pattern.replace(/\{(\w+)\}/g, (_, name) => {
      const key = name.toLowerCase();
      if (name !== key && used.has(key)) return used.get(key);
      const word = words[key];
      if (word === undefined) throw new Error(`grammar: no word {${name}} in "${text}"`);
      const chosen = typeof word === 'function' ? word(random) : Array.isArray(word) ? random.pick(word) : word;
      const value = /[[{]/.test(chosen) ? fill(choose(chosen)) : chosen;
      used.set(key, value);
      return value;
    });
  }
}

/** With a capital letter. */
export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);
