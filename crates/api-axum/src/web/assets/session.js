// The session of this browser: the access token in memory, the refresh token in a cookie that no script can read, and one
// refresh at a time in all tabs.
//
// Each refresh has an `Idempotency-Key` that is kept before it is sent, so that a lost answer can be asked for again; see
// `docs/explanation/rotation.md`.

import { Problem, pause, send } from './http.js';
import { keep, kept } from './keep.js';

/**
 * @typedef {object} Access
 * @property {string} token
 * @property {number} expiresAt in milliseconds of this device's clock
 * @property {string} session its id
 */

/** @typedef {'signed-in' | 'renewed' | 'signed-out' | 'lost'} Change */

const LOCK = 'jeton.refresh';
const KEY = 'jeton.refresh.key';
/** How long an access token must still be good for to be sent. */
const MARGIN_MS = 10_000;
/** How long another tab has to answer. */
const NEIGHBOUR_MS = 80;
const TRIES = 5;
/** With these the refresh token gives nothing, now and later. */
const FINAL = new Set(['invalid_grant', 'session_signed_out', 'session_evicted', 'session_revoked', 'session_expired']);

/** @type {Access | null} */
let access = null;
/** @type {Set<(change: Change, code: string) => void>} */
const listeners = new Set();
const tabs = 'BroadcastChannel' in window ? new BroadcastChannel('jeton.session') : null;

/**
 * Calls back whenever the session is renewed or ends, or another tab has signed in; `code` says how it ended.
 *
 * @param {(change: Change, code: string) => void} listener
 */
export function onSession(listener) {
  listeners.add(listener);
}

/** @param {Change} change */
function tell(change, code = '') {
  for (const listener of listeners) listener(change, code);
}

/** The access token of this moment; `null` for nobody. */
export function currentAccess() {
  return access;
}

/** @param {any} tokens the server's answer */
function accessOf(tokens) {
  const expiresAt = Date.now() + Number(tokens.expires_in) * 1000;
  return { token: String(tokens.access_token), expiresAt, session: String(tokens.session_id ?? access?.session ?? '') };
}

/**
 * Takes up the tokens of a login of this tab.
 *
 * @param {any} tokens
 */
export async function signedIn(tokens) {
  keep(KEY, null);
  access = accessOf(tokens);
  tabs?.postMessage({ kind: 'access', access });
  if (location.protocol !== 'https:' || !navigator.cookieEnabled) await proveCookie();
}

/** Takes up the access token of a proof; the refresh token stays as it is. @param {any} answer */
export function provedAgain(answer) {
  access = accessOf(answer);
  tabs?.postMessage({ kind: 'access', access });
  tell('renewed');
}

/** Whether the browser keeps the cookie is only seen when it comes back: some refuse a `Secure` one from plain `http`. */
async function proveCookie() {
  const bearer = access?.token ?? '';
  try {
    await locked(renew);
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'no_cookie') throw error;
    access = null;
    // What nobody could use later is ended; if that fails it expires.
    await send('POST', 'v1/logout', { headers: { Authorization: `Bearer ${bearer}` } }).catch(() => null);
    throw new Problem('cookie_refused');
  }
}

/** Ends this browser's session. */
export async function signOut() {
  const bearer = access?.token ?? '';
  await locked(async () => {
    try {
      await send('POST', 'v1/logout', { body: {} });
    } catch (error) {
      // Without a cookie the access token says which session it is; once it is refused, so is the session.
      if (!(error instanceof Problem) || error.status !== 401) throw error;
      await send('POST', 'v1/logout', { headers: { Authorization: `Bearer ${bearer}` } }).catch(() => null);
    }
  });
  forget();
  tabs?.postMessage({ kind: 'signed-out' });
  tell('signed-out');
}

/** The session is gone, because the account is: nothing is left to end. */
export function forget() {
  access = null;
  keep(KEY, null);
}

/** @param {string} code */
function lose(code) {
  const before = access;
  forget();
  tabs?.postMessage({ kind: 'lost', code });
  if (before) tell('lost', code);
}

