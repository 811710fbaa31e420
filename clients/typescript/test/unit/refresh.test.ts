/** The refresh: keys, repetition, tabs, and how a session ends. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JetonError } from '../../src/index.js';
import { FakeJeton, noLock, problem, signedIn } from './fake.js';

const code = (expected: string) => (error: unknown) => error instanceof JetonError && error.code === expected;

test('the key is stored before it is sent, and goes when the answer is stored', async () => {
  const { jeton, client, stored } = await signedIn();
  let atSending: unknown;
  jeton.tell('/v1/refresh', async () => {
    atSending = (await stored())['idempotencyKey'];
    return new Response(null, { status: 503 });
  });
  await client.refresh();
  const [first, second] = jeton.sent('/v1/refresh');
  assert.match(String(first?.key), /^[0-9a-f]{32}$/);
  assert.equal(atSending, first?.key);
  assert.equal(second?.key, first?.key);
  assert.equal((await stored())['idempotencyKey'], undefined);
  assert.equal((await stored())['refreshToken'], '1');
});

test('a lost answer is asked for again with the same token and key', async () => {
  const { jeton, client } = await signedIn();
  jeton.tell('/v1/refresh', 'lost', 'lost', 'lost');
  await client.refresh();
  const sent = jeton.sent('/v1/refresh');
  assert.equal(sent.length, 4);
  assert.equal(new Set(sent.map(({ key, body }) => `${key} ${String(body['refresh_token'])}`)).size, 1);
});

test('each refresh has a key of its own', async () => {
  const { jeton, client } = await signedIn();
  await client.refresh();
  await client.refresh();
  assert.equal(new Set(jeton.sent('/v1/refresh').map(({ key }) => key)).size, 2);
});

test('what is no answer of Jeton counts as lost: other JSON, HTML, half an answer, a proxy in trouble', async () => {
  const { jeton, client } = await signedIn();
  const html = (status: number) => () => new Response('<html>Please log in to the Wi-Fi</html>', { status });
  jeton.tell('/v1/refresh', html(200), html(502), () => Response.json({ ok: true }), () => new Response('{"access_to'));
  await client.refresh();
  assert.equal(jeton.sent('/v1/refresh').length, 5);
});

test('a 401 that is not one of Jeton ends nothing', async () => {
  const { jeton, client } = await signedIn();
  jeton.tell('/v1/refresh', () => new Response('proxy authentication', { status: 401 }));
  await assert.rejects(client.refresh(), code('unexpected_answer'));
  assert.equal((await client.state()).signedIn, true);
  await client.refresh();
});

test('Retry-After is kept to', async () => {
  const { jeton, client } = await signedIn();
  jeton.tell('/v1/refresh', problem(503, 'busy', { 'retry-after': '1' }));
  const began = Date.now();
  await client.refresh();
  assert.ok(Date.now() - began >= 990);
});

test('when patience ends the session is kept, and the next call goes on with the same key', async () => {
  const { jeton, client } = await signedIn({ patience: { firstPause: 5, longestPause: 5, total: 12 } });
  jeton.tell('/v1/refresh', ...Array<'lost'>(50).fill('lost'));
  await assert.rejects(client.refresh(), code('no_answer'));
  jeton.next.clear();
  await client.refresh();
  assert.equal(new Set(jeton.sent('/v1/refresh').map(({ key }) => key)).size, 1);
});

test('a client that is started again goes on with the stored key', async () => {
  const { jeton, client, tab } = await signedIn({ patience: { firstPause: 5, longestPause: 5, total: 1 } });
  jeton.tell('/v1/refresh', 'lost');
  await assert.rejects(client.refresh(), code('no_answer'));
  await tab().refresh();
  assert.equal(jeton.isOver, false);
});

test('an answer that never comes is given up after the timeout', async () => {
  const { jeton, client } = await signedIn({ timeout: 20 });
  jeton.tell('/v1/refresh', () => new Promise<Response>(() => undefined));
  await client.refresh();
  assert.equal(jeton.sent('/v1/refresh').length, 2);
});

test('calls at once share one refresh', async () => {
  const { jeton, client, change } = await signedIn();
  await change({ expiresAt: 1 });
  const tokens = await Promise.all(Array.from({ length: 50 }, () => client.accessToken()));
  assert.equal(new Set(tokens).size, 1);
  assert.equal(jeton.sent('/v1/refresh').length, 1);
});

test('of ten tabs one refreshes, and the others take what it stored', async () => {
  const { jeton, tab, change } = await signedIn();
  await change({ expiresAt: 1 });
  const tokens = await Promise.all(Array.from({ length: 10 }, () => tab().accessToken()));
  assert.equal(new Set(tokens).size, 1);
  assert.equal(jeton.sent('/v1/refresh').length, 1);
});

test('tabs without a lock agree on one key', async () => {
  const { jeton, tab, change } = await signedIn({ lock: noLock });
  for (let round = 0; round < 5; round += 1) {
    await change({ expiresAt: 1 });
    await Promise.all(Array.from({ length: 10 }, () => tab().accessToken()));
  }
  assert.equal(jeton.isOver, false);
  assert.equal(new Set(jeton.sent('/v1/refresh').map(({ key }) => key)).size, 5);
});

test('the test of the tests: with a key for each try the fake signs out', async () => {
  const jeton = new FakeJeton();
  const refresh = (key: string) =>
    jeton.fetch('http://jeton.test/v1/refresh', {
      method: 'POST',
      body: '{"refresh_token":"0"}',
      headers: { 'idempotency-key': key },
    });
  assert.equal((await refresh('one')).status, 200);
  assert.equal((await refresh('one')).status, 200);
  assert.equal((await refresh('another')).status, 401);
});

for (const final of ['invalid_grant', 'session_signed_out', 'session_evicted', 'session_revoked', 'session_expired']) {
  test(`after ${final} nobody is signed in, no token is left, and the reason is kept`, async () => {
    const { jeton, client, stored } = await signedIn();
    jeton.tell('/v1/refresh', problem(401, final));
    await assert.rejects(client.refresh(), code(final));
    assert.deepEqual(await stored(), { version: 1, over: final });
    assert.deepEqual(await client.state(), { signedIn: false, reason: final });
    await assert.rejects(client.accessToken(), code('not_signed_in'));
  });
}

test('a refusal of a token that another tab has replaced meanwhile ends nothing', async () => {
  const { jeton, client, change } = await signedIn();
  jeton.tell('/v1/refresh', async () => {
    await change({ refreshToken: 'of the other tab', accessToken: 'of the other tab', idempotencyKey: undefined });
    return Response.json({ code: 'invalid_grant', status: 401 }, { status: 401 });
  });
  await client.refresh();
  assert.equal(await client.accessToken(), 'of the other tab');
});

test('an answer that comes after a sign-out is not stored', async () => {
  const { jeton, client, storage } = await signedIn();
  jeton.tell('/v1/refresh', async () => {
    await storage.set('jeton', '{"version":1,"over":"signed_out"}');
    return Response.json({ access_token: 'a', expires_in: 9, refresh_expires_in: 9, session_id: 'session', refresh_token: '1' });
  });
  await assert.rejects(client.refresh(), code('not_signed_in'));
  assert.deepEqual(await client.state(), { signedIn: false, reason: 'signed_out' });
});

test('by cookie no refresh token is stored, and a cookie that is gone ends the session here', async () => {
  const { jeton, client, stored } = await signedIn({ transport: 'cookie' });
  assert.equal(jeton.sent('/v1/login')[0]?.body['transport'], 'cookie');
  jeton.tell('/v1/refresh', 'lost');
  await client.refresh();
  assert.deepEqual(jeton.sent('/v1/refresh').map(({ body }) => body), [{}, {}]);
  assert.equal('refreshToken' in (await stored()), false);
  jeton.tell('/v1/refresh', problem(422, 'invalid_request'));
  await assert.rejects(client.refresh(), code('no_refresh_cookie'));
  assert.deepEqual(await client.state(), { signedIn: false, reason: 'no_refresh_cookie' });
});
