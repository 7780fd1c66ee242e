/** Icons of 16 × 16 as strokes in the colour of the text; words stand beside them or in the label of their button. */
const paths = {
  search: 'M7 12a5 5 0 1 0 0-10 5 5 0 0 0 0 10ZM10.8 10.8 14 14',
  close: 'm4 4 8 8M12 4l-8 8',
  copy: 'M6 6h7v7H6zM3 10V3h7',
  trash: 'M3 4.5h10M6.5 4V2.5h3V4M4.5 4.5l.6 9h5.8l.6-9M7 7v4M9 7v4',
  sun: 'M8 10.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6ZM8 1.5v1.2M8 13.3v1.2M1.5 8h1.2M13.3 8h1.2M3.4 3.4l.8.8M11.8 11.8l.8.8M3.4 12.6l.8-.8M11.8 4.2l.8-.8',
  moon: 'M13.2 9.6A5.6 5.6 0 0 1 6.4 2.8a5.6 5.6 0 1 0 6.8 6.8Z',
  screen: 'M2 3h12v8H2zM6 13.5h4',
  results: 'M2.5 4h11M2.5 8h11M2.5 12h7',
  answer: 'M2.5 3h11v8H8l-3 2.5V11H2.5z',
  statistics: 'M3 13V8M8 13V3M13 13V6',
  codecs: 'M8 2 14 5 8 8 2 5zM2 8l6 3 6-3M2 11l6 3 6-3',
  data: 'M8 6.5c3 0 5-.9 5-2s-2-2-5-2-5 .9-5 2 2 2 5 2ZM3 4.5v7c0 1.1 2 2 5 2s5-.9 5-2v-7M3 8c0 1.1 2 2 5 2s5-.9 5-2',
  check: 'm3 8.5 3.2 3L13 4.5',
  down: 'm4 6 4 4 4-4',
  upload: 'M8 10.5V3M5 5.5 8 2.5l3 3M2.5 11v2.5h11V11',
  download: 'M8 2.5V10M5 7.5l3 3 3-3M2.5 11v2.5h11V11',
  restart: 'M13 8a5 5 0 1 1-1.6-3.7M13 2v3h-3',
} as const;

export type IconName = keyof typeof paths;

export const Icon = ({ name }: { name: IconName }) => (
  <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d={paths[name]} /></svg>
);
