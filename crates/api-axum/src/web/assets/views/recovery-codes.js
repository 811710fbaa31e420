// Recovery codes, shown once: to be copied, printed, or written down.

import { fill, focusOn, h } from '../dom.js';
import { t } from '../words.js';

/** @typedef {import('../types.js').Context} Context */

/**
 * Shows the codes in the place of a view.
 *
 * @param {Context} context
 * @param {HTMLElement} panel
 * @param {string[]} codes
 */
export function codesPanel(context, panel, codes) {
  const heading = h('h2', {}, t('codes.once'));
  const kept = h('button', { type: 'button', class: 'button primary', id: 'codes-kept' }, t('codes.kept'));
  kept.addEventListener('click', () => void context.again());
  const print = h('button', { type: 'button', class: 'button', id: 'codes-print', onclick: () => window.print() }, t('codes.print'));
  fill(
    panel,
    heading,
    h('p', {}, t('codes.once.text')),
    h('ol', { class: 'codes', id: 'recovery-codes' }, ...codes.map((code) => h('li', {}, h('code', {}, code)))),
    h('div', { class: 'actions' }, kept, copyButton(context, 'codes-copy', codes.join('\n')), print),
  );
  focusOn(heading);
}

/**
 * @param {Context} context
 * @param {string} id
 * @param {string} text
 */
export function copyButton(context, id, text) {
  const button = h('button', { type: 'button', class: 'button', id }, t('shell.copy'));
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text);
      context.say(t('shell.copied'));
    } catch {
      context.say(t('shell.copy_failed'));
    }
  });
  return button;
}
