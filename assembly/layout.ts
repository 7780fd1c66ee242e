/**
 * The map of memory and of the image; enums and numbers only, so that both compilers read it.
 *
 * An index lies in linear memory exactly as it lies in a file:
 *
 *   index ─► ┌────────┬─────┬────────┬──────┬───────┬────────┬───────┬───────┬──────┬───────┬───────┬───────┬──────────┐
 *            │ header │ ids │ states │ live │ twins │ uppers │ norms │ links │ rows │ arena │ codes │ model │ rowModel │
 *            └────────┴─────┴────────┴──────┴───────┴────────┴───────┴───────┴──────┴───────┴───────┴───────┴──────────┘
 *            every region starts at a multiple of 64 bytes, offsets are relative to `index`
 *
 *   rows hold the full vectors: as floats, as finer codes, or not at all (they lie outside); codes are what a search walks
 *   and scans, where the codec is not f32
 *
 *   scratch ─► what one query or one insertion writes; nothing in it outlives the call but a resident filter
 *
 * All numbers are little-endian. The core fills regions by slot; a slot is a dense u32 below `Header.Extent`.
 */

/** First four bytes of an image: "VCTL". */
export const MAGIC: u32 = 0x4c544356;
/** Raised whenever an older reader would misread the bytes. Version 1 had neither codes nor models; it is still read. */
export const FORMAT_VERSION: u32 = 2;
/** Of images without the rows they need: a version of their own, so that older releases refuse these and go on reading the others. */
export const FORMAT_VERSION_WITHOUT_ROWS: u32 = 3;
/** Regions of a version 1 image: those up to Region.Arena. */
export const REGIONS_BEFORE_CODES: u32 = 9;
/** No slot: the end of a link list, of a chain of twins, of the free list. */
export const NONE: u32 = 0xffffffff;
/** Highest level a node may have; the low four bits of a state hold level + 1. */
export const LEVEL_MAX: u32 = 14;
export const HEADER_BYTES: u32 = 512;
export const REGION_ALIGNMENT: u32 = 64;
/** Offset, bytes and checksum of a region in the header. */
export const REGION_ENTRY_BYTES: u32 = 12;
/** A quantile of 1 in the header. */
export const QUANTILE_ONE: u32 = 0x40000000;
/** Vectors longer than 2^62 are refused: a squared distance could overflow, and order would be lost. */
export const LENGTH_MAX: f64 = 4611686018427387904.0;

export const enum Metric {
  Cosine = 0,
  Dot = 1,
  L2Squared = 2,
  Manhattan = 3,
  Hamming = 4,
}

export const enum IndexType {
  Flat = 0,
  Hnsw = 1,
}

/** How vectors are stored for walking and scanning. */
export const enum Codec {
  /** No codes: the rows themselves. */
  F32 = 0,
  Sq8 = 1,
  Sq4 = 2,
  Pq = 3,
  Bq = 4,
  Rq8 = 5,
  Rq1 = 6,
}

/** What is kept of full vectors, for exact distances. */
export const enum FullVectors {
  /** Rows are f32. */
  Memory = 0,
  /** No rows. */
  External = 1,
  /** Rows are sq8 codes. */
  Sq8 = 2,
}

/** Byte offsets of the header's fields; all u32 but RandomState, which is u64. */
export const enum Header {
  Magic = 0,
  Version = 4,
  /** Of the whole image, header included. */
  ImageBytes = 8,
  Type = 12,
  Metric = 16,
  Dimensions = 20,
  /** Bytes of a row. Of f32: dimensions × 4, rounded up to 16; the padding is zero. */
  RowBytes = 24,
  /** m of the paper; layer 0 has 2 × m. 0 in a flat index. */
  MaxConnections = 28,
  EfConstruction = 32,
  /** 1: region Ids is present and slots are allotted by the index. 0: the caller allots slots. */
  HasIds = 36,
  RandomState = 40,
  /** Slots there is room for. */
  Capacity = 48,
  /** One more than the highest slot ever used. */
  Extent = 52,
  /** Slots that hold a vector which a search may return. */
  Live = 56,
  /** Removed nodes that are still linked: traversed, never returned. */
  Tombstones = 60,
  /** Vectors equal to a linked one; they hang on it and are not linked themselves. */
  TwinCount = 64,
  /** Slots on the free list. */
  FreeCount = 68,
  FreeHead = 72,
  /** Where a search starts, or NONE. */
  Entry = 76,
  EntryLevel = 80,
  /** Bytes of the arena handed out so far, and of those that are on its free lists. */
  ArenaUsed = 84,
  ArenaWaste = 88,
  /** Repair: its phase, and the next slot to visit. */
  SweepPhase = 92,
  SweepCursor = 96,
  /** Slots that hold another vector than when some node linked to them. */
  Moved = 100,
  Codec = 104,
  /** Bytes of a code, 0 for f32. */
  CodeBytes = 108,
  FullVectors = 112,
  /** pq: parts a vector is cut into, and centroids of each. */
  Segments = 116,
  Centroids = 120,
  /** bq: 1 if codes are the signs of x − mean. */
  Centred = 124,
  /** Three u32 per region: offset, bytes, checksum (the checksum only in a file). There is room for 16. */
  Regions = 128,
  /** What the index shall become when enough vectors are there to train it: the fields from Codec on, again. */
  WantedCodec = 320,
  WantedFullVectors = 324,
  WantedSegments = 328,
  WantedCentroids = 332,
  WantedCentred = 336,
  /** Vectors that must be there first. */
  TrainingLimit = 340,
  /** In parts of QUANTILE_ONE; sq8: the share of components that its range shall hold, and the one it holds. */
  WantedQuantile = 344,
  Quantile = 348,
  /** 1: region Rows is empty in the file although rows are f32; they are to be given when it is opened. 0 in an index in use. */
  RowsOutside = 352,
  /** u32[LEVEL_MAX]: by level, the first free block of the arena for a node of that level; its first word is the next. */
  ArenaFree = 416,
  /** CRC32C of all header bytes before it (only in a file). */
  Checksum = 508,
}

