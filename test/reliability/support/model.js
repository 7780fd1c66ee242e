/**
 * What must be found in a database: objects by id, as { text, count, main, extra }, where main and extra are seeds of vectors.
 * A write is { kind, … }; `after` says what it makes of one object. The parent of a process keeps a model of what was
 * acknowledged, and what was under way when the process was killed.
 */

/** Ids that a write concerns; undefined: all. */
export function idsOf({ kind, objects, id }) {
  if (kind === 'insertMany') return objects.map((object) => object.id);
  if (kind === 'dropVector') return undefined;
  return ['addVector', 'codec', 'reshard'].includes(kind) ? [] : [id];
}

/** The object after a write that concerns it; undefined if there is none. */
export function after(write, id, before) {
  switch (write.kind) {
    case 'insert':
    case 'replace': return contentOf(write);
    case 'insertMany': return contentOf(write.objects.find((object) => object.id === id));
    case 'update': return { ...before, ...contentOf(write) };
    case 'delete': return undefined;
    case 'dropVector': return without(before, 'extra');
    default: return before;
  }
}

function contentOf({ text, count, main, extra }) {
  const content = {};
  for (const [name, value] of Object.entries({ text, count, main, extra })) if (value !== undefined) content[name] = value;
  return content;
}

function without(object, name) {
  const rest = { ...object };
  delete rest[name];
  return rest;
}

export class Model {
  objects = new Map();
  /** By number: writes that were begun and not acknowledged. */
  pending = new Map();
  acknowledged = 0;
  present = 0;
  absent = 0;

  begin(number, write) { this.pending.set(number, write); }

  acknowledge(number) {
    this.#apply(this.pending.get(number));
    this.pending.delete(number);
    this.acknowledged++;
  }

  /** Takes a write back that was refused. */
  refuse(number) { this.pending.delete(number); }

  /**
   * Compares with what was found, a Map like `objects`, and takes up whatever became of writes that were under way: each is there
   * whole, or not at all. Returns what is wrong.
   */
  check(found) {
    const wrong = [];
    for (const write of this.pending.values()) {
      const ids = idsOf(write) ?? [...this.objects.keys()];
      const isAfter = ids.every((id) => same(found.get(id), after(write, id, this.objects.get(id))));
      const isBefore = ids.every((id) => same(found.get(id), this.objects.get(id)));
      if (isAfter) this.#apply(write);
      if (isAfter && !isBefore) this.present++;
      else if (isBefore) this.absent++;
      else wrong.push(`a ${write.kind} of ${ids.length} that was under way: neither whole nor absent`);
    }
    this.pending.clear();
    for (const [id, object] of this.objects) if (!same(found.get(id), object)) wrong.push(`${id}: expected ${show(object)}, got ${show(found.get(id))}`);
    for (const id of found.keys()) if (!this.objects.has(id)) wrong.push(`${id}: expected none, got ${show(found.get(id))}`);
    return wrong;
  }

  #apply(write) {
    for (const id of idsOf(write) ?? [...this.objects.keys()]) {
      const object = after(write, id, this.objects.get(id));
      if (object) this.objects.set(id, object);
      else this.objects.delete(id);
    }
  }
}

const show = (object) => JSON.stringify(object) ?? 'none';

function same(a, b) {
  if (!a || !b) return a === b;
  return ['text', 'count', 'main', 'extra'].every((name) => a[name] === b[name]);
}
