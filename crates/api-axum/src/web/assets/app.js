// The console: which views there are, which one the address names, and who is signed in.

import { Problem, call, currentAccess, findSession, forget, onSession, onStepUp, send, signedIn } from './api.js';
import { fill, focusOn, h } from './dom.js';
import { notice, problemNotice, problemText } from './notice.js';
import { proveAgain } from './prove.js';
import { buildFrame } from './shell.js';
import { startLanguage, t, tOr } from './words.js';
import { account as accountView } from './views/account.js';
import { activity } from './views/activity.js';
import { adminEvents } from './views/admin-events.js';
import { adminKeys } from './views/admin-keys.js';
import { adminUser } from './views/admin-user.js';
import { adminUsers } from './views/admin-users.js';
import { devices } from './views/devices.js';
import { forgotPassword, password, resetPassword } from './views/password.js';
import { secondFactor } from './views/second-factor.js';
import { signIn } from './views/sign-in.js';
import { invite, signUp } from './views/sign-up.js';
import { changeEmail, verifyEmail } from './views/verify-email.js';
import { workshop } from './views/workshop.js';

/** @typedef {import('./types.js').Account} Account */
/** @typedef {import('./types.js').Settings} Settings */
/** @typedef {import('./types.js').View} View */

/** Every view, in the order of the navigation. @type {View[]} */
const VIEWS = [
  signIn,
  signUp,
  invite,
  verifyEmail,
  changeEmail,
  forgotPassword,
  resetPassword,
  devices,
  activity,
  password,
  secondFactor,
  accountView,
  workshop,
  adminUsers,
  adminUser,
  adminEvents,
  adminKeys,
];

const HOME = '/devices';
const SIGN_IN = '/sign-in';
/** Nothing is said of loading that takes less. */
const LOADING_MS = 200;
/** A page that was not looked at for this long asks whether its session is still there. */
const AWAY_MS = 15_000;

/** @type {Settings} */
let settings = { product: 'Jeton', issuer: '', registration: 'open', passkeys: false, outbox: false, password_min_length: 15 };
/** @type {Account | null} */
let account = null;
/** @type {import('./shell.js').Frame} */
let frame;
/** What the next view begins with. */
let nextNotice = '';
/** What the address named, kept beside it since a token is taken out of it. */
let shown = { path: '', params: new URLSearchParams() };
let leaving = new AbortController();

async function start() {
  startLanguage();
  settings = await send('GET', 'console/settings.json').catch(() => settings);
  frame = buildFrame({ views: VIEWS, settings, onLanguage: () => void show() });
  onStepUp((problem) => proveAgain(problem, settings));
  onSession(sessionChanged);
  const waiting = setTimeout(() => fill(frame.main, loading()), LOADING_MS);
  try {
    const ended = await findSession();
    if (currentAccess()) await reloadAccount();
    if (ended) nextNotice = tOr('ended.', ended, '');
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    nextNotice = problemText(error);
  }
  clearTimeout(waiting);
  window.addEventListener('hashchange', () => void route());
  watchReturn();
  await route({ isFirst: true });
}

async function reloadAccount() {
  account = await call('GET', 'v1/me');
}

/**
 * @param {import('./session.js').Change} change
 * @param {string} code
 */
async function sessionChanged(change, code) {
  if (change === 'renewed') return;
  if (change === 'signed-in') {
    await reloadAccount();
    await show();
    return;
  }
  account = null;
  const words = change === 'signed-out' ? t('shell.signed_out') : tOr('ended.', code, t('ended.session_revoked'));
  const back = change === 'lost' && viewAt(shown.path)?.needs !== 'nobody' ? `?next=${encodeURIComponent(shown.path)}` : '';
  go(SIGN_IN + back, words);
}

/** Asks whether the session is still there when somebody comes back to the page. */
function watchReturn() {
  let left = 0;
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) left = Date.now();
    else if (currentAccess() && Date.now() - left > AWAY_MS) void call('GET', 'v1/me').catch(() => null);
  });
}

/** @param {string} path */
function viewAt(path) {
  return VIEWS.find((view) => view.path === path);
}

/**
 * @param {string} to a path, with parameters after a `?`
 * @param {string} [words]
 */
function go(to, words = '') {
  nextNotice = words;
  if (location.hash === `#${to}`) void route();
  else location.hash = to;
}

/**
 * @param {any} tokens
 * @param {string} to
 * @param {string} [words]
 */
