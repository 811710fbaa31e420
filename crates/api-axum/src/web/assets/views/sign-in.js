// Sign in: a password, a second factor where there is one, or a passkey alone; and what may stand in the way.

import { Problem, send } from '../api.js';
import { fill, focusOn, h } from '../dom.js';
import { action, field, form } from '../forms.js';
import { notice, problemNotice, problemText } from '../notice.js';
import { askPasskey, passkeysWork } from '../passkey.js';
import { ago } from '../time.js';
import { t } from '../words.js';
import { deviceName } from './device-name.js';
import { resendForm } from './verify-email.js';

/** @typedef {import('../types.js').Context} Context */
/** @typedef {Record<string, unknown>} Body */

/**
 * A login on its way through its steps.
 *
 * @typedef {object} Login
 * @property {Context} context
 * @property {HTMLElement} panel
 * @property {string} next where it leads
 * @property {string} email
 */

/** @type {import('../types.js').View} */
export const signIn = {
  path: '/sign-in',
  title: 'sign_in.title',
  needs: 'nobody',
  render(context) {
    const wanted = context.params.get('next') ?? '';
    const next = wanted.startsWith('/') ? wanted : '/devices';
    const panel = h('div', {});
    if (context.account) context.go(next);
    else passwordStep({ context, panel, next, email: '' }, null);
    return panel;
  },
};

/**
 * @param {Login} login
 * @param {Node | null} said what went wrong before
 */
function passwordStep(login, said) {
  const { context, panel } = login;
  const { settings } = context;
  const email = field({ name: 'email', label: t('field.email'), type: 'email', value: login.email, autocomplete: 'username' });
  const password = field({ name: 'password', label: t('field.password'), type: 'password', autocomplete: 'current-password' });
  const outcome = h('div', {}, said);
  const forgot = h('a', { href: '#/forgot-password', id: 'forgot-password' }, t('forgot.link'));
  const element = form({
    id: 'sign-in',
    fields: [email, password],
    submit: t('sign_in.submit'),
    onSubmit: async (values) => {
      outcome.replaceChildren();
      login.email = String(values.email);
      await withPassword(login, { email: values.email, password: values.password });
    },
    below: [h('p', { class: 'aside' }, forgot)],
  });
  const passkey = action({
    id: 'sign-in-passkey',
    label: t('passkey.sign_in'),
    onClick: () => {
      outcome.replaceChildren();
      return withPasskey(login, {});
    },
    failed: (error) => fill(outcome, problemNotice(error)),
  });
  const other = settings.passkeys && passkeysWork() ? [h('p', { class: 'or' }, t('sign_in.or')), passkey] : [];
  const signUp = h('p', { class: 'aside' }, t('sign_in.no_account'), ' ', h('a', { href: '#/sign-up' }, t('sign_up.title')));
  fill(panel, outcome, element, ...other, settings.registration === 'open' ? signUp : null);
}

/**
 * @param {Login} login
 * @param {Body} body
 */
async function withPassword(login, body) {
  await tryTo(login, () => send('POST', 'v1/login', { body: { ...body, transport: 'cookie' } }), {
    again: (session) => withPassword(login, { ...body, end_session: session }),
  });
}

/**
 * @param {Login} login
 * @param {Body} body
 */
async function withPasskey(login, body) {
  const attempt = async () => {
    const begun = await send('POST', 'v1/login/passkey/begin', { body: {} });
    const credential = await askPasskey(begun.options);
    const answer = { ceremony: begun.ceremony, credential, transport: 'cookie', ...body };
    return send('POST', 'v1/login/passkey', { body: answer });
  };
  await tryTo(login, attempt, { again: (session) => withPasskey(login, { end_session: session }) });
}

/**
 * One attempt, and the step that follows from how it ends.
 *
 * @param {Login} login
 * @param {() => Promise<any>} attempt gives tokens
 * @param {{ again: (session: string) => Promise<void> }} limit begins anew, with a session to end
 */
async function tryTo(login, attempt, { again }) {
  const { context, panel, next } = login;
  document.getElementById('notice')?.remove();
  try {
    await context.enter(await attempt(), next);
  } catch (error) {
    const code = error instanceof Problem ? error.code : '';
    const members = error instanceof Problem ? error.members : {};
    if (code === 'mfa_required') secondStep(login, members.mfa_token, members.methods, again);
    else if (code === 'session_limit_reached') limitStep(login, members.sessions, again);
    else if (code === 'email_not_verified') unverifiedStep(login);
    else if (code === 'invalid_mfa_token') {
      passwordStep(login, problemNotice(error));
      focusOn(panel.querySelector('input'));
    } else throw error;
  }
}

