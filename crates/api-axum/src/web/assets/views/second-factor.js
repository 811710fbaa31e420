// Second factors: an app for one-time passwords, passkeys, and recovery codes.

import { call } from '../api.js';
import { confirmed } from '../dialog.js';
import { fill, focusOn, h } from '../dom.js';
import { action, field, form } from '../forms.js';
import { notice, problemNotice } from '../notice.js';
import { exact } from '../time.js';
import { t, tCount } from '../words.js';
import { passkeyCard } from './passkeys.js';
import { codesPanel, copyButton } from './recovery-codes.js';

/** @typedef {import('../types.js').Context} Context */

/**
 * @typedef {object} Factors
 * @property {{ added_at: string } | null} totp
 * @property {import('./passkeys.js').Passkey[]} passkeys
 * @property {number} recovery_codes
 */

/**
 * The view's place, and what happens in it.
 *
 * @typedef {object} Place
 * @property {Context} context
 * @property {HTMLElement} panel
 * @property {(error: unknown) => void} failed
 * @property {(codes: string[] | undefined, said: string) => Promise<void>} done shows new codes, if there are any, or the list anew
 */

/** @type {import('../types.js').View} */
export const secondFactor = {
  path: '/second-factor',
  title: 'factor.title',
  needs: 'user',
  nav: 'account',
  async render(context) {
    /** @type {Factors} */
    const factors = await call('GET', 'v1/me/factors');
    const panel = h('div', {});
    const outcome = h('div', {});
    /** @type {Place} */
    const place = {
      context,
      panel,
      failed: (error) => fill(outcome, problemNotice(error)),
      done: async (codes, said) => {
        context.say(said);
        if (codes) codesPanel(context, panel, codes);
        else await context.again();
      },
    };
    const any = factors.totp !== null || factors.passkeys.length > 0;
    fill(
      panel,
      h('p', { class: 'lead' }, t('factor.lead')),
      any ? null : notice('plain', h('p', {}, t('factor.none'))),
      outcome,
      appCard(place, factors),
      passkeyCard(place, factors.passkeys),
      any ? codesCard(place, factors.recovery_codes) : null,
    );
    return panel;
  },
};

/**
 * @param {Place} place
 * @param {Factors} factors
 */
function appCard(place, { totp }) {
  const { failed, done, panel } = place;
  const add = action({ id: 'add-totp', label: t('totp.add'), kind: 'primary', onClick: () => setUp(place, panel), failed });
  const remove = action({
    id: 'remove-totp',
    label: t('factor.remove'),
    kind: 'danger',
    describedBy: 'totp-title',
    onClick: async () => {
      if (!(await confirmed({ title: t('totp.remove.title'), text: t('totp.remove.text'), confirm: t('factor.remove') }))) return;
      await call('DELETE', 'v1/me/totp');
      await done(undefined, t('totp.removed'));
    },
    failed,
  });
  const state = totp ? h('p', { id: 'totp-added' }, t('totp.since', { at: exact(totp.added_at) })) : null;
  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'totp-title' },
    h('h2', { id: 'totp-title' }, t('totp.title')),
    h('p', { class: 'quiet' }, t('totp.text')),
    state,
    h('div', { class: 'actions' }, totp ? remove : add),
  );
}

/**
 * @param {Place} place
 * @param {HTMLElement} panel
 */
async function setUp({ context, done }, panel) {
  const { secret, url, qr_svg: svg } = await call('POST', 'v1/me/totp');
  const picture = h('img', { class: 'qr', src: `data:image/svg+xml,${encodeURIComponent(svg)}`, alt: t('totp.qr'), width: 240, height: 240 });
  const code = field({ name: 'totp_code', label: t('totp.code'), autocomplete: 'one-time-code', inputmode: 'numeric', maxlength: 10 });
  const cancel = h('button', { type: 'button', class: 'button', id: 'totp-cancel' }, t('shell.cancel'));
  cancel.addEventListener('click', () => void context.again());
  const confirming = form({
    id: 'confirm-totp',
    fields: [code],
    submit: t('totp.confirm'),
    errors: { wrong_code: 'totp_code' },
    onSubmit: async (values) => {
      const answer = await call('POST', 'v1/me/totp/confirm', { body: { code: (values.totp_code ?? '').replace(/\s/g, '') } });
      await done(answer.recovery_codes, t('totp.added'));
    },
    beside: [cancel],
  });
  const heading = h('h2', {}, t('totp.add'));
  const typed = h(
    'div',
    { class: 'card' },
    h('p', { class: 'quiet' }, t('totp.typed')),
    h('p', {}, h('code', { id: 'totp-secret', class: 'secret' }, grouped(secret))),
    h('div', { class: 'actions' }, copyButton(context, 'copy-secret', secret), h('a', { class: 'button', href: url }, t('totp.open'))),
  );
  fill(panel, heading, h('p', {}, t('totp.scan')), picture, typed, confirming);
  focusOn(heading);
}

/** In fours, as it is easier to type. @param {string} secret */
function grouped(secret) {
  return secret.match(/.{1,4}/g)?.join(' ') ?? secret;
}

/**
 * @param {Place} place
 * @param {number} left
 */
function codesCard({ failed, done }, left) {
  const make = action({
    id: 'new-recovery-codes',
    label: t('codes.make'),
    onClick: async () => {
      if (left > 0 && !(await confirmed({ title: t('codes.make'), text: t('codes.make.text'), confirm: t('codes.make') }))) return;
      const answer = await call('POST', 'v1/me/recovery-codes');
      await done(answer.recovery_codes, t('codes.made'));
    },
    failed,
  });
  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'codes-title' },
    h('h2', { id: 'codes-title' }, t('codes.title')),
    h('p', { class: 'quiet' }, t('codes.text')),
    h('p', { id: 'codes-left' }, tCount('codes.left', left)),
    h('div', { class: 'actions' }, make),
  );
}