async function enter(tokens, to, words = '') {
  await signedIn(tokens);
  await reloadAccount();
  go(to, words);
}

/** @param {string} words */
async function leave(words) {
  const wasSignedIn = currentAccess() !== null;
  await forget();
  account = null;
  // Takes the cookie of the session that is over away, lest it be asked how it ended.
  if (wasSignedIn) await send('POST', 'v1/logout', { body: {} }).catch(() => null);
  go(SIGN_IN, words);
}

/** Takes up what the address names. A token leaves the address bar, and with it the history. */
function readAddress() {
  const [path = '', query = ''] = location.hash.replace(/^#/, '').split('?', 2);
  shown = { path: path === '' ? '/' : path, params: new URLSearchParams(query) };
  if (shown.params.has('token')) history.replaceState(null, '', `#${path}`);
}

/** Shows the view that the address names. */
async function route({ isFirst = false } = {}) {
  readAddress();
  frame.say('');
  const heading = await show();
  // A page that was just loaded is read from its top by itself.
  if (!isFirst) focusOn(heading);
}

/** Shows the view that the address names in the place of another one. */
function redirected() {
  readAddress();
  return show();
}

function loading() {
  return h('p', { class: 'loading', role: 'status' }, t('shell.loading'));
}

let shows = 0;

/**
 * Draws the view that was named, and gives its heading.
 *
 * @returns {Promise<HTMLElement | null>}
 */
async function show() {
  const { path, params } = shown;
  if (path === '/') {
    history.replaceState(null, '', `#${account ? HOME : SIGN_IN}`);
    return redirected();
  }
  const view = viewAt(path);
  if (view && view.needs !== 'nobody' && !account) {
    history.replaceState(null, '', `#${SIGN_IN}?next=${encodeURIComponent(path)}`);
    return redirected();
  }
  shows += 1;
  const own = shows;
  leaving.abort();
  leaving = new AbortController();
  frame.draw({ path, account });
  const title = t(view?.title ?? 'shell.not_found');
  document.title = `${title} · ${settings.product}`;
  const heading = h('h1', { tabindex: '-1' }, title);
  const top = [heading, ...warnings(), nextNotice ? topNotice(nextNotice) : null];
  nextNotice = '';
  frame.main.className = view?.width === 'wide' ? 'wide' : 'narrow';
  const waiting = setTimeout(() => {
    if (own === shows) fill(frame.main, ...top, loading());
  }, LOADING_MS);
  const content = await rendered(view, params);
  clearTimeout(waiting);
  if (own !== shows) return null;
  fill(frame.main, ...top, content);
  frame.main.dataset.view = path;
  return heading;
}

/**
 * @param {View | undefined} view
 * @param {URLSearchParams} params
 * @returns {Promise<Node>}
 */
async function rendered(view, params) {
  if (!view) {
    return h('div', {}, h('p', {}, t('shell.not_found.text')), h('p', {}, h('a', { href: '#/' }, t('shell.home'))));
  }
  if (view.needs === 'admin' && !account?.roles.includes('admin')) {
    return h('div', {}, h('h2', {}, t('shell.admins_only')), h('p', {}, t('shell.admins_only.text')));
  }
  const again = async () => {
    const focused = document.activeElement?.id ?? '';
    const heading = await show();
    focusOn(document.getElementById(focused) ?? heading);
  };
  const context = { params, account, settings, left: leaving.signal, go, say: frame.say, again, enter, leave, reloadAccount };
  try {
    return await view.render(context);
  } catch (error) {
    const retry = h('button', { type: 'button', class: 'button', id: 'retry', onclick: () => void again() }, t('shell.retry'));
    return h('div', {}, problemNotice(error), h('div', { class: 'actions' }, retry));
  }
}

/** @param {string} words */
function topNotice(words) {
  const box = notice('plain', h('p', {}, words));
  box.id = 'notice';
  return box;
}

/** What keeps the page from working where it is. */
function warnings() {
  const boxes = [];
  if (!window.isSecureContext) boxes.push(notice('warning', h('p', {}, t('shell.insecure'))));
  const { issuer } = settings;
  if (issuer && URL.canParse(issuer) && new URL(issuer).origin !== location.origin) {
    boxes.push(notice('warning', h('p', {}, t('shell.other_address')), h('p', {}, h('a', { href: issuer }, issuer))));
  }
  return boxes;
}

void start();
