/** What the tests against a running server share: `cargo xtask clients` starts it, and a bad network before it. */

import { randomBytes } from 'node:crypto';
import { JetonClient, type JetonOptions } from '../../src/index.js';

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run these tests by \`cargo xtask clients\``);
  return value;
}

/** The server itself. */
export const URL = setting('JETON_TEST_URL');
/** The same behind a network that loses 30 % of the answers to refreshes. */
export const LOSSY = setting('JETON_TEST_LOSSY_URL');
/** The origin that the server takes for its own. */
export const ISSUER = setting('JETON_TEST_ISSUER');
/** The port at which a page may use passkeys. */
export const SITE = Number(setting('JETON_TEST_SITE').split(':').at(-1));
export const REFRESHES = Number(setting('JETON_TEST_REFRESHES'));
/** For files of these tests. */
export const FOLDER = setting('JETON_TEST_FOLDER');

export const PASSWORD = 'correct horse battery staple';

/** Short, so that a thousand refreshes take seconds. */
export const HASTY = { timeout: 1_000, patience: { firstPause: 10, longestPause: 500, total: 30_000 } };

/** The address of a new account. */
export async function account(): Promise<string> {
  const email = `${randomBytes(8).toString('hex')}@example.com`;
  await new JetonClient({ url: URL }).register({ email, password: PASSWORD });
  return email;
}

/** A device of the account that is signed in. */
export async function device(email: string, options: JetonOptions = {}): Promise<JetonClient> {
  const client = new JetonClient({ url: URL, ...options });
  await client.signIn({ email, password: PASSWORD });
  return client;
}
