/** Passkeys of a real browser: alone, after the password, and to prove again who it is. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { account, ISSUER, PASSWORD, SITE, URL } from '../real/world.js';
import { Browser } from './driver.js';
import { Site } from './site.js';

test('a passkey signs in alone, follows the password, and proves again who it is', async () => {
  const email = await account();
  const browser = await Browser.start();
  const site = await Site.start(URL, ISSUER, SITE);
  try {
    const tab = await browser.open(`${site.origin}/?transport=cookie`);
    await browser.authenticator(tab);
    const credentials = `{ email: '${email}', password: '${PASSWORD}' }`;
    await browser.run(
      tab,
      `const post = async (path, body) => {
         const headers = { 'content-type': 'application/json' };
         const answer = await jeton.fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
         if (!answer.ok) throw new Error(path + ': ' + await answer.text());
         return answer.json();
       };
       await jeton.signIn(${credentials});
       const begun = await post('/v1/me/passkeys/begin', {});
       const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(begun.options.publicKey ?? begun.options);
       const made = await navigator.credentials.create({ publicKey });
       await post('/v1/me/passkeys', { ceremony: begun.ceremony, credential: made.toJSON(), name: 'Laptop' });
       await jeton.signOut();`,
    );
    const me = `(await (await jeton.fetch('/v1/me')).json()).email`;
    assert.equal(await browser.run(tab, `await jeton.signInWithPasskey({ deviceName: 'Laptop' }); return ${me};`), email);
    const begun = await browser.run(tab, `await jeton.signOut(); window.login = await jeton.signIn(${credentials}); return login;`);
    assert.equal((begun as { status: string }).status, 'mfa_required');
    const second = `await jeton.signInWithSecondFactor(login.mfaToken, { passkey: {} }); return ${me};`;
    assert.equal(await browser.run(tab, second), email);
    const again = `const before = await jeton.accessToken();
      await jeton.reauthenticate({ passkey: {} });
      return before !== await jeton.accessToken() && ${me};`;
    assert.equal(await browser.run(tab, again), email);
  } finally {
    site.end();
    await browser.end();
  }
});
