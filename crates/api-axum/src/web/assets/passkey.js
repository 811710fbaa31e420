// Passkeys: what the browser is asked, and how it says no.

import { Problem } from './api.js';

/** Whether this browser has passkeys, and takes them from this page. */
export function passkeysWork() {
  return window.isSecureContext && 'PublicKeyCredential' in window && 'parseRequestOptionsFromJSON' in PublicKeyCredential;
}

/**
 * Asks for one of the passkeys that the browser holds.
 *
 * @param {any} options the server's
 * @returns {Promise<any>} the browser's answer, to be sent on
 */
export async function askPasskey(options) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey ?? options);
  return answered(() => navigator.credentials.get({ publicKey }));
}

/**
 * Has the browser make a passkey.
 *
 * @param {any} options the server's
 * @returns {Promise<any>} the browser's answer, to be sent on
 */
export async function makePasskey(options) {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options.publicKey ?? options);
  return answered(() => navigator.credentials.create({ publicKey }));
}

/** @param {() => Promise<Credential | null>} ask */
async function answered(ask) {
  try {
    const credential = await ask();
    if (credential instanceof PublicKeyCredential) return credential.toJSON();
  } catch (error) {
    const name = error instanceof DOMException ? error.name : '';
    if (name === 'InvalidStateError') throw new Problem('passkey_known');
    if (name !== 'NotAllowedError' && name !== 'AbortError') throw new Problem('passkey_failed', { detail: String(error) });
  }
  // Whether somebody said no or it took too long is not told.
  throw new Problem('passkey_not_given');
}
