/** Moments: Dates, and texts by RFC 3339. */
import { tagOf } from './refusal.js';

/** For messages. */
export const MOMENT = 'a valid Date or a text with time and zone, as 2024-01-02T03:04:05Z (date)';

/** Date, time, and Z or an offset. Digits beyond the millisecond are dropped. */
const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d{1,30})?([Zz]|[+-]\d\d:\d\d)$/;

/** The moment in UTC as Date writes it; undefined if `value` is none. */
export function isoOf(value: unknown): string | undefined {
  if (typeof value === 'string') return isoOfText(value);
  if (tagOf(value) !== 'Date') return undefined;
  try {
    return Date.prototype.toISOString.call(value);
  } catch {
    // An invalid Date, or none that says it is one.
    return undefined;
  }
}

function isoOfText(text: string): string | undefined {
  const [, year, month, day, time, fraction = '', zone] = (text.length <= 64 && RFC3339.exec(text)) || [];
  if (!zone || !time || Number(day) > daysIn(Number(year), Number(month)) || time >= '24' || zone.slice(1) >= '24') return undefined;
  const date = new Date(`${year}-${month}-${day}T${time}${fraction.slice(0, 4)}${zone.toUpperCase()}`);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(2000 + year % 400, month, 0)).getUTCDate();
}
