/**
 * An account's posts with their vectors as one file, for Node and browsers.
 *
 *   gzip of: u32 bytes of the JSON | JSON { …account, posts } | zeros to a multiple of 4 | f32[posts] scales | i8[posts][dimensions]
 *
 * A vector is its scale times its bytes.
 */

/**
 * @param {import('./generate.js').CorpusAccount} account
 * @param {readonly Float32Array[]} vectors one for each post
 * @returns {Promise<Uint8Array>}
 */
export async function packAccount(account, vectors) {
  const json = new TextEncoder().encode(JSON.stringify({ ...account, dimensions: vectors[0].length }));
  const scalesAt = Math.ceil((4 + json.length) / 4) * 4, codesAt = scalesAt + 4 * vectors.length, { length: dimensions } = vectors[0];
  const bytes = new Uint8Array(codesAt + vectors.length * dimensions);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, json.length, true);
  bytes.set(json, 4);
  const codes = new Int8Array(bytes.buffer, codesAt);
  vectors.forEach((vector, i) => {
    const most = vector.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
    view.setFloat32(scalesAt + 4 * i, most / 127, true);
    for (let at = 0; at < dimensions; at++) codes[i * dimensions + at] = Math.round((vector[at] / most) * 127);
  });
  return through(bytes, new CompressionStream('gzip'));
}

/**
 * @param {Uint8Array<ArrayBuffer>} packed
 * @returns {Promise<{ account: import('./generate.js').CorpusAccount, vectorOf: (post: number) => Float32Array }>} `vectorOf`: of the i-th post
 */
export async function readAccount(packed) {
  const { buffer } = await through(packed, new DecompressionStream('gzip'));
  const jsonBytes = new DataView(buffer).getUint32(0, true);
  const { dimensions, ...account } = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, jsonBytes)));
  const scales = new Float32Array(buffer, Math.ceil((4 + jsonBytes) / 4) * 4, account.posts.length);
  const codes = new Int8Array(buffer, scales.byteOffset + scales.byteLength);
  return { account, vectorOf: (post) => Float32Array.from(codes.subarray(post * dimensions, (post + 1) * dimensions), (code) => code * scales[post]) };
}

/** @returns {Promise<Uint8Array<ArrayBuffer>>} */
async function through(bytes, transform) {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(transform)).arrayBuffer());
}
