/** BM25F by the book: every object is scored, terms are compared one by one. */

/** `docs`: live ones, { slot, properties }. `fields`: as in a KeywordQuery. All hits, best first. */
export function keywordOracle(docs, fields, { operator = 'or', minimumMatch = 1, k1 = 1.2, b = 0.75, allows = () => true } = {}) {
  const tokensOf = (doc, name) => (Object.hasOwn(doc.properties, name) ? doc.properties[name] : []);
  const mean = (name) => {
    const counts = docs.map((doc) => tokensOf(doc, name).length).filter((count) => count > 0);
    return counts.reduce((sum, count) => sum + count, 0) / counts.length;
  };
  const weighed = fields.map(({ properties, groups }) => ({
    properties: properties.map(({ name, weight }) => ({ name, weight, average: mean(name) })),
    groups: groups.map((group) => {
      const counts = group.flatMap(({ term }) => properties.map(({ name }) => docs.filter((doc) => tokensOf(doc, name).includes(term)).length));
      const n = Math.max(0, ...counts);
      return { group, idf: Math.log(1 + (docs.length - n + 0.5) / (n + 0.5)) };
    }),
  }));
  const hits = [];
  for (const doc of docs) {
    if (!allows(doc.slot)) continue;
    let score = 0;
    let isHit = false;
    for (const { properties, groups } of weighed) {
      let matches = 0;
      for (const { group, idf } of groups) {
        let most = 0;
        for (const { term, boost } of group) {
          let value = 0;
          for (const { name, weight, average } of properties) {
            const tokens = tokensOf(doc, name);
            const frequency = tokens.filter((token) => token === term).length;
            if (frequency) value += weight * frequency / (1 - b + b * tokens.length / average);
          }
          most = Math.max(most, boost * value);
        }
        if (most > 0) {
          matches++;
          score += idf * most / (k1 + most);
        }
      }
      if (matches > 0 && matches >= (operator === 'and' ? groups.length : minimumMatch)) isHit = true;
    }
    if (isHit) hits.push({ slot: doc.slot, score });
  }
  return hits.sort((x, y) => y.score - x.score || x.slot - y.slot);
}
