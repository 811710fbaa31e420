// One user: what the account is, its sessions and events, and what an operator may do to it.

import { call } from '../api.js';
import { confirmed, openDialog } from '../dialog.js';
import { fill, h } from '../dom.js';
import { action, field, form } from '../forms.js';
import { notice, problemNotice } from '../notice.js';
import { NOTHING, table } from '../table.js';
import { ago, exact } from '../time.js';
import { t, tOr } from '../words.js';
import { columns as eventColumns, row as eventRow } from '../admin/event-row.js';
import { state } from './admin-users.js';
import { deviceName } from './device-name.js';

/** @typedef {import('../types.js').Context} Context */
/** @typedef {import('./admin-users.js').User} User */

const EVENTS = 10;

/** @type {import('../types.js').View} */
export const adminUser = {
  path: '/admin/user',
  title: 'admin.user',
  needs: 'admin',
  width: 'wide',
  async render(context) {
    const path = `v1/admin/users/${encodeURIComponent(context.params.get('id') ?? '')}`;
    /** @type {[User, { sessions: any[] }, { events: import('../admin/event-row.js').AdminEvent[] }]} */
    const [user, { sessions }, { events }] = await Promise.all([
      call('GET', path),
      call('GET', `${path}/sessions`),
      call('GET', `${path}/events?limit=${EVENTS}`),
    ]);
    const outcome = h('div', {});
    /** @param {unknown} error */
    const failed = (error) => fill(outcome, problemNotice(error));
    return h(
      'div',
      {},
      h('p', {}, h('a', { href: '#/admin/users' }, t('admin.user.back'))),
      outcome,
      accountCard(context, user, path, failed),
      sessionsCard(context, user, path, sessions, failed),
      eventsCard(user, events),
    );
  },
};

/**
 * @param {string} id
 * @param {string} title
 * @param {...import('../dom.js').Child} children
 */
function section(id, title, ...children) {
  return h('section', { class: 'stack', 'aria-labelledby': id }, h('h2', { id }, title), ...children);
}

/**
 * @param {Context} context
 * @param {User} user
 * @param {string} path
 * @param {(error: unknown) => void} failed
 */
function accountCard(context, user, path, failed) {
  const facts = [
    [t('field.display_name'), user.display_name],
    [t('admin.roles'), user.roles.join(', ')],
    [t('admin.user.language'), user.locale],
    [t('admin.since'), exact(user.created_at)],
    [t('admin.user.disabled_at'), user.disabled_at ? exact(user.disabled_at) : ''],
    [t('account.id'), user.id],
  ];
  const rows = facts.filter(([, value]) => value).map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value)));
  const isOwn = user.id === context.account?.id;
  const own = isOwn ? notice('plain', h('p', {}, t('admin.user.own'))) : null;
  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'user-title' },
    h('h2', { id: 'user-title' }, user.email, ' ', state(user)),
    h('dl', { class: 'facts' }, ...rows),
    own,
    isOwn ? null : h('div', { class: 'actions' }, ...deeds(context, user, path, failed)),
  );
}

/**
 * @param {Context} context
 * @param {User} user
 * @param {string} path
 * @param {(error: unknown) => void} failed
 */
function deeds(context, user, path, failed) {
  const { email } = user;
  /**
   * @param {'enable' | 'disable' | 'factors' | 'delete'} name
   * @param {string} method
   * @param {string} where
   * @param {string} then where it leads
   */
  const deed = (name, method, where, then = '') =>
    action({
      id: `user-${name}`,
      label: t(`admin.user.${name}`),
      kind: name === 'enable' ? '' : 'danger',
      onClick: async () => {
        const title = t(`admin.user.${name}.title`);
        const confirm = t(`admin.user.${name}`);
        if (!(await confirmed({ title, text: t(`admin.user.${name}.text`, { email }), confirm }))) return;
        await call(method, where);
        const done = t(`admin.user.${name}.done`, { email });
        if (then) return context.go(then, done);
        context.say(done);
        await context.again();
      },
      failed,
    });
  const roles = action({ id: 'user-roles', label: t('admin.user.roles'), onClick: () => rolesDialog(context, user, path), failed });
  return [
    user.disabled_at ? deed('enable', 'POST', `${path}/enable`) : deed('disable', 'POST', `${path}/disable`),
    roles,
    deed('factors', 'DELETE', `${path}/factors`),
    deed('delete', 'DELETE', path, '/admin/users'),
  ];
}

