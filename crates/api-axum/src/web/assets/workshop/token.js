// The access token that this page holds: its three parts, each claim in words, and how long it is still good.

import { currentAccess, refresh } from '../api.js';
import { fill, h } from '../dom.js';
import { action } from '../forms.js';
import { problemNotice } from '../notice.js';
import { exact } from '../time.js';
import { t, tOr } from '../words.js';
import { takeApart } from './jwt.js';

/** Claims that are seconds since 1970. */
const TIMES = new Set(['exp', 'iat', 'nbf', 'auth_time']);
const PARTS = /** @type {const} */ (['header', 'payload', 'signature']);

/**
 * @param {AbortSignal} left ends the countdown
 * @param {(token: string) => void} changed told at once, and whenever there is another token
 */
export function tokenSection(left, changed) {
  const text = h('div', {});
  const parts = h('div', { class: 'parts' });
  const count = h('p', { class: 'count', id: 'countdown', role: 'timer' });
  const outcome = h('div', {});
  const renew = action({
    id: 'renew',
    label: t('workshop.token.renew'),
    onClick: async () => {
      outcome.replaceChildren();
      await refresh();
      tick();
    },
    failed: (error) => fill(outcome, problemNotice(error)),
  });

  let shown = '';
  const tick = () => {
    const access = currentAccess();
    if (!access) return;
    if (access.token !== shown) {
      shown = access.token;
      fill(text, tokenText(shown));
      fill(parts, ...described(shown));
      changed(shown);
    }
    count.textContent = countdown(takeApart(shown).payload.json?.exp);
  };
  tick();
  const timer = setInterval(tick, 1000);
  left.addEventListener('abort', () => clearInterval(timer));

  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'token-title' },
    h('h2', { id: 'token-title' }, t('workshop.token.title')),
    h('p', {}, t('workshop.token.text')),
    text,
    h('div', { class: 'actions counted' }, count, renew),
    outcome,
    parts,
    h('p', {}, t('workshop.token.why')),
  );
}

/** The token as it travels, each part in its colour. @param {string} token */
export function tokenText(token) {
  const pieces = token.split('.').map((piece, index) => h('span', { class: `part ${PARTS[index] ?? ''}` }, piece));
  const dotted = pieces.flatMap((piece, index) => (index === 0 ? [piece] : ['.', piece]));
  return h('p', { class: 'token', role: 'group', 'aria-label': t('workshop.token.encoded'), tabindex: '0' }, ...dotted);
}

/** @param {string} token */
function described(token) {
  const { header, payload, signature } = takeApart(token);
  const claims = (/** @type {Record<string, unknown> | null} */ json, /** @type {string} */ prefix) =>
    h('dl', { class: 'claims' }, ...Object.entries(json ?? {}).flatMap(([name, value]) => claim(name, value, prefix)));
  const block = (/** @type {'header' | 'payload' | 'signature'} */ part, /** @type {Node} */ content) =>
    h('div', { class: `part-card ${part}` }, h('h3', {}, t(`workshop.part.${part}`)), h('p', {}, t(`workshop.part.${part}.text`)), content);
  return [
    block('header', claims(header.json, 'header.')),
    block('payload', claims(payload.json, 'claim.')),
    block('signature', h('p', { class: 'mono quiet breaking' }, signature)),
  ];
}

/**
 * @param {string} name
 * @param {unknown} value
 * @param {string} prefix
 */
function claim(name, value, prefix) {
  const time = TIMES.has(name) && typeof value === 'number' ? h('span', { class: 'quiet' }, ` ${exact(value * 1000)}`) : null;
  const meaning = tOr(prefix, name, t('claim.other'));
  const said = h('dd', {}, h('code', { class: 'breaking' }, JSON.stringify(value)), time, h('span', { class: 'meaning' }, meaning));
  return [h('dt', {}, h('code', {}, name)), said];
}

/** @param {unknown} exp */
export function countdown(exp) {
  if (typeof exp !== 'number') return '';
  const seconds = Math.floor(exp - Date.now() / 1000);
  if (seconds <= 0) return t('workshop.token.expired');
  const rest = String(seconds % 60).padStart(2, '0');
  return t('workshop.token.left', { time: `${Math.floor(seconds / 60)}:${rest}` });
}
