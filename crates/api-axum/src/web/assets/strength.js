// How hard a password is to guess, as the server estimates it while it is typed.

import { send } from './api.js';
import { h } from './dom.js';
import { t } from './words.js';

/** Nothing is asked while somebody types. */
const PAUSE_MS = 350;

/** @param {AbortSignal} left */
export function strengthMeter(left) {
  const bar = h('span', { class: 'strength-bar', 'aria-hidden': 'true' });
  const words = h('span', { role: 'status' });
  const element = h('p', { class: 'strength', hidden: true }, bar, words);
  const names = [t('strength.0'), t('strength.1'), t('strength.2'), t('strength.3'), t('strength.4')];
  let timer = 0;
  let asked = 0;

  /** @param {string} password */
  const ask = async (password) => {
    asked += 1;
    const own = asked;
    const estimate = await send('POST', 'v1/password/strength', { body: { password }, signal: left }).catch(() => null);
    // A server that has other things to do is not asked again.
    if (own !== asked || estimate === null) return;
    element.hidden = false;
    element.dataset.score = String(estimate.score);
    words.textContent = names[Number(estimate.score)] ?? '';
  };

  /** @param {string} password */
  const judge = (password) => {
    clearTimeout(timer);
    element.hidden = element.hidden || password === '';
    if (password !== '') timer = setTimeout(() => void ask(password), PAUSE_MS);
  };
  return { element, judge };
}