/**
 * @param {Context} context
 * @param {User} user
 * @param {string} path
 */
async function rolesDialog(context, user, path) {
  let saved = false;
  await openDialog(t('admin.user.roles'), (close) => {
    const roles = field({
      name: 'roles',
      label: t('admin.roles'),
      hint: t('admin.user.roles.hint'),
      value: user.roles.join(', '),
      optional: true,
      maxlength: 1000,
    });
    const cancel = h('button', { type: 'button', class: 'button', id: 'roles-cancel', onclick: close }, t('shell.cancel'));
    const element = form({
      id: 'roles-form',
      fields: [roles],
      submit: t('shell.save'),
      errors: { invalid_request: 'roles' },
      onSubmit: async (values) => {
        const names = (values.roles ?? '').split(/[\s,]+/).filter((name) => name !== '');
        await call('PUT', `${path}/roles`, { body: { roles: names } });
        saved = true;
        close();
      },
      beside: [cancel],
    });
    return [element];
  });
  if (!saved) return;
  context.say(t('admin.user.roles.done', { email: user.email }));
  await context.again();
}

/**
 * @param {Context} context
 * @param {User} user
 * @param {string} path
 * @param {any[]} sessions
 * @param {(error: unknown) => void} failed
 */
function sessionsCard(context, user, path, sessions, failed) {
  /**
   * @param {string} where
   * @param {string} text
   */
  const end = async (where, text) => {
    if (!(await confirmed({ title: t('devices.end.title'), text, confirm: t('devices.end.confirm') }))) return;
    await call('DELETE', where);
    context.say(t('admin.session.done'));
    await context.again();
  };
  const rows = sessions.map((session) => {
    const name = deviceName(session);
    const id = `session-${session.id}`;
    const ending = action({
      id: `end-${session.id}`,
      label: t('devices.end'),
      kind: 'danger',
      describedBy: id,
      onClick: () => end(`${path}/sessions/${encodeURIComponent(session.id)}`, t('devices.end.text', { name })),
      failed,
    });
    const kind = tOr('class.', session.device_class, session.device_class);
    const cells = [h('span', { id }, name), kind, session.ip ?? NOTHING, ago(session.last_used_at), ago(session.created_at), ago(session.expires_at), ending];
    return { key: session.id, cells };
  });
  const columns = [
    t('admin.session.device'),
    t('admin.session.kind'),
    t('activity.address'),
    t('devices.last_used'),
    t('admin.session.opened'),
    t('admin.session.expires'),
    t('admin.deed'),
  ];
  const all = action({
    id: 'end-all-sessions',
    label: t('admin.session.end_all'),
    kind: 'danger',
    onClick: () => end(`${path}/sessions`, t('admin.session.end_all.text', { email: user.email })),
    failed,
  });
  const list = table({ id: 'user-sessions', caption: t('admin.sessions'), columns, rows });
  return section(
    'sessions-title',
    t('admin.sessions'),
    rows.length > 0 ? list.element : h('p', { class: 'empty' }, t('admin.sessions.none')),
    rows.length > 0 ? h('div', { class: 'actions' }, all) : null,
  );
}

/**
 * @param {User} user
 * @param {import('../admin/event-row.js').AdminEvent[]} events
 */
function eventsCard(user, events) {
  const rows = events.map((event) => eventRow(event, null));
  const list = table({ id: 'user-events', caption: t('admin.events'), columns: eventColumns(false), rows });
  const href = `#/admin/events?user=${encodeURIComponent(user.email)}`;
  return section(
    'events-title',
    t('admin.events'),
    rows.length > 0 ? list.element : h('p', { class: 'empty' }, t('admin.events.none')),
    h('p', {}, h('a', { href }, t('admin.events.all'))),
  );
}
