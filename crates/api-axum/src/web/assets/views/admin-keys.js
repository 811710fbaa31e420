// Signing keys: where each is in its life, and what an operator may do to it.

import { Problem, call } from '../api.js';
import { confirmed } from '../dialog.js';
import { fill, h } from '../dom.js';
import { action } from '../forms.js';
import { problemNotice, problemText } from '../notice.js';
import { NOTHING, table } from '../table.js';
import { ago, moment } from '../time.js';
import { t, tOr } from '../words.js';

/** @typedef {import('../types.js').Context} Context */

/**
 * @typedef {object} SigningKey
 * @property {string} kid
 * @property {string} algorithm
 * @property {'next' | 'active' | 'retired' | 'revoked'} state
 * @property {string} created_at
 * @property {string} ready_at
 * @property {string | null} since
 * @property {string | null} until
 * @property {number | null} sealed_under
 */

/** In the order of the table. @type {SigningKey['state'][]} */
const STATES = ['next', 'active', 'retired', 'revoked'];
/** What `force` overrules: nothing was changed, and the server said what it would break. */
const OVERRULABLE = new Set(['key_not_seen', 'key_in_use', 'no_next_key', 'key_revoked']);

/** @type {import('../types.js').View} */
export const adminKeys = {
  path: '/admin/keys',
  title: 'admin.keys',
  needs: 'admin',
  nav: 'admin',
  width: 'wide',
  async render(context) {
    /** @type {{ keys: SigningKey[] }} */
    const { keys } = await call('GET', 'v1/admin/keys');
    const outcome = h('div', {});
    /** @param {unknown} error */
    const failed = (error) => fill(outcome, problemNotice(error));
    const rotate = action({
      id: 'rotate-keys',
      label: t('admin.keys.rotate'),
      kind: 'primary',
      onClick: async () => {
        const question = { title: t('admin.keys.rotate.title'), text: t('admin.keys.rotate.text'), confirm: t('admin.keys.rotate') };
        if (!(await confirmed(question))) return;
        const rotated = await forcibly(
          () => call('POST', 'v1/admin/keys/rotate', { body: {} }),
          () => call('POST', 'v1/admin/keys/rotate', { body: { force: true } }),
        );
        if (rotated) await changed(context, 'admin.keys.rotate.done');
      },
      failed,
    });
    const rows = keys.toSorted((one, other) => STATES.indexOf(one.state) - STATES.indexOf(other.state)).map((key) => row(context, key, failed));
    const columns = [t('admin.key.kid'), t('admin.state'), t('admin.key.algorithm'), t('admin.key.made'), t('admin.key.times'), t('admin.deed')];
    return h(
      'div',
      {},
      h('div', { class: 'title-row' }, h('p', { class: 'lead' }, t('admin.keys.lead')), rotate),
      outcome,
      life(keys),
      table({ id: 'keys', caption: t('admin.keys'), columns, rows }).element,
    );
  },
};

/**
 * The stations of a key's life, with how many keys are at each.
 *
 * @param {SigningKey[]} keys
 */
function life(keys) {
  const stations = /** @type {const} */ (['next', 'active', 'retired', 'gone']);
  const items = stations.map((station) => {
    const count = keys.filter(({ state }) => state === station).length;
    const number = station === 'gone' ? null : h('span', { class: 'number' }, ` (${count})`);
    return h('li', { 'data-state': station }, h('strong', {}, t(`key.${station}`), number), h('span', { class: 'quiet' }, t(`key.${station}.text`)));
  });
  return h('ol', { class: 'life', id: 'life', 'aria-label': t('admin.keys.life') }, ...items);
}

/**
 * @param {Context} context
 * @param {SigningKey} key
 * @param {(error: unknown) => void} failed
 */
function row(context, key, failed) {
  const { kid, state } = key;
  const id = `key-${kid}`;
  const path = `v1/admin/keys/${encodeURIComponent(kid)}`;
  const short = { kid: `${kid.slice(0, 8)}…` };
  const revoke = action({
    id: `revoke-${kid}`,
    label: t('admin.key.revoke'),
    kind: 'danger',
    describedBy: id,
    onClick: async () => {
      const question = { title: t('admin.key.revoke.title', short), text: t('admin.key.revoke.text'), confirm: t('admin.key.revoke') };
      if (!(await confirmed(question))) return;
      await call('POST', `${path}/revoke`);
      await changed(context, 'admin.key.revoke.done');
    },
    failed,
  });
  const remove = action({
    id: `delete-${kid}`,
    label: t('admin.key.delete'),
    describedBy: id,
    onClick: async () => {
      const question = { title: t('admin.key.delete.title', short), text: t('admin.key.delete.text'), confirm: t('admin.key.delete') };
      if (!(await confirmed(question))) return;
      const deleted = await forcibly(
        () => call('DELETE', path),
        () => call('DELETE', `${path}?force=true`),
      );
      if (deleted) await changed(context, 'admin.key.delete.done');
    },
    failed,
  });
  const deeds = h('div', { class: 'actions' }, state === 'revoked' ? null : revoke, state === 'active' ? null : remove);
  const tone = { next: 'calm', active: '', retired: 'warn', revoked: 'bad' }[state];
  const tag = h('span', { class: `tag ${tone}`.trim() }, tOr('key.', state, state));
  return { key: kid, cells: [h('code', { id, class: 'breaking' }, kid), tag, key.algorithm, ago(key.created_at), times(key), deeds] };
}

/** @param {SigningKey} key */
function times({ state, ready_at: ready, since, until }) {
  const line = (/** @type {string} */ words, /** @type {string} */ at) => h('div', {}, words, ' ', h('time', { datetime: at }, moment(at)));
  const lines = [];
  if (state === 'next') lines.push(line(t('admin.key.ready'), ready));
  if (since) lines.push(line(t('admin.key.since'), since));
  if (until) lines.push(line(t('admin.key.until'), until));
  return lines.length > 0 ? lines : NOTHING;
}

/**
 * Tries it, and where the server says what it would break, asks whether to do it all the same.
 *
 * @param {() => Promise<any>} gently
 * @param {() => Promise<any>} byForce
 * @returns {Promise<boolean>} whether it was done
 */
async function forcibly(gently, byForce) {
  try {
    await gently();
    return true;
  } catch (error) {
    if (!(error instanceof Problem) || !OVERRULABLE.has(error.code)) throw error;
    const text = `${problemText(error)} ${t('admin.keys.force.text')}`;
    const said = error.detail ? [h('p', { class: 'quiet', lang: 'en' }, error.detail)] : [];
    if (!(await confirmed({ title: t('admin.keys.force.title'), text, confirm: t('admin.keys.force'), below: said }))) return false;
    await byForce();
    return true;
  }
}

/**
 * @param {Context} context
 * @param {import('../words.js').WordKey} words
 */
async function changed(context, words) {
  context.say(t(words));
  await context.again();
}
