// A session to practise on: its tokens come in the body, so that this page holds what it otherwise never sees.

import { Problem, send } from '../api.js';
import { fingerprint, generationOf } from './jwt.js';

/**
 * A refresh token that the session had.
 *
 * @typedef {object} Link
 * @property {number} generation
 * @property {string} token
 * @property {string} print its fingerprint
 * @property {string} key the `Idempotency-Key` of the attempt that presents it
 */

/**
 * @typedef {object} Practice
 * @property {string} account
 * @property {string} session its id
 * @property {string} access the newest access token
 * @property {Link[]} chain oldest first
 * @property {boolean} ended
 * @property {Happening[]} story what was done, oldest first
 */

/**
 * @typedef {object} Happening
 * @property {'opened' | 'refreshed' | 'repeated' | 'tabs' | 'replayed'} kind
 * @property {number} presented the generation
 * @property {string} print of what came back; empty where nothing did
 * @property {number} generation of what came back
 */

/**
 * It outlives the view, so that it can be seen among the devices.
 *
 * @type {Practice | null}
 */
let practice = null;
/** By it the server knows this device at the next login, and writes no mail about it. @type {string | undefined} */
let deviceToken;

/** @param {string} account */
export function practiceOf(account) {
  return practice?.account === account ? practice : null;
}

/**
 * What a login for practice says of itself.
 *
 * @param {Record<string, unknown>} proof
 */
export function practiceLogin(proof) {
  return { ...proof, transport: 'body', ...(deviceToken === undefined ? {} : { device_token: deviceToken }) };
}

/**
 * Takes up the tokens of a login.
 *
 * @param {string} account
 * @param {any} tokens
 * @returns {Promise<Practice>}
 */
export async function begin(account, tokens) {
  deviceToken = tokens.device_token;
  const first = await link(tokens.refresh_token);
  const opened = /** @type {Happening} */ ({ kind: 'opened', presented: 0, print: first.print, generation: 0 });
  practice = { account, session: tokens.session_id, access: tokens.access_token, chain: [first], ended: false, story: [opened] };
  return practice;
}

/** @param {string} token @returns {Promise<Link>} */
async function link(token) {
  return { token, generation: generationOf(token), print: await fingerprint(token), key: crypto.randomUUID() };
}

/**
 * Presents a token, as its client would.
 *
 * @param {Link} presented
 * @returns {Promise<any>} the answer
 */
function present(presented) {
  return refreshWith(presented.token, { 'Idempotency-Key': presented.key });
}

/**
 * Without the cookie, which is that of this page's own session.
 *
 * @param {string} token
 * @param {Record<string, string>} headers
 * @returns {Promise<any>}
 */
function refreshWith(token, headers) {
  return send('POST', 'v1/refresh', { body: { refresh_token: token }, headers, credentials: 'omit' });
}

/** @param {Practice} own */
function newest(own) {
  const last = own.chain.at(-1);
  if (!last) throw new Problem('unexpected');
  return last;
}

/** One refresh: the session goes one generation on. @param {Practice} own */
export async function refreshOnce(own) {
  const presented = newest(own);
  const tokens = await present(presented);
  const next = await link(tokens.refresh_token);
  own.access = tokens.access_token;
  own.chain.push(next);
  own.story.push({ kind: 'refreshed', presented: presented.generation, print: next.print, generation: next.generation });
}

/** The last refresh again, as after an answer that was lost. @param {Practice} own */
export async function repeatLast(own) {
  const presented = own.chain.at(-2);
  if (!presented) return;
  const tokens = await present(presented);
  own.access = tokens.access_token;
  const print = await fingerprint(tokens.refresh_token);
  own.story.push({ kind: 'repeated', presented: presented.generation, print, generation: generationOf(tokens.refresh_token) });
}

/**
 * Refreshes at the same moment in many tabs, which share the key as they share the storage.
 *
 * @param {Practice} own
 * @param {number} tabs
 * @returns {Promise<string[]>} the fingerprint of what each got
 */
export async function inTabs(own, tabs) {
  const presented = newest(own);
  const answers = await Promise.all(Array.from({ length: tabs }, () => present(presented)));
  const prints = await Promise.all(answers.map(({ refresh_token: token }) => fingerprint(token)));
  const [first] = answers;
  const next = await link(first.refresh_token);
  own.access = first.access_token;
  own.chain.push(next);
  own.story.push({ kind: 'tabs', presented: presented.generation, print: next.print, generation: next.generation });
  return prints;
}

/**
 * The first token again, which was replaced long ago: what a thief does who copied it then.
 *
 * @param {Practice} own
 * @returns {Promise<{ old: string, newest: string }>} the codes with which the first and then the newest are refused
 */
export async function replay(own) {
  const [first] = own.chain;
  if (!first) throw new Problem('unexpected');
  // A thief has the token, and not the key.
  const old = await refused(refreshWith(first.token, {}));
  own.ended = true;
  own.story.push({ kind: 'replayed', presented: first.generation, print: '', generation: 0 });
  return { old, newest: await refused(present(newest(own))) };
}

/** @param {Promise<any>} asked @returns {Promise<string>} the code of its refusal; empty where it was not refused */
async function refused(asked) {
  try {
    await asked;
    return '';
  } catch (error) {
    if (error instanceof Problem && error.status >= 400 && error.status < 500) return error.code;
    throw error;
  }
}

/** Ends the session, where it is not over, and forgets it. */
export async function endPractice() {
  const own = practice;
  practice = null;
  const newestToken = own?.ended ? undefined : own?.chain.at(-1)?.token;
  if (newestToken) await send('POST', 'v1/logout', { body: { refresh_token: newestToken }, credentials: 'omit' });
}
