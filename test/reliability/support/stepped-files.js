/** `Files` that count their steps by operation and kind of file, and end the process at one of them. */

/** What a file is for, by its path; a temporary file by what it will be, where that can be told. */
export function kindOf(path) {
  const parts = path.split('/');
  const name = parts.at(-1);
  if (name.startsWith('.tmp-lock')) return 'new lock';
  if (name.startsWith('.tmp-')) return 'new file';
  if (name.endsWith('.log')) return parts.includes('catalog') ? 'catalog log' : 'log';
  if (name.startsWith('lock-')) return 'lock';
  if (/^(objects|vectors|table|index|unlinked|inverted)-/.test(name)) return name.split('-')[0];
  if (name === 'manifest' || name === 'vectile.json') return name;
  if (name === 'log') return 'folder of log';
  return parts.at(-2) === 'shards' ? 'folder of shard' : 'folder';
}

/** `step`: { operation, kind, nth, when: 'before' | 'after' }. `counts`: by `operation kind`. */
export function steppedFiles(files, step) {
  const counts = {};
  const end = () => {
    process.kill(process.pid, 'SIGKILL');
    for (;;); // until it comes
  };
  const around = async (operation, path, work) => {
    const key = `${operation} ${kindOf(path)}`;
    counts[key] = (counts[key] ?? 0) + 1;
    const isIt = step && operation === step.operation && kindOf(path) === step.kind && counts[key] === step.nth;
    if (isIt && step.when === 'before') end();
    const result = await work();
    if (isIt) end();
    return result;
  };
  const handleOf = (handle, path) => ({
    write: (bytes, position) => around('write', path, () => handle.write(bytes, position)),
    sync: () => around('sync', path, () => handle.sync()),
    truncate: (bytes) => around('truncate', path, () => handle.truncate(bytes)),
    read: (into, position) => handle.read(into, position),
    size: () => handle.size(),
    close: () => handle.close(),
  });
  return {
    counts,
    files: {
      owner: files.owner,
      bootedAt: files.bootedAt,
      startOf: (pid) => files.startOf(pid),
      openSync: (path) => files.openSync(path),
      list: (path) => files.list(path),
      stat: (path) => files.stat(path),
      touch: (path) => files.touch(path),
      resolve: (path) => files.resolve(path),
      open: async (path, mode) => handleOf(await (mode === 'create' ? around('create', path, () => files.open(path, mode)) : files.open(path, mode)), path),
      // what a file becomes says more than what it was
      rename: (from, to) => around('rename', to, () => files.rename(from, to)),
      link: (from, to) => around('link', to, () => files.link(from, to)),
      unlink: (path) => around('unlink', path, () => files.unlink(path)),
      mkdir: (path) => around('mkdir', path, () => files.mkdir(path)),
      rmdir: (path) => around('rmdir', path, () => files.rmdir(path)),
      syncFolder: (path) => around('syncFolder', path, () => files.syncFolder(path)),
    },
  };
}
