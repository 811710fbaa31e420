// Times for people: how long ago, with the exact time beside it.

import { h } from './dom.js';
import { language, t } from './words.js';

/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const UNITS = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

/**
 * "3 hours ago", with the exact time as its title.
 *
 * @param {string | number | Date} at
 */
export function ago(at) {
  const date = new Date(at);
  return h('time', { datetime: date.toISOString(), title: exact(date) }, relative(date));
}

/** @param {Date} date */
export function relative(date) {
  const seconds = (date.getTime() - Date.now()) / 1000;
  const found = UNITS.find(([, length]) => Math.abs(seconds) >= length);
  if (!found) return t('time.now');
  const [unit, length] = found;
  return new Intl.RelativeTimeFormat(language(), { numeric: 'auto' }).format(Math.trunc(seconds / length), unit);
}

/** @param {string | number | Date} at */
export function exact(at) {
  return new Intl.DateTimeFormat(language(), { dateStyle: 'long', timeStyle: 'medium' }).format(new Date(at));
}

/** The same in few letters, for tables. @param {string | number | Date} at */
export function moment(at) {
  return new Intl.DateTimeFormat(language(), { dateStyle: 'medium', timeStyle: 'medium' }).format(new Date(at));
}