/**
 * Finds the session that this browser has, if any.
 *
 * @returns {Promise<string>} how it ended, where one has ended since it was used last; empty otherwise
 */
export async function findSession() {
  try {
    await freshAccess();
    return '';
  } catch (error) {
    if (error instanceof Problem && FINAL.has(error.code)) return error.code === 'invalid_grant' ? '' : error.code;
    if (error instanceof Problem && error.code === 'no_cookie') return '';
    throw error;
  }
}

/**
 * An access token that is good for a while.
 *
 * @param {string} [refused] one that the server did not take
 * @returns {Promise<Access>}
 */
export async function freshAccess(refused) {
  if (isFresh(access, refused)) return /** @type {Access} */ (access);
  return refreshOnce(refused);
}

/** Renews it now, whether it is needed or not. */
export function refresh() {
  return refreshOnce(access?.token ?? '');
}

/** @type {Promise<Access> | null} */
let running = null;

/** @param {string | undefined} refused */
function refreshOnce(refused) {
  running ??= locked(async () => {
    // While this tab waited another may have refreshed: repeating it within seconds is what a thief looks like.
    if (isFresh(access, refused)) return /** @type {Access} */ (access);
    const neighbour = await askTabs();
    if (neighbour && isFresh(neighbour, refused)) {
      access = neighbour;
      return neighbour;
    }
    return renew();
  }).finally(() => {
    running = null;
  });
  return running;
}

/**
 * @param {Access | null} access
 * @param {string} [refused]
 */
function isFresh(access, refused) {
  return access !== null && access.token !== refused && access.expiresAt - Date.now() > MARGIN_MS;
}

/**
 * One tab at a time.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
function locked(work) {
  return navigator.locks ? /** @type {Promise<any>} */ (navigator.locks.request(LOCK, work)) : work();
}

/** @returns {Promise<Access>} */
async function renew() {
  for (let tried = 1; ; tried += 1) {
    const key = kept(KEY) ?? randomKey();
    keep(KEY, key);
    try {
      const tokens = await send('POST', 'v1/refresh', { body: {}, headers: { 'Idempotency-Key': key } });
      keep(KEY, null);
      access = accessOf(tokens);
      tabs?.postMessage({ kind: 'access', access });
      tell('renewed');
      return access;
    } catch (error) {
      const problem = error instanceof Problem ? error : new Problem('unexpected', { detail: String(error) });
      if (FINAL.has(problem.code)) lose(problem.code);
      // The one field that can be missing is the token, and it would have come in the cookie.
      if (problem.code === 'invalid_request') {
        lose('cookie_missing');
        throw new Problem('no_cookie');
      }
      const isTransient = problem.code === 'network' || problem.status >= 500;
      if (!isTransient || tried === TRIES) throw problem;
      await pause(Math.max((problem.retryAfter ?? 0) * 1000, 250 * 2 ** tried));
    }
  }
}

/** 128 random bits. `crypto.randomUUID` is not there on pages without TLS. */
function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** @type {((access: Access) => void) | null} */
let heard = null;

/** @returns {Promise<Access | null>} what another tab holds */
function askTabs() {
  if (!tabs) return Promise.resolve(null);
  return new Promise((resolve) => {
    const done = (/** @type {Access | null} */ found) => {
      heard = null;
      resolve(found);
    };
    heard = done;
    setTimeout(() => done(null), NEIGHBOUR_MS);
    tabs.postMessage({ kind: 'ask' });
  });
}

tabs?.addEventListener('message', ({ data }) => {
  if (data.kind === 'ask' && isFresh(access)) tabs.postMessage({ kind: 'access', access });
  if (data.kind === 'access') {
    const isAnother = access?.session !== data.access.session;
    access = data.access;
    if (heard) heard(data.access);
    else tell(isAnother ? 'signed-in' : 'renewed');
  }
  if ((data.kind === 'signed-out' || data.kind === 'lost') && access !== null) {
    access = null;
    tell(data.kind, data.code ?? '');
  }
});
