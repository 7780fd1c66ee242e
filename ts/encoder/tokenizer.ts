/** Texts to tokens, by a vocabulary of pieces with scores: the most likely way to cut a text up (SentencePiece, unigram). */

/** Stands for a space, and for the beginning of a text. */
const SPACE = '\u2581';
/** First of the vocabulary: what no piece begins with. */
const UNKNOWN = 0;
/** Entries at the front of the vocabulary that no text is cut into. */
const RESERVED = 6;
const PREFIX_ONLY = -1;

export class Tokenizer {
  /** By each piece its token, and PREFIX_ONLY by what pieces only begin with. */
  readonly #pieces = new Map<string, number>();
  readonly #scores: Float64Array;
  /** In UTF-16 units, by token. */
  readonly #lengths: Uint8Array;

  /** `scores`: logarithms of how likely a piece is. Of equal pieces the last one counts. */
  constructor(pieces: readonly string[], scores: Float64Array) {
    this.#scores = scores;
    this.#lengths = Uint8Array.from(pieces, ({ length }) => length);
    for (let token = RESERVED; token < pieces.length; token++) {
      const piece = pieces[token]!;
      this.#pieces.set(piece, token);
      for (let length = 1; length < piece.length; length++) {
        const prefix = piece.slice(0, length);
        if (!this.#pieces.has(prefix)) this.#pieces.set(prefix, PREFIX_ONLY);
      }
    }
  }

  /**
   * In O(length). The rules are the ones the model was trained beside, odd ones included: a score of exactly 0 counts as none yet,
   * of equally likely ways the one with the shorter last piece is taken, and several unknown characters in a row are one token.
   */
  encode(text: string): number[] {
    const input = SPACE + text.normalize('NFKC').replaceAll(' ', SPACE);
    const best = new Float64Array(input.length + 1);
    /** The last token of the best way to each place. */
    const last = new Uint16Array(input.length + 1);
    const offer = (end: number, score: number, token: number) => {
      if (best[end] !== 0 && score < best[end]!) return;
      best[end] = score;
      last[end] = token;
    };
    for (let start = 0; start < input.length; start++) {
      let isKnown = false;
      for (let end = start + 1; end <= input.length; end++) {
        const token = this.#pieces.get(input.slice(start, end));
        if (token === undefined) break;
        if (token === PREFIX_ONLY) continue;
        isKnown = true;
        offer(end, best[start]! + this.#scores[token]!, token);
      }
      if (!isKnown) offer(start + 1, best[start]!, UNKNOWN);
    }
    const tokens: number[] = [];
    for (let end = input.length; end > 0;) {
      const token = last[end]!;
      if (token !== UNKNOWN || tokens.at(-1) !== UNKNOWN) tokens.push(token);
      end -= this.#lengths[token]!;
    }
    return tokens.reverse();
  }
}
