/** Files of Node that count the steps that write, and end the process before one of them. */
import { nodeFiles } from './vectile.js';

const WRITES = ['rename', 'link', 'unlink', 'mkdir', 'rmdir', 'syncFolder'];

/** `nth`: of the step that the process ends before, by SIGKILL; undefined: none. `steps()`: how many there were. */
export function countedFiles(nth) {
  let steps = 0;
  const step = () => {
    if (++steps !== nth) return;
    process.kill(process.pid, 'SIGKILL');
    for (;;); // until it comes
  };
  const counted = (object, names) => {
    const all = {};
    for (const name in object) {
      const method = object[name];
      all[name] = typeof method !== 'function' ? method : names.includes(name) ? (...given) => { step(); return method.apply(object, given); } : method.bind(object);
    }
    return all;
  };
  const files = {
    ...counted(nodeFiles, WRITES),
    open: async (path, mode) => {
      step();
      return counted(await nodeFiles.open(path, mode), ['write', 'sync', 'truncate']);
    },
  };
  return { files, steps: () => steps };
}
