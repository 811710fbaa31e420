// Events: what happened to all accounts, newest first; of one account, or of one kind.

import { Problem, call } from '../api.js';
import { columns, row } from '../admin/event-row.js';
import { fill, focusOn, h } from '../dom.js';
import { action, field, form } from '../forms.js';
import { problemNotice } from '../notice.js';
import { table } from '../table.js';
import { t, tCount, wordsBelow } from '../words.js';
import { userPath } from './admin-users.js';

/** @typedef {import('../types.js').Context} Context */
/** @typedef {import('../admin/event-row.js').AdminEvent} AdminEvent */

const PAGE = 25;
/** How many are looked through for those of a kind before it is asked whether to go on. */
const LOOKED_THROUGH = 1000;

/** @type {import('../types.js').View} */
export const adminEvents = {
  path: '/admin/events',
  title: 'admin.events',
  needs: 'admin',
  nav: 'admin',
  width: 'wide',
  async render(context) {
    const found = h('div', { class: 'stack' });
    const email = field({
      name: 'of_user',
      label: t('field.email'),
      type: 'search',
      inputmode: 'email',
      optional: true,
      value: context.params.get('user') ?? '',
    });
    const kind = h('select', { id: 'event-kind', class: 'select' }, h('option', { value: '' }, t('admin.events.any')));
    for (const [name, words] of wordsBelow('event.')) kind.append(h('option', { value: name }, words));
    const search = form({
      id: 'search-events',
      fields: [email],
      submit: t('admin.search'),
      errors: { account_not_found: 'of_user' },
      onSubmit: (values) => load((values.of_user ?? '').trim(), kind.value),
    });
    email.element.after(kindField(kind));
    search.classList.add('search');
    search.setAttribute('role', 'search');
    /**
     * @param {string} of
     * @param {string} wanted
     */
    const load = async (of, wanted) => {
      const reader = await reading(context, of, wanted);
      const list = table({ id: 'events', caption: t('admin.events'), columns: columns(true), rows: [] });
      const count = h('p', { class: 'quiet', role: 'status', id: 'events-found' });
      const bottom = h('div', { class: 'actions' });
      let shown = 0;
      const next = async () => {
        const { events, more } = await reader();
        const rows = await withUsers(events);
        shown += rows.length;
        const first = list.add(rows);
        count.textContent = tCount(more ? 'admin.events.first' : 'admin.events.found', shown);
        list.element.hidden = shown === 0;
        fill(bottom, more ? further : null);
        return first;
      };
      const further = action({
        id: 'more-events',
        label: t('admin.more'),
        onClick: async () => focusOn(await next()),
        failed: (error) => bottom.append(problemNotice(error)),
      });
      await next();
      fill(found, count, list.element, bottom);
    };
    await load(email.input.value, '').catch((error) => void fill(found, problemNotice(error)));
    return h('div', {}, h('p', { class: 'lead' }, t('admin.events.lead')), search, found);
  },
};

/** @param {HTMLSelectElement} select */
function kindField(select) {
  return h('div', { class: 'field' }, h('label', { for: select.id }, t('admin.event.kind')), select);
}

/**
 * Reads page by page; those of another kind are left out.
 *
 * @param {Context} context
 * @param {string} email of one account, or empty
 * @param {string} kind or empty
 * @returns {Promise<() => Promise<{ events: AdminEvent[], more: boolean }>>}
 */
async function reading(context, email, kind) {
  const path = email === '' ? 'v1/admin/events' : `v1/admin/users/${await idOf(email)}/events`;
  /** @type {string | null} */
  let before = null;
  return async () => {
    /** @type {AdminEvent[]} */
    const events = [];
    const limit = kind === '' ? PAGE : 100;
    for (let read = 0; ; read += limit) {
      const query = new URLSearchParams({ limit: String(limit), ...(before === null ? {} : { before }) });
      /** @type {{ events: AdminEvent[], next: string | null }} */
      const page = await call('GET', `${path}?${query}`, { signal: context.left });
      events.push(...page.events.filter((event) => kind === '' || event.kind === kind));
      before = page.next;
      if (before === null) return { events, more: false };
      if (events.length >= PAGE || read + limit >= LOOKED_THROUGH) return { events, more: true };
    }
  };
}

/** @param {string} email @returns {Promise<string>} */
async function idOf(email) {
  // An account that is gone is found by its identifier alone.
  if (/^[0-9a-f-]{36}$/i.test(email)) return email;
  const { users } = await call('GET', `v1/admin/users?${new URLSearchParams({ email, limit: '2' })}`);
  const [first, second] = users;
  const wanted = email.toLowerCase();
  if (first && (!second || first.email.toLowerCase() === wanted)) return first.id;
  throw new Problem('account_not_found', { status: 404 });
}

/** The addresses of accounts that were asked for; `null` for those that are gone. @type {Map<string, Promise<string | null>>} */
const addresses = new Map();

/** @param {AdminEvent[]} events */
async function withUsers(events) {
  const users = await Promise.all(events.map(({ user_id: id }) => addressOf(id)));
  return events.map((event, index) => row(event, userCell(event.user_id, users[index] ?? null)));
}

/** @param {string} id @returns {Promise<string | null>} */
function addressOf(id) {
  const known = addresses.get(id);
  if (known) return known;
  const asked = call('GET', `v1/admin/users/${id}`).then(
    ({ email }) => email,
    (error) => {
      addresses.delete(id);
      if (error instanceof Problem && error.code === 'account_not_found') return null;
      throw error;
    },
  );
  addresses.set(id, asked);
  return asked;
}

/**
 * @param {string} id
 * @param {string | null} email
 */
function userCell(id, email) {
  if (email === null) return h('span', { title: id }, t('admin.event.gone'));
  return h('a', { href: userPath(id) }, email);
}
