// My devices: every session of the account, to be named and ended.

import { call, signOut } from '../api.js';
import { confirmed, openDialog } from '../dialog.js';
import { fill, h } from '../dom.js';
import { action, field, form } from '../forms.js';
import { problemNotice } from '../notice.js';
import { ago } from '../time.js';
import { t, tCount, tOr } from '../words.js';
import { deviceName } from './device-name.js';

/** @typedef {import('../types.js').Context} Context */

/**
 * @typedef {object} Session
 * @property {string} id
 * @property {string | null} device_name
 * @property {string} device_class
 * @property {string | null} browser
 * @property {string | null} system
 * @property {string | null} ip
 * @property {string} created_at
 * @property {string} last_used_at
 * @property {boolean} current
 */

/** @type {import('../types.js').View} */
export const devices = {
  path: '/devices',
  title: 'devices.title',
  needs: 'user',
  nav: 'account',
  async render(context) {
    /** @type {{ sessions: Session[] }} */
    const { sessions } = await call('GET', 'v1/sessions');
    const outcome = h('div', {});
    /** @param {unknown} error */
    const failed = (error) => fill(outcome, problemNotice(error));
    const own = sessions.filter(({ current }) => current);
    const others = sessions.filter(({ current }) => !current);
    const rows = [...own, ...others].map((session) => row(context, session, failed));
    return h(
      'div',
      {},
      h('p', { class: 'lead' }, t('devices.lead')),
      outcome,
      h('ul', { class: 'rows', id: 'sessions', 'aria-label': t('devices.title') }, ...rows),
      others.length > 0
        ? h('div', { class: 'actions' }, endOthers(context, others.length, failed))
        : h('p', { class: 'quiet', id: 'no-others' }, t('devices.no_others')),
    );
  },
};

/**
 * @param {Context} context
 * @param {Session} session
 * @param {(error: unknown) => void} failed
 */
function row(context, session, failed) {
  const { id, current } = session;
  const name = deviceName(session);
  const titleId = `device-${id}`;
  const kind = tOr('class.', session.device_class, session.device_class);
  const facts = [kind, session.ip ?? ''].filter((part) => part !== '').join(' · ');
  const rename = action({
    id: `rename-${id}`,
    label: t('devices.rename'),
    describedBy: titleId,
    onClick: () => renameDialog(context, session),
    failed,
  });
  const end = action({
    id: `end-${id}`,
    label: t(current ? 'shell.sign_out' : 'devices.end'),
    kind: 'danger',
    describedBy: titleId,
    onClick: () => (current ? signOut() : endOne(context, id, name)),
    failed,
  });
  return h(
    'li',
    { class: 'row', 'data-session': id },
    h(
      'div',
      {},
      h('h2', { class: 'row-title', id: titleId }, name, current ? h('span', { class: 'tag' }, t('devices.current')) : null),
      h('p', { class: 'quiet' }, facts),
      h('p', { class: 'quiet' }, t('devices.last_used'), ' ', ago(session.last_used_at), ' · ', t('devices.since'), ' ', ago(session.created_at)),
    ),
    h('div', { class: 'actions' }, rename, end),
  );
}

/**
 * @param {Context} context
 * @param {string} id
 * @param {string} name
 */
async function endOne(context, id, name) {
  const question = { title: t('devices.end.title'), text: t('devices.end.text', { name }), confirm: t('devices.end.confirm') };
  if (!(await confirmed(question))) return;
  await call('DELETE', `v1/sessions/${encodeURIComponent(id)}`);
  context.say(t('devices.end.done', { name }));
  await context.again();
}

/**
 * @param {Context} context
 * @param {number} count
 * @param {(error: unknown) => void} failed
 */
function endOthers(context, count, failed) {
  return action({
    id: 'end-others',
    label: t('devices.end_others'),
    kind: 'danger',
    onClick: async () => {
      const text = tCount('devices.end_others.text', count);
      if (!(await confirmed({ title: t('devices.end_others'), text, confirm: t('devices.end_others') }))) return;
      await call('DELETE', 'v1/sessions?keep=current');
      context.say(t('devices.end_others.done'));
      await context.again();
    },
    failed,
  });
}

/**
 * @param {Context} context
 * @param {Session} session
 */
async function renameDialog(context, session) {
  let renamed = false;
  await openDialog(t('devices.rename.title'), (close) => {
    const name = field({
      name: 'device_name',
      label: t('devices.name'),
      hint: t('devices.name.hint'),
      value: session.device_name ?? '',
      optional: true,
      maxlength: 100,
    });
    const cancel = h('button', { type: 'button', class: 'button', id: 'rename-cancel', onclick: close }, t('shell.cancel'));
    return [
      form({
        id: 'rename',
        fields: [name],
        submit: t('shell.save'),
        errors: { invalid_request: 'device_name' },
        onSubmit: async (values) => {
          const typed = (values.device_name ?? '').trim();
          await call('PATCH', `v1/sessions/${encodeURIComponent(session.id)}`, { body: { device_name: typed === '' ? null : typed } });
          renamed = true;
          close();
        },
        beside: [cancel],
      }),
    ];
  });
  if (!renamed) return;
  context.say(t('devices.rename.done'));
  await context.again();
}
