// Sign up: a new account, with or without an invitation.

import { Problem, send } from '../api.js';
import { fill, focusOn, h } from '../dom.js';
import { field, form } from '../forms.js';
import { notice } from '../notice.js';
import { strengthMeter } from '../strength.js';
import { language, t, tCount } from '../words.js';
import { resendForm } from './verify-email.js';

/** @typedef {import('../types.js').Context} Context */

const ERRORS = {
  invalid_email: 'email',
  email_taken: 'email',
  domain_not_allowed: 'email',
  password_too_short: 'password',
  password_too_long: 'password',
  password_guessable: 'password',
};

/** @type {import('../types.js').View} */
export const signUp = {
  path: '/sign-up',
  title: 'sign_up.title',
  needs: 'nobody',
  render: (context) => registration(context, null),
};

/** @type {import('../types.js').View} */
export const invite = {
  path: '/invite',
  title: 'invite.title',
  needs: 'nobody',
  render: (context) => {
    const token = context.params.get('token');
    return token ? registration(context, token) : notice('error', h('p', {}, t('problem.invalid_link')));
  },
};

/**
 * @param {Context} context
 * @param {string | null} invited the token of an invitation
 */
function registration(context, invited) {
  const { settings } = context;
  const panel = h('div', {});
  if (settings.registration !== 'open' && !invited) {
    const words = settings.registration === 'invite' ? t('problem.not_invited') : t('problem.registration_closed');
    fill(panel, notice('plain', h('p', {}, words)), toSignIn());
    return panel;
  }
  const strength = strengthMeter(context.left);
  const email = field({ name: 'email', label: t('field.email'), type: 'email', autocomplete: 'username' });
  const name = field({
    name: 'display_name',
    label: t('field.display_name'),
    hint: t('field.optional'),
    optional: true,
    autocomplete: 'name',
    maxlength: 100,
  });
  const password = field({
    name: 'password',
    label: t('field.password'),
    type: 'password',
    autocomplete: 'new-password',
    hint: tCount('field.password.hint', settings.password_min_length),
    beside: strength.element,
    onInput: strength.judge,
  });
  const element = form({
    id: 'sign-up',
    fields: [email, name, password],
    submit: t('sign_up.submit'),
    errors: ERRORS,
    onSubmit: async (values) => {
      const body = {
        email: values.email,
        password: values.password,
        locale: language(),
        ...(values.display_name ? { display_name: values.display_name } : {}),
        ...(invited ? { invite: invited } : {}),
      };
      const answer = await send('POST', 'v1/accounts', { body });
      // Where the address must be verified first, the answer says no more than that a mail was sent.
      if (answer?.status === 'mail_sent') mailSent(panel, context, String(values.email));
      else await enter(context, body);
    },
    below: [toSignIn()],
  });
  fill(panel, h('p', { class: 'lead' }, t(invited ? 'invite.lead' : 'sign_up.lead')), element);
  return panel;
}

/**
 * Signs in with what was just registered.
 *
 * @param {Context} context
 * @param {{ email: string | undefined, password: string | undefined }} account
 */
async function enter(context, { email, password }) {
  try {
    const tokens = await send('POST', 'v1/login', { body: { email, password, transport: 'cookie' } });
    await context.enter(tokens, '/devices', t(context.settings.outbox ? 'sign_up.welcome_outbox' : 'sign_up.welcome'));
  } catch (error) {
    if (error instanceof Problem && error.code === 'cookie_refused') throw error;
    context.go('/sign-in', t('sign_up.made'));
  }
}

/**
 * @param {Element} panel
 * @param {Context} context
 * @param {string} email
 */
function mailSent(panel, context, email) {
  const heading = h('h2', {}, t('mail.check'));
  fill(
    panel,
    heading,
    h('p', {}, t('sign_up.mail_sent', { email })),
    context.settings.outbox ? notice('plain', h('p', {}, t('mail.outbox'))) : null,
    resendForm(context, email),
    toSignIn(),
  );
  focusOn(heading);
}

function toSignIn() {
  return h('p', { class: 'aside' }, t('sign_up.have_account'), ' ', h('a', { href: '#/sign-in' }, t('sign_in.title')));
}
