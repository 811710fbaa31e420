// Users: found by their address, a page at a time, and invited.

import { call } from '../api.js';
import { openDialog } from '../dialog.js';
import { fill, focusOn, h } from '../dom.js';
import { action, field, form } from '../forms.js';
import { problemNotice } from '../notice.js';
import { NOTHING, table } from '../table.js';
import { ago } from '../time.js';
import { LANGUAGES, language, t, tCount } from '../words.js';

/** @typedef {import('../types.js').Context} Context */

/**
 * An account as an operator sees it.
 *
 * @typedef {import('../types.js').Account & { disabled_at: string | null }} User
 */

const PAGE = 20;

/** @type {import('../types.js').View} */
export const adminUsers = {
  path: '/admin/users',
  title: 'admin.users',
  needs: 'admin',
  nav: 'admin',
  width: 'wide',
  async render(context) {
    const found = h('div', { class: 'stack' });
    const email = field({ name: 'search', label: t('admin.users.search'), type: 'search', optional: true, inputmode: 'email' });
    const search = form({
      id: 'search-users',
      fields: [email],
      submit: t('admin.search'),
      onSubmit: async (values) => void (await load((values.search ?? '').trim())),
    });
    search.classList.add('search');
    search.setAttribute('role', 'search');
    /** @param {string} prefix */
    const load = async (prefix) => {
      const { users, next } = await page(context, prefix, null);
      const count = h('p', { class: 'quiet', role: 'status', id: 'users-found' });
      const list = table({ id: 'users', caption: t('admin.users'), columns: columns(), rows: users.map(row) });
      const bottom = h('div', { class: 'actions' });
      let shown = users.length;
      /** @param {string | null} after */
      const tell = (after) => {
        count.textContent = tCount(after === null ? 'admin.users.found' : 'admin.users.first', shown);
        fill(bottom, after === null ? null : more(after));
      };
      /** @param {string} after */
      const more = (after) =>
        action({
          id: 'more-users',
          label: t('admin.more'),
          onClick: async () => {
            const further = await page(context, prefix, after);
            shown += further.users.length;
            focusOn(list.add(further.users.map(row)));
            tell(further.next);
          },
          failed: (error) => bottom.append(problemNotice(error)),
        });
      tell(next);
      fill(found, count, users.length > 0 ? list.element : h('p', { class: 'empty' }, t('admin.users.none')), bottom);
    };
    await load('');
    const invite = action({ id: 'invite', label: t('admin.invite'), onClick: () => inviteDialog(context), failed: () => undefined });
    return h('div', {}, h('div', { class: 'title-row' }, h('p', { class: 'lead' }, t('admin.users.lead')), invite), search, found);
  },
};

/**
 * @param {Context} context
 * @param {string} prefix
 * @param {string | null} after
 * @returns {Promise<{ users: User[], next: string | null }>}
 */
function page(context, prefix, after) {
  const query = new URLSearchParams({ email: prefix, limit: String(PAGE), ...(after === null ? {} : { after }) });
  return call('GET', `v1/admin/users?${query}`, { signal: context.left });
}

function columns() {
  return [t('field.email'), t('field.display_name'), t('admin.state'), t('admin.roles'), t('admin.since')];
}

/** @param {User} user */
function row(user) {
  const link = h('a', { href: userPath(user.id) }, user.email);
  return { key: user.email, cells: [link, user.display_name ?? NOTHING, state(user), user.roles.join(', ') || NOTHING, ago(user.created_at)] };
}

/** The address of a user's view. @param {string} id */
export function userPath(id) {
  return `#/admin/user?id=${encodeURIComponent(id)}`;
}

/** @param {User} user */
export function state(user) {
  if (user.disabled_at) return h('span', { class: 'tag bad' }, t('admin.user.disabled'));
  if (!user.email_verified) return h('span', { class: 'tag warn' }, t('account.address.unverified'));
  return h('span', { class: 'tag' }, t('admin.user.good'));
}

/** @param {Context} context */
async function inviteDialog(context) {
  let invited = '';
  await openDialog(t('admin.invite'), (close) => {
    const email = field({ name: 'invite_email', label: t('field.email'), type: 'email' });
    const select = h('select', { id: 'invite-language', class: 'select' });
    for (const [tag, name] of Object.entries(LANGUAGES)) {
      select.append(h('option', { value: tag, lang: tag, selected: tag === language() }, name));
    }
    const choice = h('div', { class: 'field' }, h('label', { for: select.id }, t('admin.invite.language')), select);
    email.element.append(choice);
    const cancel = h('button', { type: 'button', class: 'button', id: 'invite-cancel', onclick: close }, t('shell.cancel'));
    const element = form({
      id: 'invite-form',
      fields: [email],
      submit: t('admin.invite.submit'),
      errors: { invalid_email: 'invite_email', email_taken: 'invite_email' },
      onSubmit: async (values) => {
        await call('POST', 'v1/admin/invites', { body: { email: values.invite_email, locale: select.value } });
        invited = String(values.invite_email);
        close();
      },
      beside: [cancel],
    });
    const outbox = context.settings.outbox ? h('p', { class: 'quiet' }, t('mail.outbox')) : null;
    return [h('p', {}, t('admin.invite.text')), outbox, element];
  });
  if (invited) context.say(t('admin.invite.done', { email: invited }));
}
