/** What the encoder's model is made of, and where it lies in memory. Numbers only, so that both compilers read the same text. */

/** Universal Sentence Encoder lite: two transformer layers with a norm before each half, then the mean of all tokens. */
export enum Model {
  /** Of a text; what comes after them is not read. */
  TokensMax = 128,
  /** Of a token before the first layer, which widens it. */
  Width0 = 256,
  Width = 512,
  /** Inside of a feed-forward half. */
  Hidden = 1536,
  Heads = 4,
  Dimensions = 512,
}

/** How weights are stored. */
export enum WeightKind {
  F32 = 0,
  /** One symmetric scale for each column of a matrix, and for each row of the embeddings. */
  Int8 = 1,
}

/**
 * Matrices lie in panels of columns, so that a product reads them from front to back:
 *
 *   f32   f32[columns / 8][inner][8]
 *   int8  i8[columns / 4][inner / 4][4 columns][4 of inner]
 */
export enum Panel {
  F32Columns = 8,
  Int8Columns = 4,
  Int8Inner = 4,
}

export enum Batch {
  /** Tokens of all texts that are encoded at once. Rows are padded to a multiple of four. */
  Tokens = 128,
}

/** Addresses in the encoder's memory. The caller makes it reach to the end of the weights, and writes timing and weights once. */
export enum Place {
  /** u32[Batch.Tokens], of one text after the other. */
  Ids = 1024,
  /** u32[Batch.Tokens], how many of them are each text's. */
  Counts = Place.Ids + Batch.Tokens * 4,
  /** f32[Batch.Tokens][512], of unit length, one for each text. */
  Vectors = Place.Counts + Batch.Tokens * 4,
  /** f32[128][256], by place in the text. */
  Timing = Place.Vectors + Batch.Tokens * Model.Dimensions * 4,
  /** f32[Batch.Tokens][256], tokens before the first layer. */
  Narrow = Place.Timing + Model.TokensMax * Model.Width0 * 4,
  /** f32[Batch.Tokens][512], tokens from the first layer on. */
  Wide = Place.Narrow + Batch.Tokens * Model.Width0 * 4,
  /** f32[Batch.Tokens][512] */
  Normed = Place.Wide + Batch.Tokens * Model.Width * 4,
  /** f32[Batch.Tokens][512], what attention gives. */
  Mixed = Place.Normed + Batch.Tokens * Model.Width * 4,
  /** f32[Batch.Tokens + 4][1536]: queries, keys and values, or a hidden layer. */
  Inner = Place.Mixed + Batch.Tokens * Model.Width * 4,
  /** i16[Batch.Tokens][1536], and a scale for each row. */
  Integers = Place.Inner + (Batch.Tokens + 4) * Model.Hidden * 4,
  /** f32[Batch.Tokens] */
  Scales = Place.Integers + Batch.Tokens * Model.Hidden * 2,
  /** f32[128], of one token for all tokens of its text. */
  Scores = Place.Scales + Batch.Tokens * 4,
  Weights = Place.Scores + Model.TokensMax * 4,
}
