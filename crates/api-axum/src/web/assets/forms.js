// Forms: labels, hints and errors that belong together for everybody, and one way to send them.

import { Problem } from './api.js';
import { fill, h } from './dom.js';
import { problemNotice, problemText } from './notice.js';
import { t } from './words.js';

/**
 * @typedef {object} FieldOptions
 * @property {string} name
 * @property {string} label
 * @property {string} [type] of the input; `text` where it is left out
 * @property {string} [value]
 * @property {string} [hint]
 * @property {boolean} [optional] whether it may stay empty
 * @property {string} [autocomplete]
 * @property {string} [inputmode]
 * @property {number} [maxlength]
 * @property {Node} [beside] what belongs to the field and stands below it
 * @property {(value: string) => void} [onInput]
 */

/**
 * @typedef {object} Field
 * @property {string} name
 * @property {HTMLElement} element
 * @property {HTMLInputElement} input
 * @property {boolean} optional
 * @property {(text: string) => void} setError an empty text takes it away
 */

/**
 * A labelled input. Its hint and its error are read out with it.
 *
 * @param {FieldOptions} options
 * @returns {Field}
 */
export function field(options) {
  const { name, label, type = 'text', hint, optional = false } = options;
  const id = `field-${name}`;
  const input = h('input', {
    id,
    name,
    type,
    class: 'input',
    value: options.value,
    autocomplete: options.autocomplete ?? 'off',
    inputmode: options.inputmode,
    maxlength: options.maxlength,
    'aria-required': optional ? undefined : 'true',
    autocapitalize: type === 'text' && options.autocomplete === 'name' ? undefined : 'none',
    spellcheck: 'false',
  });
  const error = h('p', { id: `${id}-error`, class: 'field-error', hidden: true });
  const hintLine = hint === undefined ? null : h('p', { id: `${id}-hint`, class: 'hint' }, hint);
  const describe = () => {
    const ids = [error.hidden ? '' : error.id, hintLine?.id ?? ''].filter((part) => part !== '');
    if (ids.length > 0) input.setAttribute('aria-describedby', ids.join(' '));
    else input.removeAttribute('aria-describedby');
  };
  /** @param {string} text */
  const setError = (text) => {
    error.textContent = text;
    error.hidden = text === '';
    if (text === '') input.removeAttribute('aria-invalid');
    else input.setAttribute('aria-invalid', 'true');
    describe();
  };
  input.addEventListener('input', () => {
    setError('');
    options.onInput?.(input.value);
  });
  describe();
  const box = type === 'password' ? h('div', { class: 'input-row' }, input, revealer(input)) : input;
  const element = h('div', { class: 'field' }, h('label', { for: id }, label), hintLine, box, error, options.beside);
  return { name, element, input, optional, setError };
}

/** @param {HTMLInputElement} input */
function revealer(input) {
  const button = h('button', { type: 'button', class: 'reveal', 'aria-controls': input.id, 'aria-pressed': 'false' });
  button.textContent = t('shell.show_password');
  button.addEventListener('click', () => {
    const shown = input.type === 'password';
    input.type = shown ? 'text' : 'password';
    button.setAttribute('aria-pressed', String(shown));
    button.textContent = t(shown ? 'shell.hide_password' : 'shell.show_password');
  });
  return button;
}

/**
 * Says to programs that keep passwords whose password a form is about.
 *
 * @param {string | undefined} email
 */
export function whose(email) {
  return h('input', { type: 'text', name: 'username', value: email, autocomplete: 'username', hidden: true, readonly: true });
}

/**
 * @typedef {object} FormOptions
 * @property {string} id
 * @property {Field[]} fields
 * @property {string} submit the button's words
 * @property {boolean} [danger] whether it destroys something
 * @property {Record<string, string>} [errors] which code belongs to which field
 * @property {(values: Record<string, string>) => Promise<void>} onSubmit a problem that it throws is shown
 * @property {import('./dom.js').Child[]} [below] what stands below the button
 * @property {import('./dom.js').Child[]} [beside] further buttons
 */

/**
 * A form. While it is sent its button is busy; a problem is shown at its field, or else above the button.
 *
 * @param {FormOptions} options
 */
export function form({ id, fields, submit, danger = false, errors = {}, onSubmit, below = [], beside = [] }) {
  const outcome = h('div', { class: 'form-outcome' });
  const kind = danger ? 'button danger' : 'button primary';
  const button = h('button', { type: 'submit', class: kind, id: `${id}-submit` }, submit);
  const element = h(
    'form',
    { id, novalidate: true },
    ...fields.map(({ element }) => element),
    outcome,
    h('div', { class: 'actions' }, button, ...beside),
    ...below,
  );
  let waiting = false;

  /** @param {unknown} error */
  const show = (error) => {
    if (error instanceof Problem && error.code === 'cancelled') return;
    const at = error instanceof Problem ? fields.find(({ name }) => name === errors[error.code]) : undefined;
    if (at) {
      at.setError(problemText(error));
      at.input.focus();
      return;
    }
    waiting = error instanceof Problem && error.status === 429 && error.retryAfter !== undefined;
    fill(outcome, problemNotice(error, () => setWaiting(false)));
    if (waiting) setWaiting(true);
  };

  /** @param {boolean} yes */
  const setWaiting = (yes) => {
    waiting = yes;
    button.setAttribute('aria-disabled', String(yes));
    if (!yes) outcome.replaceChildren();
  };

  element.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (waiting || element.getAttribute('aria-busy') === 'true') return;
    outcome.replaceChildren();
    const empty = fields.filter(({ input, optional }) => !optional && input.value === '');
    for (const missing of empty) missing.setError(t('shell.required'));
    if (empty[0]) {
      empty[0].input.focus();
      return;
    }
    element.setAttribute('aria-busy', 'true');
    try {
      await onSubmit(Object.fromEntries(fields.map(({ name, input }) => [name, input.value])));
    } catch (error) {
      show(error);
    } finally {
      element.removeAttribute('aria-busy');
    }
  });
  return element;
}

/**
 * A button that does something by itself. While it works it is busy; what goes wrong is told by `failed`.
 *
 * @param {object} options
 * @param {string} options.id
 * @param {string} options.label
 * @param {string} [options.kind] its class: `primary`, `danger`, `quiet`
 * @param {string} [options.describedBy] the id of what it is about
 * @param {() => Promise<void> | void} options.onClick
 * @param {(error: unknown) => void} options.failed
 */
export function action({ id, label, kind = '', describedBy, onClick, failed }) {
  const button = h('button', { type: 'button', id, class: `button ${kind}`.trim(), 'aria-describedby': describedBy }, label);
  button.addEventListener('click', async () => {
    if (button.getAttribute('aria-busy') === 'true') return;
    button.setAttribute('aria-busy', 'true');
    try {
      await onClick();
    } catch (error) {
      if (!(error instanceof Problem && error.code === 'cancelled')) failed(error);
    } finally {
      button.removeAttribute('aria-busy');
    }
  });
  return button;
}
