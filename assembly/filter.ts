/** Which slots a traversal may return: a type parameter of the search, so that no filter costs nothing. */
import { NONE } from "./layout";
import { Index, hasBit } from "./image";

/** Every linked node, tombstones included. */
@unmanaged @final export class Everything {
  @inline get passesAll(): bool { return true; }
  @inline has(slot: u32): bool { return true; }
  @inline accepts(index: Index, slot: u32): bool { return true; }
}

/** The slots whose bit is set; overlays the bitmap itself. */
@unmanaged @final export class Allowed {
  @inline get passesAll(): bool { return false; }
  @inline has(slot: u32): bool { return hasBit(changetype<usize>(this), slot); }

  /** A node counts if it or a vector equal to it is allowed. O(twins) when it is not allowed itself. */
  @inline accepts(index: Index, slot: u32): bool {
    return this.has(slot) || (index.twinCount > 0 && this.hasTwin(index, slot));
  }

  hasTwin(index: Index, slot: u32): bool {
    for (let twin = index.twin(slot); twin != NONE; twin = index.twin(twin)) {
      if (this.has(twin)) return true;
    }
    return false;
  }
}
