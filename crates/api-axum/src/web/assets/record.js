// The record of this browser's session: one for all pages of the origin that use the refresh cookie, the TypeScript client's among
// them (`clients/typescript/src/storage.ts` and `record.ts` say what it holds). It is read and written under the one lock.
//
// It lies in IndexedDB. Each process of a browser has its own copy of `localStorage`, and hears of changes a moment later: a tab that
// was just granted the lock would read what was replaced under it.

import { BASE } from './http.js';
import { keep, kept } from './keep.js';

/**
 * A session that is open, as far as this browser knows. Times are in milliseconds of this device's clock.
 *
 * @typedef {object} Live
 * @property {1} version
 * @property {string} sessionId
 * @property {string} accessToken
 * @property {number} obtainedAt when it was asked for
 * @property {number} expiresAt
 * @property {number} refreshExpiresAt
 * @property {string} scope
 * @property {string} [idempotencyKey] of a refresh that has begun and whose answer is not stored yet
 */

/**
 * No session is known; `over` says how the last one ended. There may be a cookie all the same: the key is of a refresh that tries.
 *
 * @typedef {object} Over
 * @property {1} version
 * @property {string | null} over
 * @property {string} [idempotencyKey]
 */

/** @typedef {Live | Over} Stored */

const DATABASE = 'jeton';
const STORE = 'texts';
const NAME = 'jeton.cookie';
const LOCK = `${NAME} ${BASE.href.replace(/\/+$/, '')}`;
/** A tab that holds the lock and does nothing is waited for so long. Its key is stored by then, and the others repeat it. */
const LONGEST_WAIT_MS = 30_000;

const channel = 'BroadcastChannel' in window ? new BroadcastChannel(`${DATABASE} ${STORE}`) : null;

/**
 * One page at a time.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function locked(work) {
  if (!navigator.locks) return work();
  let granted = false;
  const begin = () => {
    granted = true;
    return work();
  };
  try {
    return await /** @type {Promise<any>} */ (navigator.locks.request(LOCK, { signal: AbortSignal.timeout(LONGEST_WAIT_MS) }, begin));
  } catch (error) {
    if (granted) throw error;
    return work();
  }
}

/** @returns {Promise<Stored>} */
export async function read() {
  // What the database did not take counts until it takes something again.
  return parse(kept(NAME) ?? (await transact('readonly', (store) => store.get(NAME)).catch(() => null)));
}

/**
 * Writes it to the disk. A browser that has no database for this page (some private windows) keeps it as it keeps preferences: the
 * session works, but tabs may read old records, and where nothing is kept at all a page that is loaded anew has lost its key.
 *
 * @param {Stored} stored
 */
export async function write(stored) {
  const text = JSON.stringify(stored);
  try {
    await transact('readwrite', (store) => store.put(text, NAME));
    keep(NAME, null);
  } catch {
    keep(NAME, text);
  }
  channel?.postMessage(NAME);
}

/**
 * Calls back when another page has written it.
 *
 * @param {() => void} changed
 */
export function onWritten(changed) {
  channel?.addEventListener('message', ({ data }) => {
    if (data === NAME) changed();
  });
}

/**
 * @param {Stored} stored
 * @returns {stored is Live}
 */
export function isLive(stored) {
  return 'accessToken' in stored;
}

/**
 * The record of the tokens that were asked for at `sentAt`.
 *
 * @param {any} tokens the server's answer
 * @param {number} sentAt
 * @returns {Live}
 */
export function recordOf(tokens, sentAt) {
  return {
    version: 1,
    sessionId: String(tokens.session_id),
    accessToken: String(tokens.access_token),
    obtainedAt: sentAt,
    expiresAt: sentAt + Number(tokens.expires_in) * 1000,
    refreshExpiresAt: sentAt + Number(tokens.refresh_expires_in) * 1000,
    scope: String(tokens.scope ?? ''),
  };
}

/**
 * What is no record counts as none.
 *
 * @param {unknown} text
 * @returns {Stored}
 */
function parse(text) {
  try {
    const found = JSON.parse(String(text));
    if (found?.version === 1 && (typeof found.accessToken === 'string' || 'over' in found)) return found;
  } catch {
    // No JSON.
  }
  return { version: 1, over: null };
}

/** @type {Promise<IDBDatabase> | null} */
let opened = null;

/** @returns {Promise<IDBDatabase>} */
function open() {
  const forget = () => {
    opened = null;
  };
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const database = request.result;
      database.onclose = forget;
      database.onversionchange = () => {
        database.close();
        forget();
      };
      resolve(database);
    };
  });
  opened.catch(forget);
  return opened;
}

/**
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} ask
 * @returns {Promise<T>}
 */
async function transact(mode, ask) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORE, mode, { durability: 'strict' });
    const request = ask(transaction.objectStore(STORE));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error);
  });
}