/**
 * @param {Login} login
 * @param {string} token
 * @param {string[]} methods
 * @param {(session: string) => Promise<void>} again
 */
function secondStep(login, token, methods, again) {
  const { panel, context } = login;
  const outcome = h('div', {});
  const byPasskey = methods.includes('passkey') && passkeysWork();
  const byCode = methods.includes('totp') || methods.includes('recovery_code');
  /** @param {Body} proof */
  const finish = (proof) =>
    tryTo(login, () => send('POST', 'v1/login/mfa', { body: { mfa_token: token, transport: 'cookie', ...proof } }), { again });

  const code = field({ name: 'code', label: t('field.code'), hint: t('field.code.hint'), autocomplete: 'one-time-code' });
  const codeForm = form({
    id: 'second-factor',
    fields: [code],
    submit: t('sign_in.second.submit'),
    errors: { invalid_second_factor: 'code' },
    onSubmit: (values) => finish({ code: values.code }),
  });
  const passkey = action({
    id: 'second-passkey',
    label: t('passkey.use'),
    kind: byCode ? '' : 'primary',
    onClick: async () => {
      outcome.replaceChildren();
      const begun = await send('POST', 'v1/login/passkey/begin', { body: { mfa_token: token } });
      await finish({ passkey: { ceremony: begun.ceremony, credential: await askPasskey(begun.options) } });
    },
    failed: (error) => {
      if (error instanceof Problem && error.code === 'invalid_mfa_token') passwordStep(login, problemNotice(error));
      else fill(outcome, problemNotice(error));
    },
  });
  const heading = h('h2', {}, t('sign_in.second.title'));
  fill(
    panel,
    heading,
    h('p', {}, t(byCode ? 'sign_in.second.text' : 'sign_in.second.passkey')),
    byCode ? codeForm : null,
    byCode && byPasskey ? h('p', { class: 'or' }, t('sign_in.or')) : null,
    byPasskey ? passkey : null,
    outcome,
    h('p', { class: 'aside' }, startOver(login, context)),
  );
  focusOn(heading);
}

/**
 * @param {Login} login
 * @param {any[]} sessions
 * @param {(session: string) => Promise<void>} again
 */
function limitStep(login, sessions, again) {
  const { panel, context } = login;
  const outcome = h('div', {});
  const items = sessions.map((session) => {
    const id = `limit-${session.id}`;
    const end = action({
      id: `end-${session.id}`,
      label: t('sign_in.limit.end'),
      describedBy: id,
      onClick: () => again(session.id),
      failed: (error) => fill(outcome, problemNotice(error)),
    });
    const told = h('p', { class: 'quiet' }, t('devices.last_used'), ' ', ago(session.last_used_at), session.ip ? ` · ${session.ip}` : '');
    return h('li', { class: 'row' }, h('div', {}, h('p', { id, class: 'row-title' }, deviceName(session)), told), end);
  });
  const heading = h('h2', {}, t('sign_in.limit.title'));
  const list = h('ul', { class: 'rows', id: 'limit-sessions' }, ...items);
  fill(panel, heading, h('p', {}, t('problem.session_limit_reached')), outcome, list, h('p', { class: 'aside' }, startOver(login, context)));
  focusOn(heading);
}

/** @param {Login} login */
function unverifiedStep(login) {
  const { panel, context, email } = login;
  const heading = h('h2', {}, t('mail.check'));
  const text = notice('plain', h('p', {}, problemText(new Problem('email_not_verified'))));
  fill(panel, heading, text, resendForm(context, email), h('p', { class: 'aside' }, startOver(login, context)));
  focusOn(heading);
}

/**
 * @param {Login} login
 * @param {Context} context
 */
function startOver(login, context) {
  const back = () => {
    passwordStep({ ...login, context }, null);
    focusOn(login.panel.querySelector('input'));
  };
  return h('button', { type: 'button', class: 'link', id: 'start-over', onclick: back }, t('sign_in.start_over'));
}
