// Dialogs: a question before something is destroyed, and a form that stands over the page.

import { fill, h, uniqueId } from './dom.js';
import { t } from './words.js';

/**
 * Opens a dialog over the page. The browser keeps the focus in it and gives it back; Escape closes it.
 *
 * @param {string} title
 * @param {(close: () => void) => import('./dom.js').Child[]} content
 * @returns {Promise<void>} settled once it is closed
 */
export function openDialog(title, content) {
  const id = uniqueId('dialog-title');
  const dialog = h('dialog', { class: 'dialog', 'aria-labelledby': id });
  const close = () => dialog.close();
  fill(dialog, h('h2', { id }, title), ...content(close));
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve();
    });
  });
}

/**
 * Asks before something is done.
 *
 * @param {object} question
 * @param {string} question.title
 * @param {string} question.text
 * @param {string} question.confirm the button that does it
 * @param {import('./dom.js').Child[]} [question.below] what else is to be said
 * @returns {Promise<boolean>}
 */
export async function confirmed({ title, text, confirm, below = [] }) {
  let yes = false;
  await openDialog(title, (close) => {
    const cancel = h('button', { type: 'button', class: 'button', id: 'dialog-cancel', onclick: close, autofocus: true });
    cancel.textContent = t('shell.cancel');
    const agree = () => {
      yes = true;
      close();
    };
    const go = h('button', { type: 'button', class: 'button danger', id: 'dialog-confirm', onclick: agree }, confirm);
    return [h('p', {}, text), ...below, h('div', { class: 'actions' }, go, cancel)];
  });
  return yes;
}
