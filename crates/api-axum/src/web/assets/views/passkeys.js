// Passkeys: added, renamed and removed.

import { call } from '../api.js';
import { confirmed, openDialog } from '../dialog.js';
import { h } from '../dom.js';
import { action, field, form } from '../forms.js';
import { makePasskey, passkeysWork } from '../passkey.js';
import { ago } from '../time.js';
import { t } from '../words.js';

/** @typedef {import('./second-factor.js').Place} Place */

/**
 * @typedef {object} Passkey
 * @property {string} id
 * @property {string} name
 * @property {string} created_at
 * @property {string | null} last_used_at
 */

/**
 * @param {Place} place
 * @param {Passkey[]} passkeys
 */
export function passkeyCard(place, passkeys) {
  const { context, failed } = place;
  const offered = context.settings.passkeys && passkeysWork();
  const add = action({ id: 'add-passkey', label: t('passkey.add'), kind: 'primary', onClick: () => addPasskey(place), failed });
  const rows = passkeys.map((passkey) => row(place, passkey));
  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'passkeys-title' },
    h('h2', { id: 'passkeys-title' }, t('passkey.title')),
    h('p', { class: 'quiet' }, t('passkey.text')),
    rows.length > 0 ? h('ul', { class: 'inner-rows', id: 'passkeys' }, ...rows) : null,
    offered ? h('div', { class: 'actions' }, add) : h('p', { class: 'quiet' }, t(context.settings.passkeys ? 'passkey.no_browser' : 'passkey.no_server')),
  );
}

/**
 * @param {Place} place
 * @param {Passkey} passkey
 */
function row(place, passkey) {
  const { failed, done } = place;
  const { id, name } = passkey;
  const titleId = `passkey-${id}`;
  const path = `v1/me/passkeys/${encodeURIComponent(id)}`;
  const rename = action({
    id: `rename-${id}`,
    label: t('devices.rename'),
    describedBy: titleId,
    onClick: async () => {
      const chosen = await askName(t('passkey.rename'), name, async (typed) => void (await call('PATCH', path, { body: { name: typed } })));
      if (chosen !== null) await done(undefined, t('passkey.renamed'));
    },
    failed,
  });
  const remove = action({
    id: `remove-${id}`,
    label: t('factor.remove'),
    kind: 'danger',
    describedBy: titleId,
    onClick: async () => {
      const text = t('passkey.remove.text', { name });
      if (!(await confirmed({ title: t('passkey.remove.title'), text, confirm: t('factor.remove') }))) return;
      await call('DELETE', path);
      await done(undefined, t('passkey.removed'));
    },
    failed,
  });
  const used = passkey.last_used_at ? [t('devices.last_used'), ' ', ago(passkey.last_used_at)] : [t('passkey.never_used')];
  const told = h('p', { class: 'quiet' }, t('passkey.since'), ' ', ago(passkey.created_at), ' · ', ...used);
  const title = h('h3', { id: titleId }, name);
  return h('li', { class: 'row', 'data-passkey': id }, h('div', {}, title, told), h('div', { class: 'actions' }, rename, remove));
}

/** @param {Place} place */
async function addPasskey({ done }) {
  /** @type {string[] | undefined} */
  let codes;
  const chosen = await askName(t('passkey.add'), t('passkey.name.default'), async (name) => {
    const begun = await call('POST', 'v1/me/passkeys/begin');
    const credential = await makePasskey(begun.options);
    const added = await call('POST', 'v1/me/passkeys', { body: { ceremony: begun.ceremony, credential, name } });
    codes = added.recovery_codes;
  });
  if (chosen !== null) await done(codes, t('passkey.added'));
}

/**
 * Asks for a name, and does something with it while the dialog is open, so that what goes wrong stands there.
 *
 * @param {string} title
 * @param {string} value
 * @param {(name: string) => Promise<void>} use
 * @returns {Promise<string | null>} `null` where it was not done
 */
async function askName(title, value, use) {
  /** @type {string | null} */
  let chosen = null;
  await openDialog(title, (close) => {
    const name = field({ name: 'passkey_name', label: t('passkey.name'), hint: t('passkey.name.hint'), value, maxlength: 100 });
    const cancel = h('button', { type: 'button', class: 'button', id: 'passkey-cancel', onclick: close }, t('shell.cancel'));
    const element = form({
      id: 'passkey-form',
      fields: [name],
      submit: t('prove.submit'),
      errors: { invalid_request: 'passkey_name' },
      onSubmit: async (values) => {
        const typed = String(values.passkey_name);
        await use(typed);
        chosen = typed;
        close();
      },
      beside: [cancel],
    });
    return [element];
  });
  return chosen;
}
