/** First queries that show what each kind of search is good for: in words that no post uses, and by what only words find. */
import type { AccountInfo } from '../contract.js';

export interface Suggestion { query: string; about: 'meaning' | 'words' | 'both' }

/** By account: two questions that posts put in other words, and a code that some name. */
const known: Record<string, [string, string, string]> = {
  'skylark-air': ['suitcase lost on the way', 'how do I get my money back', 'CHK-22'],
  'harbour-bank': ['payments I did not make', 'cash machine swallowed my card', 'AUTH-31'],
  wavelength: ['internet connection is down', 'engineer never turned up', 'DSL-03'],
  swiftparcel: ['package never came', 'contents broken when I opened it', 'LOCK-5'],
  lantern: ['film keeps pausing', 'want to stop paying', 'DRM-6'],
  brightgrid: ['electricity is off at home', 'invoice far higher than usual', 'MTR-88'],
  northcart: ['got something I did not order', 'paid two times', 'PAY-402'],
  'meridian-hotels': ['too loud to sleep', 'no bed although I had booked', 'KEY-1'],
  pixelforge: ['my saved game is gone', 'game closes by itself', 'DX-12F'],
  forkandgo: ['food was not warm', 'dinner came much too late', 'PROMO-5'],
  openroad: ['billed for damage I did not do', 'vehicle stopped on the road', 'DEP-4'],
  'evergreen-cover': ['waiting for the insurance to pay', 'they will not cover the storm', 'UPL-5'],
  nestly: ['cannot get into my house', 'too cold in the morning', 'NL-E17'],
};
const common: Suggestion[] = [
  { query: 'nobody answers for weeks', about: 'meaning' },
  { query: 'thank you, great service', about: 'both' },
];

export function suggestionsFor({ name, products }: AccountInfo): Suggestion[] {
  const [first, second, code] = known[name] ?? [];
  return [
    ...(first && second ? [{ query: first, about: 'meaning' as const }, { query: second, about: 'meaning' as const }] : []),
    ...(code ? [{ query: code, about: 'words' as const }] : []),
    ...(products[0] ? [{ query: `problem with ${products[0]}`, about: 'both' as const }] : []),
    ...common,
  ];
}
