// Asks who is signed in to prove again who he is, where the server wants a recent proof (RFC 9470).

import { Problem, call, provedAgain, send } from './api.js';
import { openDialog } from './dialog.js';
import { fill, h } from './dom.js';
import { action, field, form } from './forms.js';
import { problemNotice } from './notice.js';
import { askPasskey, passkeysWork } from './passkey.js';
import { t } from './words.js';

/**
 * @param {Problem} _asked what asked for it
 * @param {import('./types.js').Settings} settings
 * @returns {Promise<boolean>} whether it was proved
 */
export async function proveAgain(_asked, settings) {
  const { totp, passkeys, recovery_codes: codes } = await call('GET', 'v1/me/factors');
  const byPasskey = passkeys.length > 0 && settings.passkeys && passkeysWork();
  const byCode = totp !== null || codes > 0;
  const hasFactor = totp !== null || passkeys.length > 0;
  let proved = false;
  await openDialog(t('prove.title'), (close) => {
    /** @param {object} body */
    const prove = async (body) => {
      await provedAgain(await call('POST', 'v1/me/reauthenticate', { body }));
      proved = true;
      close();
    };
    const outcome = h('div', {});
    const cancel = h('button', { type: 'button', class: 'button', id: 'prove-cancel', onclick: close }, t('shell.cancel'));
    const passkey = action({
      id: 'prove-passkey',
      label: t('passkey.use'),
      onClick: async () => {
        outcome.replaceChildren();
        const begun = await send('POST', 'v1/login/passkey/begin', { body: {} });
        await prove({ passkey: { ceremony: begun.ceremony, credential: await askPasskey(begun.options) } });
      },
      failed: (error) => fill(outcome, problemNotice(error)),
    });
    if (hasFactor && !byCode) {
      return [h('p', {}, t('prove.passkey')), outcome, h('div', { class: 'actions' }, passkey, cancel)];
    }
    const name = hasFactor ? 'code' : 'password';
    const input = hasFactor
      ? field({ name: 'prove_code', label: t('field.code'), hint: t('field.code.hint'), autocomplete: 'one-time-code' })
      : field({ name: 'prove_password', label: t('field.password'), type: 'password', autocomplete: 'current-password' });
    const proving = form({
      id: 'prove',
      fields: [input],
      submit: t('prove.submit'),
      errors: { wrong_password: 'prove_password', wrong_code: 'prove_code' },
      onSubmit: () => prove({ [name]: input.input.value }),
      beside: [byPasskey ? passkey : null, cancel],
    });
    return [h('p', {}, t('prove.text')), proving, outcome];
  });
  return proved;
}
