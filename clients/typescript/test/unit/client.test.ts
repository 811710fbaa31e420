/** The client: requests with the access token, when it is replaced, signing in and out, what tabs hear. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JetonClient, JetonError, localLock, webLock, type State } from '../../src/index.js';
import { parse, urgency, type Live } from '../../src/record.js';
import { HERE, problem, signedIn } from './fake.js';

const code = (expected: string) => (error: unknown) => error instanceof JetonError && error.code === expected;
const refused = problem(401, 'invalid_token', { 'www-authenticate': 'Bearer error="invalid_token"' });

test('a request carries the access token and keeps what it has', async () => {
  const { jeton, client } = await signedIn();
  const answer = await client.fetch(`${HERE}/notes`, { method: 'POST', body: 'hello' });
  assert.deepEqual(await answer.json(), { path: '/notes' });
  assert.deepEqual(jeton.seen.at(-1), { path: '/notes', body: { text: 'hello' }, key: null, authorization: 'Bearer access-1' });
});

test('a token that is refused is replaced, and the request sent once more with its body', async () => {
  const { jeton, client } = await signedIn();
  jeton.tell('/notes', refused);
  const request = new Request(`${HERE}/notes`, { method: 'POST', body: 'hello' });
  assert.equal((await client.fetch(request)).status, 200);
  const sent = jeton.sent('/notes').map(({ authorization, body }) => [authorization, body['text']]);
  assert.deepEqual(sent, [['Bearer access-1', 'hello'], ['Bearer access-2', 'hello']]);
});

test('a token that is refused though it is new is not replaced again and again', async () => {
  const { jeton, client } = await signedIn();
  jeton.tell('/notes', refused, refused, refused, refused);
  for (let time = 0; time < 3; time += 1) assert.equal((await client.fetch(`${HERE}/notes`)).status, 401);
  assert.equal(jeton.sent('/v1/refresh').length, 1);
});

test('a 401 that asks for a recent proof, and a stream as body, are not tried again', async () => {
  const { jeton, client } = await signedIn();
  jeton.tell('/notes', problem(401, 'step_up_required', { 'www-authenticate': 'Bearer error="insufficient_user_authentication"' }));
  assert.equal((await client.fetch(`${HERE}/notes`)).status, 401);
  jeton.tell('/notes', refused);
  const stream = new Blob(['hello']).stream();
  assert.equal((await client.fetch(`${HERE}/notes`, { method: 'POST', body: stream, duplex: 'half' } as RequestInit)).status, 401);
  assert.equal(jeton.sent('/v1/refresh').length, 0);
});

test('other origins do not get the token unless they are named', async () => {
  const { jeton, client, tab } = await signedIn();
  await assert.rejects(client.fetch('https://evil.example/notes'), code('other_origin'));
  await assert.rejects(client.fetch('http://jeton.test:8080/notes'), code('other_origin'));
  assert.equal(jeton.sent('/notes').length, 0);
  assert.equal((await tab({ origins: ['https://api.example'] }).fetch('https://api.example/notes')).status, 200);
});

test('a caller who gives up does not end the refresh that others wait for', async () => {
  const { jeton, client, change } = await signedIn();
  await change({ expiresAt: 1 });
  const leaving = new AbortController();
  const [left, stayed] = [client.fetch(`${HERE}/a`, { signal: leaving.signal }), client.fetch(`${HERE}/b`)];
  leaving.abort();
  await assert.rejects(left, { name: 'AbortError' });
  assert.equal((await stayed).status, 200);
  assert.equal(jeton.sent('/v1/refresh').length, 1);
});

test('a token that is nearly over is replaced in the background, one that is over before it is used', async () => {
  const { jeton, client, change } = await signedIn();
  await change({ obtainedAt: Date.now() - 870_000, expiresAt: Date.now() + 20_000 });
  assert.equal(await client.accessToken(), 'access-1');
  while ((await client.accessToken()) === 'access-1') await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(await client.accessToken(), 'access-2');
  await change({ obtainedAt: Date.now() - 870_000, expiresAt: Date.now() + 1_000 });
  assert.equal(await client.accessToken(), 'access-3');
  assert.equal(jeton.sent('/v1/refresh').length, 2);
});

test('in the background a failure is nobody\'s', async () => {
  const { jeton, client, change } = await signedIn({ patience: { firstPause: 1, longestPause: 1, total: 5 } });
  jeton.tell('/v1/refresh', ...Array<'lost'>(100).fill('lost'));
  await change({ obtainedAt: Date.now() - 870_000, expiresAt: Date.now() + 20_000 });
  assert.equal(await client.accessToken(), 'access-1');
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(await client.accessToken(), 'access-1');
});

test('how urgent a refresh is', () => {
  const live = { obtainedAt: 0, expiresAt: 900_000 } as Live;
  const at = (now: number, share = 1): string => urgency(live, now, share);
  assert.deepEqual([at(0), at(839_999), at(840_000), at(894_999), at(895_000)], ['none', 'none', 'soon', 'soon', 'now']);
  assert.deepEqual([at(840_000, 0.5), at(810_000, 1.5)], ['none', 'soon']);
  assert.deepEqual([at(-500), at(-2_000)], ['none', 'now'], 'a clock that was set back');
  assert.equal(urgency({ obtainedAt: 0, expiresAt: 10_000 } as Live, 8_500, 1), 'soon', 'a short life has short margins');
});

test('what is stored and is no record counts as none', () => {
  for (const text of [null, '', '{', '[]', 'null', '"x"', '{"version":2,"accessToken":"a"}', '{"version":1}']) {
    assert.deepEqual(parse(text), { version: 1, over: null }, String(text));
  }
});

test('a login that needs a second factor says so, and a wrong password is an error', async () => {
  const { jeton, client } = await signedIn();
  jeton.tell(
    '/v1/login',
    () => Response.json({ code: 'mfa_required', status: 401, mfa_token: 'jot_x', methods: ['totp'] }, { status: 401 }),
    problem(401, 'invalid_credentials'),
    problem(429, 'too_many_attempts', { 'retry-after': '7', 'x-request-id': 'r1' }),
  );
  const credentials = { email: 'alice@example.com', password: 'secret', deviceName: 'Laptop' };
  assert.deepEqual(await client.signIn(credentials), { status: 'mfa_required', mfaToken: 'jot_x', methods: ['totp'] });
  await assert.rejects(client.signIn(credentials), code('invalid_credentials'));
  const throttled = (error: unknown) => error instanceof JetonError && error.retryAfter === 7 && error.requestId === 'r1';
  await assert.rejects(client.signIn(credentials), throttled);
  assert.equal(jeton.seen.at(-1)?.body['device_name'], 'Laptop');
});

test('the device is known at its next login, also after a sign-out', async () => {
  const { jeton, client } = await signedIn();
  await client.signOut();
  await client.signIn({ email: 'alice@example.com', password: 'secret' });
  assert.deepEqual(jeton.sent('/v1/login').map(({ body }) => body['device_token']), [undefined, 'device']);
});

test('a sign-out is tried again, and holds here even if nobody answers', async () => {
  const { jeton, client, tab, stored } = await signedIn();
  jeton.tell('/v1/logout', 'lost');
  await client.signOut();
  assert.deepEqual(jeton.sent('/v1/logout').map(({ body }) => body), [{ refresh_token: '0' }, { refresh_token: '0' }]);
  await client.signIn({ email: 'alice@example.com', password: 'secret' });
  jeton.tell('/v1/logout', ...Array<'lost'>(100).fill('lost'));
  const hasty = tab({ patience: { firstPause: 1, longestPause: 2, total: 20 } });
  await assert.rejects(hasty.signOut(), code('no_answer'));
  assert.deepEqual(await stored(), { version: 1, over: 'signed_out' });
});

test('who subscribes hears how it is and what changes, and nothing of refreshes', async () => {
  const { jeton, client } = await signedIn();
  const heard: (string | null)[] = [];
  const end = client.subscribe((state: State) => heard.push(state.signedIn ? 'in' : state.reason));
  await new Promise((resolve) => setTimeout(resolve, 5));
  await client.refresh();
  await client.signOut();
  await client.signIn({ email: 'alice@example.com', password: 'secret' });
  jeton.tell('/v1/refresh', problem(401, 'session_evicted'));
  await assert.rejects(client.refresh());
  end();
  await client.signIn({ email: 'alice@example.com', password: 'secret' });
  assert.deepEqual(heard, ['in', 'signed_out', 'in', 'session_evicted']);
});

test('the refresh cookie is only for pages of the same origin', () => {
  const page = { origin: 'https://app.example', href: 'https://app.example/' };
  Object.defineProperty(globalThis, 'location', { value: page, configurable: true });
  try {
    assert.throws(() => new JetonClient({ url: 'https://id.example', transport: 'cookie' }), TypeError);
    assert.ok(new JetonClient({ transport: 'cookie' }));
  } finally {
    Reflect.deleteProperty(globalThis, 'location');
  }
});

test('a local lock lets one task run at a time, also after one that failed', async () => {
  const lock = localLock();
  const order: string[] = [];
  const task = (name: string, fails = false) => async (): Promise<void> => {
    order.push(`${name} begins`);
    await new Promise((resolve) => setTimeout(resolve, 5));
    order.push(`${name} ends`);
    if (fails) throw new Error(name);
  };
  const first = lock.run('x', task('first', true));
  const second = lock.run('x', task('second'));
  await assert.rejects(first);
  await second;
  assert.deepEqual(order, ['first begins', 'first ends', 'second begins', 'second ends']);
});

test('who waits too long for a Web Lock goes on without it; what fails under it fails', async () => {
  const never = {
    request: (_: string, { signal }: { signal: AbortSignal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
  } as unknown as LockManager;
  // In a page there is always something that goes on.
  const page = setInterval(() => undefined, 1_000);
  assert.equal(await webLock(never, 10).run('x', async () => 'done'), 'done');
  clearInterval(page);
  const free = { request: (_: string, __: object, task: () => Promise<unknown>) => task() } as unknown as LockManager;
  let times = 0;
  const failing = async (): Promise<void> => {
    times += 1;
    throw new Error('failed');
  };
  await assert.rejects(webLock(free).run('x', failing), /failed/);
  assert.equal(times, 1);
});