export const enum Region {
  /** u32[extent]: the caller's id of each slot. Written by VectorIndex, never read by the core. */
  Ids = 0,
  /** u8[extent]: 0 = free; else level + 1 in the low four bits, and flags of `State`. */
  States = 1,
  /** One bit per slot: holds a vector that a search may return. */
  Live = 2,
  /** u32[extent]: first or next twin of a slot; of a free slot, the next free one. */
  Twins = 3,
  /** u32[extent]: offset in the arena of the links above layer 0, or NONE. */
  Uppers = 4,
  /** f32[extent], cosine and bq only: the length of the vector as it was given. With cosine rows are of unit length. */
  Norms = 5,
  /** u32[extent][2m]: neighbors at layer 0, ended by NONE if fewer. A twin keeps its predecessor in the first. */
  Links = 6,
  /** u8[extent][rowBytes]: f32 or sq8, or nothing. */
  Rows = 7,
  /** u32[level][m] for each node above layer 0: its neighbors at levels 1, 2, … */
  Arena = 8,
  /** u8[extent][codeBytes]; of pq with at most 16 centroids in a flat index: blocks of 32 slots (codecs/fastscan.ts). */
  Codes = 9,
  /** What was trained or drawn for the codes; see codecs/. */
  Model = 10,
  /** The same for rows of sq8. */
  RowModel = 11,
  Count = 12,
}

export const enum State {
  Free = 0,
  LevelMask = 15,
  /** Nodes may link to it, even if it has none itself any more. */
  Linked = 16,
  /** Removed, still linked to. */
  Tombstone = 32,
  Twin = 64,
  /** Links to it are to be reconsidered: of a tombstone, the sweep under way will free it; else its vector was replaced. */
  Suspect = 128,
  /** Both flags of a tombstone that is to be freed. */
  Condemned = 160,
}

export const enum SweepPhase {
  Idle = 0,
  Mark = 1,
  Relink = 2,
  Free = 3,
}

/** Byte offsets of what TypeScript reads and writes in a scratch area; all u32 addresses or counts. */
export const enum Scratch {
  /** f32[dimensions], zero-padded to 16 bytes: a vector is written here, the core prepares it in place. */
  Query = 0,
  /** An allow-list: one bit per slot, or u32[AllowCount]. */
  Allow = 8,
  AllowCount = 12,
  /** u32[width] and f32[width]: what a search found. */
  HitSlots = 40,
  HitDistances = 44,
  /** Distances measured since the area was opened; wraps. */
  Measured = 52,
  /** f32[4][rowBytes of f32]: where decode leaves a vector, and measureRows takes them from. */
  Rows = 60,
  /** Candidates rescored by the last search. */
  Rescored = 64,
  /** Of the head of the area, before the arrays. */
  HeadBytes = 256,
}

/** What a search may return. */
export const enum FilterKind {
  None = 0,
  /** The slots listed in the scratch area. */
  List = 1,
  /** The slots whose bit is set there. */
  Bitmap = 2,
}

/** How a search gets there. */
export const enum Strategy {
  /** Whatever is estimated to cost less. */
  Auto = 0,
  /** Every slot that may be returned is measured; exact. */
  Scan = 1,
  /** The graph is walked. */
  Traverse = 2,
}

/** Negative results of exports. */
export const enum Status {
  /** A component is NaN or infinite, or the vector is longer than 2^62. */
  NotFinite = -1,
  /** Cosine of a zero vector. */
  ZeroVector = -2,
}
