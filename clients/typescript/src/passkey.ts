/** Passkeys: the browser's side of a login. */

import { clientError } from './errors.js';
import { post, type Wire } from './http.js';

/** What a passkey answers, as `/v1/login/passkey` takes it. */
export interface PasskeyAnswer {
  readonly ceremony: string;
  readonly credential: object;
}

/** Asks the browser for a passkey: of the account whose login `mfaToken` goes on with, or for whichever it holds. */
export async function showPasskey(
  wire: Wire,
  mfaToken: string | undefined,
  options: Omit<CredentialRequestOptions, 'publicKey'>,
): Promise<PasskeyAnswer> {
  const begun = await post(wire, '/v1/login/passkey/begin', mfaToken === undefined ? {} : { mfa_token: mfaToken });
  const { ceremony, options: asked } = begun as {
    ceremony: string;
    options: PublicKeyCredentialRequestOptionsJSON & { publicKey?: PublicKeyCredentialRequestOptionsJSON };
  };
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(asked.publicKey ?? asked);
  const shown = await navigator.credentials.get({ ...options, publicKey });
  if (!(shown instanceof PublicKeyCredential)) {
    throw clientError('unexpected_answer', 'The browser gave no passkey.');
  }
  return { ceremony, credential: shown.toJSON() as object };
}
