/** Whether the files that manifests of shards name are on a disk: all of them must have been, and whole, before one was named. */
import { checkSection, decodeHead } from '../../../ts/search/part-file.js';
import { decodeJson } from '../../../ts/storage/checked-json.js';
import { markOf, markedChecksum } from '../../../ts/shard/mark.js';

/** What is not so, of a simulated disk. Parts of the inverted index are read in full: damage of theirs would be mended unseen. */
export function unwritten(disk) {
  const wrong = [];
  const paths = new Set(disk.paths());
  for (const path of [...paths].filter((path) => /\/shards\/[^/]+\/manifest$/.test(path))) {
    const root = path.slice(0, path.indexOf('/shards/') + 1);
    const { identity, table, fields, inverted = [] } = decodeJson(disk.contentOf(path), path);
    for (const file of [table, ...fields.flatMap(({ image, unlinked }) => [image, unlinked]), ...inverted]) {
      if (!file) continue;
      const bytes = paths.has(root + file.name) ? disk.contentOf(root + file.name) : new Uint8Array(0);
      if (bytes.length !== file.bytes) wrong.push(`${file.name}: named, with ${bytes.length} of ${file.bytes} bytes`);
      else if (inverted.includes(file)) wrong.push(...damageOf(file, bytes, markOf(identity)));
    }
  }
  return wrong;
}

function damageOf(file, bytes, mark) {
  const checksum = (part) => markedChecksum(part, mark);
  try {
    for (const place of decodeHead(bytes, file, checksum)) checkSection(bytes.slice(place.offset, place.offset + place.bytes), place, file.name, checksum);
    return [];
  } catch (error) {
    return [`named, and ${error.message}`];
  }
}
