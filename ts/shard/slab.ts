/** Room for many small arrays in one large one: an ArrayBuffer for each costs more than what is in it. */
const SLAB_BYTES = 64 << 10;
/** More than this gets an array of its own, lest much is kept for the sake of little. */
const SMALL_BYTES = 8 << 10;

export class Slab {
  #slab = new Uint8Array(0);
  #used = 0;

  /** So many zeros, beginning at a multiple of 8. */
  take(bytes: number): Uint8Array<ArrayBuffer> {
    if (bytes > SMALL_BYTES) return new Uint8Array(bytes);
    if (this.#used + bytes > this.#slab.length) {
      this.#slab = new Uint8Array(SLAB_BYTES);
      this.#used = 0;
    }
    const taken = this.#slab.subarray(this.#used, this.#used + bytes);
    this.#used = (this.#used + bytes + 7) & ~7;
    return taken;
  }

  /** UTF-8 of a text. */
  encode(text: string): Uint8Array<ArrayBuffer> {
    // three bytes a UTF-16 code unit at most
    if (text.length * 3 > SMALL_BYTES) return utf8.encode(text);
    const room = this.take(text.length * 3);
    const { written } = utf8.encodeInto(text, room);
    this.#used -= (room.length - written) & ~7;
    return room.subarray(0, written);
  }
}

const utf8 = new TextEncoder();
