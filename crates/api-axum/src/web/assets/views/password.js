// Passwords: changed by who knows it, and set anew by who reads the account's mail.

import { call, send } from '../api.js';
import { fill, focusOn, h } from '../dom.js';
import { field, form, whose } from '../forms.js';
import { notice } from '../notice.js';
import { strengthMeter } from '../strength.js';
import { language, t, tCount } from '../words.js';

/** @typedef {import('../types.js').Context} Context */

const NEW_ERRORS = {
  password_too_short: 'new_password',
  password_too_long: 'new_password',
  password_guessable: 'new_password',
};

/** @type {import('../types.js').View} */
export const password = {
  path: '/password',
  title: 'password.title',
  needs: 'user',
  nav: 'account',
  render(context) {
    const current = field({ name: 'current_password', label: t('field.current_password'), type: 'password', autocomplete: 'current-password' });
    const chosen = newPassword(context);
    const element = form({
      id: 'change-password',
      fields: [current, chosen],
      submit: t('password.submit'),
      errors: { ...NEW_ERRORS, wrong_password: 'current_password' },
      onSubmit: async (values) => {
        const body = { current_password: values.current_password, new_password: values.new_password };
        await call('POST', 'v1/me/password', { body });
        context.say(t('password.done'));
        await context.again();
      },
    });
    element.prepend(whose(context.account?.email));
    return h('div', {}, h('p', { class: 'lead' }, t('password.lead')), element);
  },
};

/** @type {import('../types.js').View} */
export const forgotPassword = {
  path: '/forgot-password',
  title: 'forgot.title',
  needs: 'nobody',
  render(context) {
    const panel = h('div', {});
    const email = field({ name: 'email', label: t('field.email'), type: 'email', autocomplete: 'username' });
    const element = form({
      id: 'forgot',
      fields: [email],
      submit: t('forgot.submit'),
      errors: { invalid_email: 'email' },
      onSubmit: async (values) => {
        await send('POST', 'v1/password/forgot', { body: { email: values.email, locale: language() } });
        const heading = h('h2', {}, t('mail.check'));
        const outbox = context.settings.outbox ? notice('plain', h('p', {}, t('mail.outbox'))) : null;
        fill(panel, heading, h('p', {}, t('mail.sent_if')), outbox, toSignIn());
        focusOn(heading);
      },
      below: [toSignIn()],
    });
    fill(panel, h('p', { class: 'lead' }, t('forgot.lead')), element);
    return panel;
  },
};

/** @type {import('../types.js').View} */
export const resetPassword = {
  path: '/reset-password',
  title: 'reset.title',
  needs: 'nobody',
  render(context) {
    const token = context.params.get('token');
    const another = h('p', { class: 'aside' }, h('a', { href: '#/forgot-password' }, t('reset.another')));
    if (!token) return h('div', {}, notice('error', h('p', {}, t('problem.invalid_link'))), another);
    const chosen = newPassword(context);
    const element = form({
      id: 'reset-password',
      fields: [chosen],
      submit: t('reset.submit'),
      errors: NEW_ERRORS,
      onSubmit: async (values) => {
        await send('POST', 'v1/password/reset', { body: { token, new_password: values.new_password } });
        await context.leave(t('reset.done'));
      },
      below: [another],
    });
    return h('div', {}, h('p', { class: 'lead' }, t('reset.lead')), element);
  },
};

/** @param {Context} context */
function newPassword(context) {
  const strength = strengthMeter(context.left);
  return field({
    name: 'new_password',
    label: t('field.new_password'),
    type: 'password',
    autocomplete: 'new-password',
    hint: tCount('field.password.hint', context.settings.password_min_length),
    beside: strength.element,
    onInput: strength.judge,
  });
}

function toSignIn() {
  return h('p', { class: 'aside' }, h('a', { href: '#/sign-in' }, t('sign_in.title')));
}
