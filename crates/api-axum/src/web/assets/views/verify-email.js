// The pages that mails about addresses lead to.

import { send } from '../api.js';
import { fill, focusOn, h } from '../dom.js';
import { field, form } from '../forms.js';
import { notice } from '../notice.js';
import { language, t } from '../words.js';

/** @typedef {import('../types.js').Context} Context */

/** @type {import('../types.js').View} */
export const verifyEmail = {
  path: '/verify-email',
  title: 'verify.title',
  needs: 'nobody',
  render(context) {
    const token = context.params.get('token');
    if (!token) return h('div', {}, h('p', { class: 'lead' }, t('verify.resend')), resendForm(context, ''));
    return linkForm(context, {
      id: 'verify-email',
      lead: t('verify.lead'),
      submit: t('verify.submit'),
      path: 'v1/email/verify',
      token,
      done: t('verify.done'),
      otherwise: () => resendForm(context, ''),
    });
  },
};

/** @type {import('../types.js').View} */
export const changeEmail = {
  path: '/change-email',
  title: 'change_email.title',
  needs: 'nobody',
  render(context) {
    const token = context.params.get('token');
    if (!token) return notice('error', h('p', {}, t('problem.invalid_link')));
    return linkForm(context, {
      id: 'change-email',
      lead: t('change_email.lead'),
      submit: t('change_email.submit'),
      path: 'v1/email/change',
      token,
      done: t('change_email.done'),
      otherwise: () => null,
    });
  },
};

/**
 * A button that uses a link's token up: opening the page alone must not, since programs that read mail follow links.
 *
 * @param {Context} context
 * @param {object} link
 * @param {string} link.id
 * @param {string} link.lead
 * @param {string} link.submit
 * @param {string} link.path
 * @param {string} link.token
 * @param {string} link.done
 * @param {() => Node | null} link.otherwise what is offered where the link is good for nothing
 */
function linkForm(context, { id, lead, submit, path, token, done, otherwise }) {
  const panel = h('div', {});
  const below = h('div', {});
  const element = form({
    id,
    fields: [],
    submit,
    onSubmit: async () => {
      try {
        await send('POST', path, { body: { token } });
      } catch (error) {
        fill(below, otherwise());
        throw error;
      }
      if (context.account) await context.reloadAccount();
      const on = context.account ? '#/account' : '#/sign-in';
      const text = h('p', { tabindex: '-1' }, done);
      const link = h('a', { class: 'button primary', href: on }, t(context.account ? 'account.title' : 'sign_in.title'));
      fill(panel, notice('good', text), h('div', { class: 'actions' }, link));
      focusOn(text);
    },
  });
  fill(panel, h('p', { class: 'lead' }, lead), element, below);
  return panel;
}

/**
 * Sends the mail that verifies an address again.
 *
 * @param {Context} context
 * @param {string} email
 */
export function resendForm(context, email) {
  const input = field({ name: 'resend_email', label: t('field.email'), type: 'email', value: email, autocomplete: 'email' });
  const said = h('div', {});
  const element = form({
    id: 'resend',
    fields: [input],
    submit: t('verify.resend.submit'),
    errors: { invalid_email: 'resend_email' },
    onSubmit: async (values) => {
      await send('POST', 'v1/email/verify/resend', { body: { email: values.resend_email, locale: language() } });
      const text = h('p', { tabindex: '-1' }, t('mail.sent_if'));
      fill(said, notice('good', text, context.settings.outbox ? h('p', {}, t('mail.outbox')) : null));
      focusOn(text);
    },
    below: [said],
  });
  return element;
}
