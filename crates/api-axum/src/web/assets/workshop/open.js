// Opens a session to practise on: the password once more, and the second factor where there is one.

import { Problem, send } from '../api.js';
import { fill, focusOn, h } from '../dom.js';
import { action, field, form } from '../forms.js';
import { problemNotice } from '../notice.js';
import { askPasskey, passkeysWork } from '../passkey.js';
import { t } from '../words.js';
import { begin, practiceLogin } from './practice.js';

/**
 * @param {import('../types.js').Account} account
 * @param {() => void} opened
 */
export function openingForm(account, opened) {
  const panel = h('div', {});
  passwordStep(panel, account, opened, null);
  return panel;
}

/**
 * @param {HTMLElement} panel
 * @param {import('../types.js').Account} account
 * @param {() => void} opened
 * @param {Node | null} said
 */
function passwordStep(panel, account, opened, said) {
  const password = field({
    name: 'practice_password',
    label: t('field.password'),
    type: 'password',
    hint: t('workshop.open.hint'),
    autocomplete: 'current-password',
  });
  const element = form({
    id: 'practice',
    fields: [password],
    submit: t('workshop.open.submit'),
    errors: { invalid_credentials: 'practice_password' },
    onSubmit: async ({ practice_password: typed }) => {
      const device = { device_name: t('workshop.device'), device_class: 'web' };
      try {
        await begin(account.id, await login('v1/login', { email: account.email, password: typed, ...device }));
        opened();
      } catch (error) {
        if (!(error instanceof Problem) || error.code !== 'mfa_required') throw error;
        secondStep(panel, account, opened, error.members.mfa_token, error.members.methods);
      }
    },
  });
  fill(panel, said, element);
}

/**
 * @param {string} path
 * @param {Record<string, unknown>} proof
 */
function login(path, proof) {
  return send('POST', path, { body: practiceLogin(proof), credentials: 'omit' });
}

/**
 * @param {HTMLElement} panel
 * @param {import('../types.js').Account} account
 * @param {() => void} opened
 * @param {string} token
 * @param {string[]} methods
 */
function secondStep(panel, account, opened, token, methods) {
  const outcome = h('div', {});
  const startOver = (/** @type {unknown} */ error) => {
    passwordStep(panel, account, opened, problemNotice(error));
    focusOn(panel.querySelector('input'));
  };
  /** @param {Record<string, unknown>} proof */
  const finish = async (proof) => {
    try {
      await begin(account.id, await login('v1/login/mfa', { mfa_token: token, ...proof }));
      opened();
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'invalid_mfa_token') throw error;
      startOver(error);
    }
  };
  const byCode = methods.includes('totp') || methods.includes('recovery_code');
  const code = field({ name: 'practice_code', label: t('field.code'), hint: t('field.code.hint'), autocomplete: 'one-time-code' });
  const codeForm = form({
    id: 'practice-second',
    fields: [code],
    submit: t('workshop.open.submit'),
    errors: { invalid_second_factor: 'practice_code' },
    onSubmit: ({ practice_code: typed }) => finish({ code: typed }),
  });
  const passkey = action({
    id: 'practice-passkey',
    label: t('passkey.use'),
    onClick: async () => {
      outcome.replaceChildren();
      const begun = await send('POST', 'v1/login/passkey/begin', { body: { mfa_token: token } });
      await finish({ passkey: { ceremony: begun.ceremony, credential: await askPasskey(begun.options) } });
    },
    failed: (error) => fill(outcome, problemNotice(error)),
  });
  const heading = h('h3', {}, t('sign_in.second.title'));
  fill(panel, heading, byCode ? codeForm : null, methods.includes('passkey') && passkeysWork() ? passkey : null, outcome);
  focusOn(heading);
}
