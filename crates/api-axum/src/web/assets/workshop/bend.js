// One letter of the token is changed, and everybody who verifies it notices.

import { Problem, send } from '../api.js';
import { fill, h } from '../dom.js';
import { action } from '../forms.js';
import { notice, problemNotice } from '../notice.js';
import { t } from '../words.js';
import { takeApart, verify } from './jwt.js';

/** @typedef {import('./jwt.js').Verdict} Verdict */
/** @typedef {'header' | 'payload' | 'signature'} PartName */

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The public keys that this server serves. @returns {Promise<any[] | null>} `null` where it signs with a shared secret */
export async function publicKeys() {
  try {
    return (await send('GET', '.well-known/jwks.json')).keys;
  } catch (error) {
    if (error instanceof Problem && error.code === 'keys_not_published') return null;
    throw error;
  }
}

/** What the server says to a token. @param {string} token @returns {Promise<string>} `200`, or the code of its refusal */
export async function askServer(token) {
  try {
    await send('GET', 'v1/me', { headers: { Authorization: `Bearer ${token}` } });
    return '200';
  } catch (error) {
    if (error instanceof Problem && error.status >= 400 && error.status < 500) return `${error.status} ${error.code}`;
    throw error;
  }
}

/**
 * @returns {{ element: HTMLElement, take: (token: string) => void }} `take` is given the token that is good
 */
export function bendSection() {
  let good = '';
  const copy = h('textarea', { id: 'bent', class: 'input mono breaking', rows: 7, spellcheck: 'false', autocomplete: 'off' });
  copy.setAttribute('autocapitalize', 'none');
  const change = h('p', { id: 'bent-change', class: 'change', role: 'status' });
  const outcome = h('div', { id: 'bent-outcome', role: 'status' });
  const failed = (/** @type {unknown} */ error) => fill(outcome, problemNotice(error));
  const say = () => {
    outcome.replaceChildren();
    fill(change, difference(good, copy.value.trim()));
  };
  copy.addEventListener('input', say);
  const bend = action({
    id: 'bend',
    label: t('workshop.bend.one'),
    onClick: () => {
      copy.value = bent(good);
      say();
    },
    failed,
  });
  const restore = action({
    id: 'bend-restore',
    label: t('workshop.bend.restore'),
    onClick: () => {
      copy.value = good;
      say();
    },
    failed,
  });
  const check = action({
    id: 'bend-verify',
    label: t('workshop.bend.verify'),
    kind: 'primary',
    onClick: async () => fill(outcome, await verdicts(good, copy.value.trim())),
    failed,
  });
  const element = h(
    'section',
    { class: 'card', 'aria-labelledby': 'bend-title' },
    h('h2', { id: 'bend-title' }, t('workshop.bend.title')),
    h('p', {}, t('workshop.bend.text')),
    h('div', { class: 'field' }, h('label', { for: 'bent' }, t('workshop.bend.copy')), copy),
    change,
    h('div', { class: 'actions' }, bend, check, restore),
    outcome,
  );
  const take = (/** @type {string} */ token) => {
    // What somebody has bent already stays his.
    if (copy.value === good) copy.value = token;
    good = token;
    say();
  };
  return { element, take };
}

/** The token with another letter in the middle of its payload. @param {string} token */
function bent(token) {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const at = Math.floor(payload.length * (0.2 + Math.random() * 0.6));
  const others = LETTERS.replace(payload.charAt(at), '');
  const letter = others.charAt(Math.floor(Math.random() * others.length));
  return `${header}.${payload.slice(0, at)}${letter}${payload.slice(at + 1)}.${signature}`;
}

/**
 * Says which letters are others.
 *
 * @param {string} good
 * @param {string} copy
 * @returns {import('../dom.js').Child[]}
 */
function difference(good, copy) {
  if (copy === good) return [t('workshop.bend.same')];
  const from = [...good].findIndex((letter, index) => letter !== copy.charAt(index));
  if (copy.length !== good.length) return [t('workshop.bend.length', { count: Math.abs(copy.length - good.length) })];
  const changed = [...good].filter((letter, index) => letter !== copy.charAt(index)).length;
  if (changed > 1) return [t('workshop.bend.many', { count: changed })];
  const { name, at } = placeOf(good, from);
  return [
    t('workshop.bend.changed', { place: at + 1, part: t(`workshop.part.${name}`) }),
    ' ',
    h('del', {}, h('code', {}, good.charAt(from))),
    ' → ',
    h('ins', {}, h('code', {}, copy.charAt(from))),
  ];
}

/**
 * @param {string} token
 * @param {number} index
 * @returns {{ name: PartName, at: number }}
 */
function placeOf(token, index) {
  const before = token.slice(0, index).split('.');
  const names = /** @type {PartName[]} */ (['header', 'payload', 'signature']);
  return { name: names[before.length - 1] ?? 'signature', at: (before.at(-1) ?? '').length };
}

/**
 * @param {string} good
 * @param {string} copy
 */
async function verdicts(good, copy) {
  const keys = await publicKeys();
  const here = keys ? await verify(copy, keys) : 'unsupported';
  const there = await askServer(copy);
  const isRefused = there !== '200';
  const reading = takeApart(copy).payload.json === null ? h('p', {}, t('workshop.bend.unreadable')) : null;
  const said = copy === good ? 'workshop.bend.is_good' : isRefused ? 'workshop.bend.is_bad' : 'workshop.bend.is_odd';
  return notice(
    isRefused ? 'error' : 'good',
    h('p', {}, h('strong', {}, t('workshop.verdict.here')), ' ', verdictText(here)),
    h('p', {}, h('strong', {}, t('workshop.verdict.server')), ' ', serverText(there)),
    reading,
    h('p', {}, t(said)),
  );
}

/** @param {Verdict} verdict */
export function verdictText(verdict) {
  return t(`workshop.verdict.${verdict}`);
}

/** @param {string} answer */
export function serverText(answer) {
  return answer === '200' ? t('workshop.verdict.taken') : t('workshop.verdict.refused', { answer });
}
