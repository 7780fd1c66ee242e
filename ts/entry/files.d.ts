/** Files the build puts beside the entries. */
declare module '*/core.wasm' {
  const module: WebAssembly.Module;
  export default module;
}
declare module '*/core-inline.js' {
  export default function coreBytes(): Uint8Array<ArrayBuffer>;
}
declare module '*/encoder.wasm' {
  const module: WebAssembly.Module;
  export default module;
}
declare module '*/encoder-inline.js' {
  export default function coreBytes(): Uint8Array<ArrayBuffer>;
}
