/** The database for browsers. */
import './browser.js';

export * from '../index.js';
