// The account: name, mail address, and its end.

import { call, send } from '../api.js';
import { openDialog } from '../dialog.js';
import { fill, focusOn, h } from '../dom.js';
import { action, field, form, whose } from '../forms.js';
import { notice, problemNotice } from '../notice.js';
import { exact } from '../time.js';
import { language, t } from '../words.js';

/** @typedef {import('../types.js').Context} Context */
/** @typedef {import('../types.js').Account} Account */

/** @type {import('../types.js').View} */
export const account = {
  path: '/account',
  title: 'account.title',
  needs: 'user',
  nav: 'account',
  async render(context) {
    await context.reloadAccount();
    /** @type {Account} */
    const own = await call('GET', 'v1/me');
    return h('div', {}, nameCard(context, own), addressCard(context, own), deleteCard(context), facts(own));
  },
};

/**
 * @param {string} id
 * @param {string} title
 * @param {...import('../dom.js').Child} children
 */
function card(id, title, ...children) {
  return h('section', { class: 'card', 'aria-labelledby': id }, h('h2', { id }, title), ...children);
}

/**
 * @param {Context} context
 * @param {Account} own
 */
function nameCard(context, own) {
  const name = field({
    name: 'display_name',
    label: t('field.display_name'),
    value: own.display_name ?? '',
    optional: true,
    autocomplete: 'name',
    maxlength: 100,
  });
  const element = form({
    id: 'change-name',
    fields: [name],
    submit: t('shell.save'),
    errors: { invalid_request: 'display_name' },
    onSubmit: async (values) => {
      const typed = (values.display_name ?? '').trim();
      await call('PATCH', 'v1/me', { body: { display_name: typed === '' ? null : typed } });
      await context.reloadAccount();
      context.say(t('account.name.done'));
    },
  });
  return card('account-name', t('account.name.title'), h('p', { class: 'quiet' }, t('account.name.text')), element);
}

/**
 * @param {Context} context
 * @param {Account} own
 */
function addressCard(context, own) {
  const said = h('div', {});
  const outbox = () => (context.settings.outbox ? h('p', {}, t('mail.outbox')) : null);
  const state = own.email_verified
    ? h('span', { class: 'tag' }, t('account.address.verified'))
    : h('span', { class: 'tag warn' }, t('account.address.unverified'));
  const resend = action({
    id: 'resend-verification',
    label: t('verify.resend.submit'),
    onClick: async () => {
      await send('POST', 'v1/email/verify/resend', { body: { email: own.email, locale: language() } });
      fill(said, notice('good', h('p', {}, t('account.address.resent')), outbox()));
      context.say(t('account.address.resent'));
    },
    failed: (error) => fill(said, problemNotice(error)),
  });
  const email = field({ name: 'new_email', label: t('account.address.new'), type: 'email', autocomplete: 'email' });
  const password = field({ name: 'address_password', label: t('field.current_password'), type: 'password', autocomplete: 'current-password' });
  const element = form({
    id: 'change-address',
    fields: [email, password],
    submit: t('account.address.submit'),
    errors: { invalid_email: 'new_email', email_taken: 'new_email', wrong_password: 'address_password' },
    onSubmit: async (values) => {
      await call('POST', 'v1/me/email', { body: { email: values.new_email, password: values.address_password } });
      const text = h('p', { tabindex: '-1' }, t('account.address.sent', { email: String(values.new_email) }));
      fill(said, notice('good', text, outbox()));
      email.input.value = '';
      password.input.value = '';
      focusOn(text);
    },
  });
  return card(
    'account-address',
    t('account.address.title'),
    h('p', { id: 'address' }, h('strong', {}, own.email), state),
    own.email_verified ? null : h('div', { class: 'actions' }, resend),
    said,
    h('details', {}, h('summary', { id: 'change-address-open' }, t('account.address.change')), h('p', { class: 'quiet' }, t('account.address.text')), element),
  );
}

/** @param {Context} context */
function deleteCard(context) {
  const open = action({
    id: 'delete-account',
    label: t('account.delete.open'),
    kind: 'danger',
    onClick: () => deleteDialog(context),
    failed: () => undefined,
  });
  return card('account-delete', t('account.delete.title'), h('p', { class: 'quiet' }, t('account.delete.text')), h('div', { class: 'actions' }, open));
}

/** @param {Context} context */
async function deleteDialog(context) {
  let gone = false;
  await openDialog(t('account.delete.sure'), (close) => {
    const password = field({ name: 'delete_password', label: t('field.password'), type: 'password', autocomplete: 'current-password' });
    const cancel = h('button', { type: 'button', class: 'button', id: 'delete-cancel', onclick: close }, t('shell.cancel'));
    const element = form({
      id: 'delete',
      fields: [password],
      submit: t('account.delete.confirm'),
      danger: true,
      errors: { wrong_password: 'delete_password' },
      onSubmit: async (values) => {
        await call('DELETE', 'v1/me', { body: { current_password: values.delete_password } });
        gone = true;
        close();
      },
      beside: [cancel],
    });
    element.prepend(whose(context.account?.email));
    return [h('p', {}, t('account.delete.warning')), element];
  });
  if (gone) await context.leave(t('account.delete.done'));
}

/** @param {Account} own */
function facts(own) {
  const rows = [
    [t('account.since'), exact(own.created_at)],
    [t('account.id'), own.id],
    [t('account.roles'), own.roles.join(', ')],
  ];
  const items = rows.filter(([, value]) => value).map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value)));
  return h('dl', { class: 'facts' }, ...items);
}
