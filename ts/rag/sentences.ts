/** Sentences of objects as a summary may quote them: of prose only, without what people say by habit. Knows nothing of vectors. */
import type { GenerateObject } from './generator.js';

export interface Sentence {
  /** Place of the object it is of. */
  object: number;
  /** As it is quoted: one line, with an end. */
  text: string;
  /** In lower case, without numbers, codes, and those that say nothing. */
  words: string[];
}

/** Shorter texts are names, codes and the like. */
const PROSE_WORDS = 4;
const TEXT_MAX = 280;
/** What follows in a text is not read. */
const READ_MAX = 10_000;
/** The time a segmenter takes grows with the square of the text: of longer lines a sentence ends where its sign is. */
const SEGMENTED_MAX = 1000;
const STOPWORDS = new Set(
  `a about am an and any are as at be been but by can could did do does for from get got had has have he her here hi him his how i if in into is it its just me my of
  on or our out she so some than that the their them then there these they this to up us was we were what when where which who why will with would you your`.split(/\s+/),
);
const HANDLES = /^(\s*@\w+[:,]?)+\s*|https?:\/\/\S+|\s*\^[A-Z]{2}\b|\s*#\w+/g;
/** Ends a sentence where another one begins behind it. */
const PICTURE = /\s*\p{Extended_Pictographic}[\u{FE0F}\u{1F3FB}-\u{1F3FF}]?\s+(?=\p{Lu})/gu;
/** `Small question - `, `Update: ` */
const LEAD_IN = /^[^\s:]+( [^\s:]+){0,4}(:| [-–—]) (?=\S+ \S+ \S+ \S)/;
/** Greetings, at the beginning only; what follows them is kept. */
const GREETING = /^(hi|hello|hey|dear|good (day|morning|afternoon|evening))\b(?! and)( sir or madam|( [^\s,.!?:]+){0,2})( ?[,.!?:]| [-–—])\s*/i;
/** Whole sentences that say nothing of the matter. */
const HABIT = /^(thank(s| you)|many thanks|thx|please (advise|help|reply|respond|call|ring|write|contact|dm)|help( is|!|\.)|(kind |best |warm )?(regards|wishes)|cheers|sincerely|yours|best,|subject:)/i;
const HABIT_WORDS = 3;

/** Of the texts of each object, in their order. Those of prose; if an object has none, its longest text. At most `most` of all, evenly. */
export function sentencesOf(objects: readonly GenerateObject[], most: number): Sentence[] {
  const each = Math.max(2, Math.floor(most / Math.max(1, objects.length)));
  return objects.flatMap(({ properties }, object) => {
    const texts = Object.values(properties).flatMap((value) => (Array.isArray(value) ? value : [value])).filter((value): value is string => typeof value === 'string' && value.trim() !== '').map((text) => text.slice(0, READ_MAX));
    const prose = texts.filter((text) => wordsOf(text).length >= PROSE_WORDS);
    const chosen = prose.length ? prose : texts.sort((a, b) => b.length - a.length).slice(0, 1);
    const all = chosen.flatMap(splitSentences).map((text): Sentence => ({ object, text: quoted(text), words: contentOf(text) }));
    const telling = all.filter(({ text, words }) => words.length > 1 && !(HABIT.test(text) && words.length <= HABIT_WORDS));
    return (telling.length ? telling : all.slice(0, 1)).slice(0, each);
  }).slice(0, most);
}

export function contentOf(text: string): string[] { return wordsOf(text).filter((word) => !STOPWORDS.has(word) && !/\d/.test(word)).map(stem); }

/** Lines and sentences, trimmed, without handles, links, greetings and what leads in. */
export function splitSentences(text: string): string[] {
  return text.replace(HANDLES, '').replace(PICTURE, '\n').split(/\n+/).flatMap((line) => {
    const pieces = segmenter && line.length <= SEGMENTED_MAX ? Array.from(segmenter.segment(line), ({ segment }) => segment) : line.match(/[^.!?…。！？]+[.!?…。！？]*["'”’)\]]*|\S+/g) ?? [];
    return pieces.map((piece) => piece.replace(/\s+/g, ' ').trim().replace(GREETING, '').replace(LEAD_IN, '')).filter((piece) => /[\p{L}\p{N}]/u.test(piece));
  });
}

const segmenter = typeof Intl === 'object' && 'Segmenter' in Intl ? new Intl.Segmenter('en', { granularity: 'sentence' }) : undefined;
/** Of scripts without spaces, characters. A segmenter of words would know better, and takes a hundred times as long. */
const WORD = /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}]|[\p{L}\p{M}\p{N}]+(?:['’]\p{L}+)?/gu;

function wordsOf(text: string): string[] { return text.normalize('NFKC').toLowerCase().match(WORD) ?? []; }

/** Enough that `parcels` and `parcel`, `charged` and `charge` are one; what is cut off in excess is so everywhere. */
function stem(word: string): string {
  return word.length > 4 ? word.replace(/(ies|es|s|ing|ed|e)$/, '') || word : word;
}

function quoted(text: string): string {
  let line = text;
  if (line.length > TEXT_MAX) line = `${line.slice(0, TEXT_MAX).replace(/\s+\S*$/, '')}…`;
  line = line[0]!.toUpperCase() + line.slice(1);
  return /[\p{L}\p{N})\]]$/u.test(line) ? `${line}.` : line;
}
