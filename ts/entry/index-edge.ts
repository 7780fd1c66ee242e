/** The database for runtimes that compile WebAssembly when they deploy. */
import './edge.js';

export * from '../index.js';
