/** The client and a real server: signing in and out, second factors, ends from elsewhere, a thief. */

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { JetonError, memoryStorage } from '../../src/index.js';
import { account, device, PASSWORD, URL } from './world.js';

const code = (...expected: string[]) => (error: unknown) => error instanceof JetonError && expected.includes(error.code);

/** What an app shows now (RFC 6238). */
function totp(secret: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const mac = createHmac('sha1', key).update(counter).digest();
  const offset = (mac.at(-1) ?? 0) & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

test('who signs in reads what is his, and after the sign-out nothing of the session works', async () => {
  const email = await account();
  const client = await device(email);
  const me = (await (await client.fetch(`${URL}/v1/me`)).json()) as { email: string };
  assert.equal(me.email, email);
  const token = await client.accessToken();
  await client.signOut();
  assert.deepEqual(await client.state(), { signedIn: false, reason: 'signed_out' });
  await assert.rejects(client.fetch(`${URL}/v1/me`), code('not_signed_in'));
  assert.equal((await fetch(`${URL}/v1/me`, { headers: { authorization: `Bearer ${token}` } })).status, 401);
});

test('errors have the codes of the server', async () => {
  const email = await account();
  await assert.rejects(device('nobody@example.com'), code('invalid_credentials'));
  const client = await device(email);
  await assert.rejects(client.register({ email, password: PASSWORD }), code('email_taken'));
});

test('a session that is ended from another device ends here with the reason', async () => {
  const email = await account();
  const [phone, laptop] = [await device(email), await device(email)];
  const state = await phone.state();
  assert.ok(state.signedIn);
  const ended = await laptop.fetch(`${URL}/v1/sessions/${state.sessionId}`, { method: 'DELETE' });
  assert.equal(ended.status, 204);
  await assert.rejects(phone.fetch(`${URL}/v1/me`), code('session_signed_out'));
  assert.deepEqual(await phone.state(), { signedIn: false, reason: 'session_signed_out' });
});

test('a sign-out with a token whose successor was lost ends the session too', async () => {
  const storage = memoryStorage();
  const client = await device(await account(), { storage });
  const before = (await storage.get('jeton')) ?? '';
  await client.refresh();
  const token = await client.accessToken();
  await storage.set('jeton', before);
  await client.signOut();
  assert.equal((await fetch(`${URL}/v1/me`, { headers: { authorization: `Bearer ${token}` } })).status, 401);
});

test('a thief who copied the storage is found at the second use', async () => {
  const storage = memoryStorage();
  const owner = await device(await account(), { storage });
  const { refreshToken } = JSON.parse((await storage.get('jeton')) ?? '{}') as { refreshToken: string };
  const body = JSON.stringify({ refresh_token: refreshToken });
  const stolen = await fetch(`${URL}/v1/refresh`, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  assert.equal(stolen.status, 200);
  const { access_token: token } = (await stolen.json()) as { access_token: string };
  await assert.rejects(owner.refresh(), code('invalid_grant', 'session_revoked'));
  assert.equal((await fetch(`${URL}/v1/me`, { headers: { authorization: `Bearer ${token}` } })).status, 401);
});

test('a second factor follows the password, and proves again who it is', async () => {
  const email = await account();
  const client = await device(email);
  const send = async (path: string, body: object): Promise<Record<string, unknown>> => {
    const headers = { 'content-type': 'application/json' };
    const answer = await client.fetch(`${URL}${path}`, { method: 'POST', body: JSON.stringify(body), headers });
    assert.ok(answer.ok, `${path}: ${answer.status}`);
    return (await answer.json()) as Record<string, unknown>;
  };
  const { secret } = await send('/v1/me/totp', {});
  const { recovery_codes: codes } = await send('/v1/me/totp/confirm', { code: totp(String(secret)) });
  const [first = '', second = ''] = codes as string[];
  await client.signOut();

  const begun = await client.signIn({ email, password: PASSWORD });
  assert.ok(begun.status === 'mfa_required');
  assert.deepEqual([...begun.methods].sort(), ['recovery_code', 'totp']);
  await assert.rejects(client.signInWithSecondFactor(begun.mfaToken, { code: '000000' }), code('invalid_second_factor'));
  assert.equal((await client.state()).signedIn, false);
  await client.signInWithSecondFactor(begun.mfaToken, { code: first });
  assert.equal((await client.state()).signedIn, true);

  const before = await client.accessToken();
  await assert.rejects(client.reauthenticate({ password: PASSWORD }), code('second_factor_required'));
  await client.reauthenticate({ code: second });
  assert.notEqual(await client.accessToken(), before);
  assert.equal((await client.fetch(`${URL}/v1/me`)).status, 200);
});
