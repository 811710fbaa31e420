// The server's API as the views use it: with the access token, refreshed where it must be, and proved again where it is asked.

import { Problem, send } from './http.js';
import { freshAccess } from './session.js';

export { BASE, Problem, send } from './http.js';
export * from './session.js';

/** @typedef {import('./http.js').Sending} Sending */

/** @type {(problem: Problem) => Promise<boolean>} */
let askForProof = async () => false;

/**
 * Says who lets the user prove again who he is (`step_up_required`): `true` once he has.
 *
 * @param {(problem: Problem) => Promise<boolean>} ask
 */
export function onStepUp(ask) {
  askForProof = ask;
}

/**
 * A request in the name of who is signed in. An access token that is not taken is refreshed once. Where a recent proof is asked
 * for, the user is asked, and the request is repeated.
 *
 * @param {string} method
 * @param {string} path
 * @param {Sending} [sending]
 * @returns {Promise<any>}
 * @throws {Problem} `cancelled` where the user did not want to prove it
 */
export async function call(method, path, sending = {}) {
  try {
    return await callOnce(method, path, sending);
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'step_up_required') throw error;
    if (!(await askForProof(error))) throw new Problem('cancelled');
    return callOnce(method, path, sending);
  }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {Sending} sending
 */
async function callOnce(method, path, sending) {
  const access = await freshAccess();
  const headers = { ...sending.headers, Authorization: `Bearer ${access.token}` };
  try {
    return await send(method, path, { ...sending, headers });
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'invalid_token') throw error;
    const { token } = await freshAccess(access.token);
    return send(method, path, { ...sending, headers: { ...sending.headers, Authorization: `Bearer ${token}` } });
  }
}
