// The session of this browser: the refresh token in a cookie that no script can read, the access token in the record, and one
// refresh at a time in all tabs.
//
// Each refresh has an `Idempotency-Key` that is stored before it is sent, so that a lost answer can be asked for again; see
// `docs/explanation/rotation.md`. Other pages of the origin store theirs in the same record.

import { Problem, pause, send } from './http.js';
import { isLive, locked, onWritten, read, recordOf, write } from './record.js';

/**
 * @typedef {object} Access
 * @property {string} token
 * @property {number} expiresAt in milliseconds of this device's clock
 * @property {string} session its id
 */

/** @typedef {'signed-in' | 'renewed' | 'signed-out' | 'lost'} Change */

/** How long an access token must still be good for to be sent. */
const MARGIN_MS = 10_000;
/** How long another tab has to answer. */
const NEIGHBOUR_MS = 80;
const TRIES = 5;
/** How long to wait for an answer: other tabs wait too. */
const ANSWER_MS = 10_000;
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

/**
 * @param {import('./record.js').Live} live
 * @returns {Access}
 */
function accessOf({ accessToken, expiresAt, sessionId }) {
  return { token: accessToken, expiresAt, session: sessionId };
}

/**
 * Stores a session, and lets the other tabs have its access token.
 *
 * @param {import('./record.js').Live} live
 */
async function store(live) {
  await write(live);
  access = accessOf(live);
  tabs?.postMessage({ kind: 'access', access });
  return access;
}

/** What another page has stored. @param {Access} found */
function take(found) {
  const isAnother = access?.session !== found.session;
  access = found;
  tell(isAnother ? 'signed-in' : 'renewed');
  return found;
}

/**
 * Takes up the tokens of a login of this tab.
 *
 * @param {any} tokens
 */
export async function signedIn(tokens) {
  const live = recordOf(tokens, Date.now());
  await locked(() => store(live));
  if (location.protocol !== 'https:' || !navigator.cookieEnabled) await proveCookie();
}

/** Takes up the access token of a proof; the refresh token stays as it is. @param {any} answer */
export async function provedAgain(answer) {
  const now = Date.now();
  const expiresAt = now + Number(answer.expires_in) * 1000;
  const proved = { accessToken: String(answer.access_token), obtainedAt: now, expiresAt };
  await locked(async () => {
    const stored = await read();
    // Of a session that was left meanwhile it is good for nothing here.
    if (isLive(stored) && stored.sessionId === access?.session) await store({ ...stored, ...proved });
  });
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
    await end('signed_out');
  });
  tabs?.postMessage({ kind: 'signed-out' });
  tell('signed-out');
}

/** The session is gone, because the account is: nothing is left to end. */
export async function forget() {
  if (access) await locked(() => end('signed_out'));
}

/** @param {string | null} reason as the TypeScript client names it */
async function end(reason) {
  access = null;
  await write({ version: 1, over: reason });
}

/**
 * @param {string} code
 * @param {string | null} [reason]
 */
async function lose(code, reason = code) {
  const before = access;
  await end(reason);
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
    const stored = await read();
    // A page that was just loaded asks the server how its session fares, an open one takes what is there.
    if (access && isLive(stored) && isFresh(accessOf(stored), refused)) return take(accessOf(stored));
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

/** @returns {Promise<Access>} */
async function renew() {
  const key = await prepared();
  for (let tried = 1; ; tried += 1) {
    const sentAt = Date.now();
    try {
      const [headers, signal] = [{ 'Idempotency-Key': key }, AbortSignal.timeout(ANSWER_MS)];
      const tokens = await send('POST', 'v1/refresh', { body: {}, headers, signal });
      if (typeof tokens?.access_token !== 'string') throw new Problem('network', { detail: 'The answer holds no tokens.' });
      const replaced = await replacedSince(key);
      if (replaced) return replaced;
      const renewed = await store(recordOf(tokens, sentAt));
      tell('renewed');
      return renewed;
    } catch (error) {
      const problem = error instanceof Problem ? error : new Problem('unexpected', { detail: String(error) });
      // The one field that can be missing is the token, and it would have come in the cookie.
      const hadNoCookie = problem.code === 'invalid_request';
      if (FINAL.has(problem.code) || hadNoCookie) {
        const replaced = await replacedSince(key);
        if (replaced) return replaced;
        if (!hadNoCookie) await lose(problem.code);
        else await loseCookie();
        throw hadNoCookie ? new Problem('no_cookie') : problem;
      }
      const isTransient = problem.code === 'network' || problem.status >= 500;
      if (!isTransient || tried === TRIES) throw problem;
      await pause(Math.max((problem.retryAfter ?? 0) * 1000, 250 * 2 ** tried));
      const replaced = await replacedSince(key);
      if (replaced) return replaced;
    }
  }
}

/** Stores a key, unless there is one: then a refresh had begun, here or on another page, and this one is its repetition. */
async function prepared() {
  const stored = await read();
  if (stored.idempotencyKey !== undefined) return stored.idempotencyKey;
  const key = randomKey();
  await write({ ...stored, idempotencyKey: key });
  return key;
}

/**
 * What another page has stored since this key was sent, because it did not wait any longer for the lock; `null` for nothing.
 *
 * @param {string} key
 * @throws {Problem} where it has signed out
 */
async function replacedSince(key) {
  const stored = await read();
  if (stored.idempotencyKey === key) return null;
  if (isLive(stored)) return take(accessOf(stored));
  throw new Problem('no_cookie');
}

async function loseCookie() {
  const stored = await read();
  await lose('cookie_missing', isLive(stored) ? 'no_refresh_cookie' : stored.over);
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

// Pages that are not the console's, too, sign in, refresh and sign out. Under the lock, so that no record is read that is being replaced.
onWritten(() =>
  void locked(async () => {
    const stored = await read();
    if (isLive(stored)) {
      if (stored.accessToken !== access?.token) take(accessOf(stored));
    } else if (access !== null) {
      access = null;
      const code = stored.over === 'no_refresh_cookie' ? 'cookie_missing' : (stored.over ?? '');
      tell(code === 'signed_out' ? 'signed-out' : 'lost', code);
    }
  }),
);
