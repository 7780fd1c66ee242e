/**
 * A file system in memory that forgets, tears and fails as a real one may: `Files` (ts/storage/files.ts) for tests.
 *
 *   const files = new SimulatedFiles();
 *   const store = fs('/data', { files });
 *   …
 *   fs('/data', { files: files.crash(seed) })   what a power cut leaves; the same seed, the same disk
 *   fs('/data', { files: files.kill() })        what a killed process leaves: all it has written, synced or not
 *
 * Both give a new disk, on which the former process is no more, and leave this one as it is: any number can be made of one.
 * They share bytes until one of them writes.
 *
 * A power cut may leave of a file that was not synced: every sector of 512 bytes as it was at the last sync or after any write
 * since (zero where there was nothing), whatever its neighbours are; and any size it has had since, or one between. Of a
 * folder that was not synced: the names as they were at the last sync, or after any operation since, in order; what a name
 * stands for does not matter for that. Foreign bytes in sectors never written are not simulated, nor is a disk that lies.
 *
 * A failed sync loses what it should have made durable, as on Linux: reads still see it, the next sync succeeds, and a power
 * cut may undo it all the same.
 */
const SECTOR = 512;
const ZERO = new Uint8Array(SECTOR);
const ROOT = '/';

/** Which calls can fail in which way. `stop`: neither this call nor any later one happens: the process has ended. */
const FAULTS = {
  EIO: /./,
  ENOSPC: /^(write|create|mkdir|rename|link)$/,
  EMFILE: /^(open|create|openSync|list|syncFolder)$/,
  short: /^write$/,
  sync: /^(sync|syncFolder)$/,
  stop: /./,
};

export class SimulatedFiles {
  /** Names and paths of all calls so far, such as `write /data/a`. */
  calls = [];
  /** How many faults have happened. */
  failed = 0;
  owner;
  bootedAt = 0;
  /** What `space` tells: { used, total }. */
  disk;
  #root;
  #faults = [];

  constructor(root = new Folder(), pid = 1) {
    this.#root = root;
    this.owner = { pid, host: 'simulated', space: 'simulated' };
  }

  async space() { return this.disk; }

  // —— What happens to it ————————————————————————————————————————————————————————————

