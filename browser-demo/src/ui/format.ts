/** Numbers and dates as the pages show them. */
const whole = new Intl.NumberFormat('en');
const day = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });
const units = ['B', 'kB', 'MB', 'GB'];

export const count = (value: number): string => whole.format(value);

/** `one` or `many` of something: `1 post`, `2,300 posts`. */
export const counted = (value: number, noun: string): string => `${count(value)} ${noun}${value === 1 ? '' : 's'}`;

export function bytes(value: number): string {
  if (!Number.isFinite(value)) return '–';
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

export function milliseconds(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value >= 995) return `${(value / 1000).toFixed(1)} s`;
  return `${value.toFixed(value < 0.995 ? 2 : value < 99.5 ? 1 : 0)} ms`;
}

export const percent = (share: number): string => (Number.isFinite(share) ? `${(share * 100).toFixed(1)} %` : '–');

/** Nothing of a post that came without a date. */
export function date(iso: string): string {
  const time = new Date(iso);
  if (time.getTime() === 0) return '';
  return Number.isNaN(time.getTime()) ? iso : day.format(time);
}

/** `inverted_index` → `Inverted index`. */
export function words(name: string): string {
  const text = name.replace(/([a-z])([A-Z])/g, '$1 $2').replaceAll(/[_.-]+/g, ' ').toLowerCase();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
