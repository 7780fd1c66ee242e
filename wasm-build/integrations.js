/**
 * Entries for optional packages: `vectile/<name>` is ts/integrations/<name>.ts, the same in every runtime, and may import the peers
 * named here. package.json names them, too: in `exports`, and as optional peers.
 * @type {Record<string, string[]>}
 */
export const integrations = {
  ai: ['ai'],
  langchain: ['@langchain/core'],
  react: ['react'],
};
