// The words of the page in the reader's language.

import { keep, kept } from './keep.js';
import en from './words/en.js';
import ko from './words/ko.js';

/** @typedef {keyof typeof en} WordKey */
/** @typedef {{ [K in WordKey]: K extends `${infer Stem}.other` ? Stem : never }[WordKey]} CountKey */
/** @typedef {'en' | 'ko'} Language */

/** @type {Record<Language, Record<WordKey, string>>} */
const ALL = { en, ko };

/** The languages, by their own names. @type {Record<Language, string>} */
export const LANGUAGES = { en: 'English', ko: '한국어' };

const KEPT_AS = 'jeton.language';

/** @type {Language} */
let current = 'en';

/**
 * @param {string | null | undefined} tag
 * @returns {Language | undefined}
 */
function known(tag) {
  const primary = (tag ?? '').toLowerCase().split('-')[0];
  return primary === 'en' || primary === 'ko' ? primary : undefined;
}

/** Takes up the language that was chosen before, or else the first of the browser's that there is. */
export function startLanguage() {
  const wanted = [kept(KEPT_AS), ...navigator.languages];
  setLanguage(wanted.map(known).find((tag) => tag !== undefined) ?? 'en');
}

/** @param {Language} tag */
export function setLanguage(tag) {
  current = tag;
  document.documentElement.lang = tag;
}

/** @param {Language} tag */
export function chooseLanguage(tag) {
  keep(KEPT_AS, tag);
  setLanguage(tag);
}

/** @returns {Language} */
export function language() {
  return current;
}

/**
 * The words of a key, with `{name}` replaced by values.
 *
 * @param {WordKey} key
 * @param {Record<string, string | number>} [values]
 */
export function t(key, values = {}) {
  return insert(ALL[current][key], values);
}

/**
 * The words of a key that may not be there, such as that of a code which the server may have learnt since.
 *
 * @param {string} prefix
 * @param {string} name
 * @param {string} otherwise
 */
export function tOr(prefix, name, otherwise) {
  const words = /** @type {Record<string, string>} */ (ALL[current]);
  const key = prefix + name;
  return Object.hasOwn(words, key) ? String(words[key]) : otherwise;
}

/**
 * Every key below a prefix, without it, and its words.
 *
 * @param {string} prefix
 * @returns {[string, string][]}
 */
export function wordsBelow(prefix) {
  const own = Object.entries(ALL[current]).filter(([key]) => key.startsWith(prefix));
  return own.map(([key, words]) => [key.slice(prefix.length), words]);
}

/**
 * The words for a number of things: those of `key.one` or `key.other`, with `{count}`.
 *
 * @param {CountKey} key
 * @param {number} count
 * @param {Record<string, string | number>} [values]
 */
export function tCount(key, count, values = {}) {
  const form = new Intl.PluralRules(current).select(count) === 'one' ? 'one' : 'other';
  const words = /** @type {Record<string, string>} */ (ALL[current]);
  return insert(String(words[`${key}.${form}`]), { count: count.toLocaleString(current), ...values });
}

/**
 * @param {string} words
 * @param {Record<string, string | number>} values
 */
function insert(words, values) {
  return words.replace(/\{(\w+)\}/g, (whole, name) => (Object.hasOwn(values, name) ? String(values[name]) : whole));
}
