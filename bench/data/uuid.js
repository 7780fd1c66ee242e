// Ids for objects of the suite.

import { createHash } from 'node:crypto';

/** A UUID that looks like any and ends with the row. */
export function uuidOf(row) {
  const hex = createHash('md5').update(String(row)).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 24)}${row.toString(16).padStart(8, '0')}`;
}

export const rowOf = (uuid) => parseInt(uuid.slice(-8), 16);