  /** A disk as a power cut leaves it now. */
  crash(seed) {
    const random = randomOf(seed);
    // most often a bit of everything, sometimes nothing that was not synced or all of it
    const keep = [undefined, undefined, undefined, 0, 1][Math.floor(random() * 5)];
    const chance = keep === undefined ? random() : keep;
    return new SimulatedFiles(copied(this.#root, (node) => node.afterCrash(random, chance)), this.owner.pid + 1);
  }

  /** A disk as the end of the process leaves it now. */
  kill() {
    return new SimulatedFiles(copied(this.#root, (node) => node.clone()), this.owner.pid + 1);
  }

  /**
   * Lets the `n`-th call from now fail, of those that can fail so and have a path that `only` matches; all from there on if `lasting`.
   * `EIO`, `ENOSPC`, `EMFILE`: rejects, a write after half of it was done. `short`: a write writes about half and says so. `sync`: a sync
   * fails and loses what it should have written. `stop`: as if the process ended before this call.
   */
  failAt(n, kind, { only = /./, lasting = kind === 'stop' } = {}) {
    this.#faults.push({ left: n, kind, only, lasting });
  }

  /** No more faults. */
  heal() { this.#faults = []; }

  /** Turns one bit of a file over, on the disk too. */
  flip(path, bit) {
    const file = this.#file(path);
    file.own();
    file.data[bit >> 3] ^= 1 << (bit & 7);
  }

  /** Paths of all files, in order. */
  paths() {
    const found = [];
    const walk = (folder, path) => {
      for (const [name, node] of folder.names) node instanceof Folder ? walk(node, `${path}/${name}`) : found.push(`${path}/${name}`);
    };
    walk(this.#root, '');
    return found.sort();
  }

  /** What is in a file, as a copy. */
  contentOf(path) {
    const file = this.#file(path);
    return file.data.slice(0, file.size);
  }

  /** Puts a durable file there, in place of what was. */
  replace(path, bytes) {
    const [folder, name] = this.#parent(path);
    folder.names.set(name, new File(bytes.slice(), bytes.length));
  }

  // —— Files ———————————————————————————————————————————————————————————————————————

  async open(path, mode) {
    this.#call(mode === 'create' ? 'create' : 'open', path);
    if (mode !== 'create') return this.#handle(this.#file(path), path);
    const [folder, name] = this.#parent(path);
    if (folder.names.has(name)) throw failure('EEXIST', path);
    const file = new File();
    folder.set(name, file);
    return this.#handle(file, path);
  }

  openSync(path) {
    this.#call('openSync', path);
    return this.#handle(this.#file(path), path);
  }

  async rename(from, to) {
    this.#call('rename', from);
    const [folder, name] = this.#parent(from);
    const [target, targetName] = this.#parent(to);
    if (folder !== target) throw failure('EXDEV', from); // no need of it yet
    const file = this.#file(from);
    folder.change([name, undefined], [targetName, file]);
  }

  async link(from, to) {
    this.#call('link', from);
    const [folder, name] = this.#parent(to);
    if (folder.names.has(name)) throw failure('EEXIST', to);
    folder.set(name, this.#file(from));
  }

  async unlink(path) {
    this.#call('unlink', path);
    this.#file(path);
    const [folder, name] = this.#parent(path);
    folder.set(name, undefined);
  }

  async mkdir(path) {
    this.#call('mkdir', path);
    let folder = this.#root;
    for (const part of partsOf(path)) {
      if (!folder.names.has(part)) folder.set(part, new Folder());
      folder = folder.names.get(part);
      if (!(folder instanceof Folder)) throw failure('EEXIST', path);
    }
  }

  async rmdir(path) {
    this.#call('rmdir', path);
    const [folder, name] = this.#parent(path);
    const node = folder.names.get(name);
    if (!(node instanceof Folder)) throw failure(node ? 'ENOTDIR' : 'ENOENT', path);
    if (node.names.size) throw failure('ENOTEMPTY', path);
    folder.set(name, undefined);
  }

  async list(path) {
    this.#call('list', path);
    const folder = this.#node(path);
    if (!(folder instanceof Folder)) return undefined;
    return [...folder.names].map(([name, node]) => ({ name, isFolder: node instanceof Folder }));
  }

  async stat(path) {
    this.#call('stat', path);
    const node = this.#node(path);
    return node && { bytes: node.size ?? 0, modified: node.modified ?? 0 };
  }

  async touch(path) {
    this.#call('touch', path);
    this.#file(path).modified = Date.now();
  }

  async syncFolder(path) {
    const folder = this.#node(path);
    const fault = this.#call('syncFolder', path, true);
    if (fault) throw failure(fault === 'EMFILE' ? fault : 'EIO', path);
    if (!(folder instanceof Folder)) throw failure('ENOENT', path);
    folder.undo = [];
  }

  async resolve(path) { return ROOT + partsOf(path).join('/'); }

  startOf(pid) { return pid === this.owner.pid ? `start of ${pid}` : undefined; }

  #handle(file, path) {
    let isOpen = true;
    const check = () => {
      if (!isOpen) throw failure('EBADF', path);
    };
    return {
      write: async (bytes, position) => {
        check();
        let fault;
        try {
          fault = this.#call('write', path);
        } catch (error) {
          if (error.code !== 'ESTOPPED') file.write(bytes.subarray(0, bytes.length >> 1), position);
          throw error;
        }
        const part = fault === 'short' ? bytes.subarray(0, shortened(bytes.length, position)) : bytes;
        file.write(part, position);
        return part.length;
      },
      sync: async () => {
        check();
        const fault = this.#call('sync', path, true);
        file.sync(!fault);
        if (fault) throw failure('EIO', path);
      },
      truncate: async (bytes) => {
        check();
        this.#call('truncate', path);
        file.truncate(bytes);
      },
      read: (into, position) => {
        check();
        this.#call('read', path);
        const part = file.data.subarray(Math.min(position, file.size), Math.min(position + into.length, file.size));
        into.set(part);
        return part.length;
      },
      size: () => {
        check();
        return file.size;
      },
      close: async () => { isOpen = false; },
    };
  }

  /** Counts a call, and throws if it is to fail; `short` is returned, and so is everything but `stop` if the caller does that itself. */
  #call(name, path, isOwn = false) {
    this.calls.push(`${name} ${path}`);
    for (const fault of this.#faults) {
      if (!FAULTS[fault.kind].test(name) || !fault.only.test(path)) continue;
      fault.left--;
      if (fault.left > 0 || (fault.left < 0 && !fault.lasting)) continue;
      this.failed++;
      if (fault.kind === 'stop') throw failure('ESTOPPED', path);
      if (fault.kind === 'short' || isOwn) return fault.kind;
      throw failure(fault.kind, path);
    }
    return undefined;
  }

  #node(path) {
    let node = this.#root;
    for (const part of partsOf(path)) {
      if (!(node instanceof Folder)) return undefined;
      node = node.names.get(part);
    }
    return node;
  }

  #file(path) {
    const node = this.#node(path);
    if (!node) throw failure('ENOENT', path);
    if (!(node instanceof File)) throw failure('EISDIR', path);
    return node;
  }

  #parent(path) {
    const parts = partsOf(path);
    const name = parts.pop();
    const folder = this.#node(parts.join('/'));
    if (!(folder instanceof Folder)) throw failure('ENOENT', path);
    return [folder, name];
  }
}

class Folder {
  /** Files and folders by name, as the process sees them. */
  names = new Map();
  /** One per operation since the last sync: what its names stood for before. */
  undo = [];

  set(name, node) { this.change([name, node]); }

  /** Names change together. */
  change(...changes) {
    this.undo.push(changes.map(([name]) => [name, this.names.get(name)]));
    for (const [name, node] of changes) node ? this.names.set(name, node) : this.names.delete(name);
  }

  clone() {
    const folder = new Folder();
    folder.names = new Map(this.names);
    folder.undo = [...this.undo];
    return folder;
  }

  afterCrash(random, chance) {
    const folder = new Folder();
    folder.names = new Map(this.names);
    let kept = 0;
    while (kept < this.undo.length && random() < chance) kept++;
    for (const changes of this.undo.slice(kept).reverse()) {
      for (const [name, node] of changes.toReversed()) node ? folder.names.set(name, node) : folder.names.delete(name);
    }
    return folder;
  }
}

class File {
  modified = Date.now();
  /** Bytes as the process sees them; zero from `size` on. */
  data;
  size;
  isShared = false;
  /** Sectors written since the last sync, with what was in them before each write; `lost`: those of syncs that failed. */
  dirty = new Map();
  lost = new Map();
  /** Sizes before each change since the last sync. */
  sizes = [];

  constructor(data = new Uint8Array(), size = 0) {
    this.data = data;
    this.size = size;
  }

  /** Makes `data` this file's own, and of `bytes` at least. */
  own(bytes = 0) {
    if (!this.isShared && bytes <= this.data.length) return;
    const data = new Uint8Array(bytes <= this.data.length ? this.data.length : Math.max(SECTOR, bytes, 2 * this.size));
    data.set(this.data.subarray(0, this.size));
    this.data = data;
    this.isShared = false;
  }

  write(bytes, position) {
    if (!bytes.length) return;
    this.#remember(position, position + bytes.length);
    this.own(position + bytes.length);
    this.data.set(bytes, position);
    if (position + bytes.length > this.size) {
      this.sizes.push(this.size);
      this.size = position + bytes.length;
    }
    this.modified = Date.now();
  }

  truncate(bytes) {
    if (bytes === this.size) return;
    this.sizes.push(this.size);
    if (bytes < this.size) {
      this.#remember(bytes, this.size);
      this.own();
      this.data.fill(0, bytes, this.size);
    } else {
      this.own(bytes);
    }
    this.size = bytes;
  }

  sync(works) {
    if (works) this.sizes = [];
    else for (const [sector, before] of this.dirty) this.lost.set(sector, before);
    this.dirty = new Map();
  }

  #remember(from, to) {
    for (let sector = Math.floor(from / SECTOR); sector * SECTOR < to; sector++) {
      let versions = this.dirty.get(sector);
      if (!versions) {
        this.dirty.set(sector, (versions = this.lost.get(sector) ?? []));
        this.lost.delete(sector);
      }
      versions.push(this.#sector(sector));
    }
  }

  #sector(sector) {
    const start = sector * SECTOR;
    if (start >= this.size) return ZERO;
    const bytes = new Uint8Array(SECTOR);
    bytes.set(this.data.subarray(start, Math.min(start + SECTOR, this.size)));
    return bytes;
  }

  clone() {
    const file = new File(this.data, this.size);
    this.isShared = file.isShared = true;
    file.modified = this.modified;
    for (const kind of ['dirty', 'lost']) file[kind] = new Map([...this[kind]].map(([sector, versions]) => [sector, [...versions]]));
    file.sizes = [...this.sizes];
    return file;
  }

  afterCrash(random, chance) {
    const file = new File(this.data, this.size);
    file.modified = this.modified;
    this.isShared = file.isShared = true;
    if (!this.dirty.size && !this.lost.size && !this.sizes.length) return file;
    const sizes = [...this.sizes, this.size];
    let reached = 0;
    while (reached < sizes.length - 1 && random() < chance) reached++;
    const size = sizes[reached];
    const next = sizes[reached + 1] ?? size;
    const isBetween = random() < 0.5 && chance > 0;
    file.size = isBetween ? Math.floor(Math.min(size, next) + random() * Math.abs(next - size)) : size;
    const data = new Uint8Array(file.size);
    data.set(this.data.subarray(0, Math.min(file.size, this.size)));
    for (const [sector, versions] of [...this.lost, ...this.dirty]) {
      if (sector * SECTOR >= file.size || random() < chance) continue;
      const version = versions[chance ? Math.floor(random() * versions.length) : 0];
      data.set(version.subarray(0, file.size - sector * SECTOR), sector * SECTOR);
    }
    file.data = data;
    file.isShared = false;
    return file;
  }
}

/** A tree with every file and folder made anew by `make`, those with several names once. */
function copied(root, make) {
  const made = new Map();
  const copy = (node) => {
    if (!node) return node;
    let there = made.get(node);
    if (there) return there;
    made.set(node, (there = make(node)));
    if (there instanceof Folder) {
      for (const [name, child] of there.names) there.names.set(name, copy(child));
      there.undo = there.undo.map((changes) => changes.map(([name, child]) => [name, copy(child)]));
    }
    return there;
  };
  return copy(root);
}

/** About half, up to the end of a sector if there is one: systems write page by page. */
function shortened(length, position) {
  const end = Math.ceil((position + length / 2) / SECTOR) * SECTOR;
  return Math.min(length, end - position);
}

const partsOf = (path) => path.split('/').filter((part) => part && part !== '.');

const failure = (code, path) => Object.assign(new Error(`${code}: ${path}`), { code });

/** Numbers in [0, 1): mulberry32. */
export function randomOf(seed) {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
