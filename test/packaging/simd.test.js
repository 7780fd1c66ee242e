// What the shipped binaries consist of, read back by a disassembler.
import { readFileSync } from 'node:fs';
import binaryen from 'assemblyscript/binaryen';
import { describe, expect, it } from 'vitest';

/** Text of a shipped binary, and its vector instructions. */
function disassemble(file) {
  const module = binaryen.readBinaryWithFeatures(readFileSync(new URL(`../../dist/${file}`, import.meta.url)), binaryen.Features.All);
  const text = module.emitText();
  module.dispose();
  const simd = text.match(/\((v128|[if](8x16|16x8|32x4|64x2))\.\w+/g) ?? [];
  return { text, simd, relaxed: simd.filter((instruction) => /relaxed/.test(instruction)) };
}

describe.each(['core.wasm', 'core-relaxed.wasm'])('%s', (file) => {
  const { text, simd } = disassemble(file);

  it('computes with vectors', () => {
    console.log(`${file}: ${simd.length} vector instructions`);
    expect(simd.length).toBeGreaterThan(300);
  });

  it('imports nothing, so that any host can instantiate it', () => {
    expect(text.match(/\(import /g)).toBeNull();
  });
});

describe('relaxed instructions', () => {
  it('are in the relaxed binary', () => {
    expect(disassemble('core-relaxed.wasm').relaxed.length).toBeGreaterThan(10);
  });

  it('are not in the baseline, which must run everywhere', () => {
    expect(disassemble('core.wasm').relaxed).toEqual([]);
  });
});
