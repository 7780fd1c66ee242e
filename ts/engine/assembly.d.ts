/** AssemblyScript's number types, so that layout.ts reads the same to both compilers. */
declare type u32 = number;
declare type f64 = number;
