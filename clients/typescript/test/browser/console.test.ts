/** Jeton's console and a page of the client on one origin: one cookie, one lock, one record; on a network that loses answers. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { account, ISSUER, LOSSY, PASSWORD } from '../real/world.js';
import { Browser } from './driver.js';
import { Site } from './site.js';

const TIMES = 15;
/** One, and one that was given up and is repeated, of whose end the site may hear a moment later. */
const AT_ONCE = 2;
const LONGEST = 60_000;

const SIGNED_IN = `document.getElementById('sign-out') !== null`;
const SIGNED_OUT = `document.getElementById('sign-out') === null`;

/** Begins to refresh in the console; where patience ends there, the next try goes on with the stored key. */
const REFRESHES = `const { refresh } = await import('/console/session.js');
  window.outcome = '';
  void (async () => {
    for (let done = 0; done < ${TIMES}; ) {
      try { await refresh(); done += 1; } catch (error) { if (error.code !== 'network') return error.code; }
    }
    return 'done';
  })().then((said) => { outcome = said; });`;

let browser: Browser;
before(async () => {
  browser = await Browser.start();
});
after(() => browser.end());

/** Waits until this is so in a tab. */
async function until(tab: string, condition: string): Promise<void> {
  const giveUp = Date.now() + LONGEST;
  while ((await browser.run(tab, `return ${condition};`)) !== true) {
    assert.ok(Date.now() < giveUp, `never came: ${condition}`);
    await sleep(50);
  }
}

async function refreshedAll(tab: string): Promise<void> {
  await until(tab, `outcome !== ''`);
  assert.equal(await browser.run(tab, 'return outcome;'), 'done');
}

/** A page of the client that is signed in by cookie. */
async function signedIn(site: Site, email: string): Promise<string> {
  const page = await browser.open(`${site.origin}/?transport=cookie`);
  await browser.run(page, `await jeton.signIn({ email: '${email}', password: '${PASSWORD}' });`);
  return page;
}

test('the console and a page of the client refresh in turn, and both stay signed in', { timeout: 3 * LONGEST }, async (context) => {
  const site = await Site.start(LOSSY, ISSUER);
  try {
    const email = await account();
    const page = await signedIn(site, email);
    const consoles = [await browser.open(`${site.origin}/the-console`), await browser.open(`${site.origin}/the-console`)];
    for (const tab of consoles) await until(tab, SIGNED_IN);

    for (const tab of consoles) await browser.run(tab, REFRESHES);
    await browser.run(page, `everybody(${TIMES});`);
    for (const tab of consoles) await refreshedAll(tab);
    await until(page, `refreshed + failed.length === ${TIMES}`);
    assert.deepEqual(await browser.run(page, 'return failed;'), []);
    assert.equal(await browser.run(page, `return (await jeton.fetch('/v1/me')).status;`), 200);
    assert.ok(site.mostAtOnce <= AT_ONCE, `${site.mostAtOnce} requests at once`);
    const repeated = site.sent - new Set(site.keys).size;
    context.diagnostic(`${3 * TIMES} refreshes and two page loads took ${site.sent} requests, ${repeated} of them repeated`);

    // Who signs in or out on one is in or out on the other.
    await browser.run(page, 'await jeton.signOut();');
    for (const tab of consoles) await until(tab, SIGNED_OUT);
    const [first = '', second = ''] = consoles;
    await browser.run(
      first,
      `const { send } = await import('/console/http.js');
       const { signedIn } = await import('/console/session.js');
       const body = { email: '${email}', password: '${PASSWORD}', transport: 'cookie' };
       await signedIn(await send('POST', 'v1/login', { body }));`,
    );
    await until(page, `heard.at(-1) === 'in'`);
    await until(second, SIGNED_IN);
    assert.equal(await browser.run(page, `await jeton.refresh(); return (await jeton.fetch('/v1/me')).status;`), 200);
    await browser.run(second, `document.getElementById('sign-out').click();`);
    await until(page, `heard.at(-1) === 'signed_out'`);
    for (const tab of [page, ...consoles]) await browser.close(tab);
  } finally {
    site.end();
  }
});

test('a refresh that the client began the console repeats with the same key', { timeout: 2 * LONGEST }, async () => {
  const site = await Site.start(LOSSY, ISSUER);
  try {
    const page = await signedIn(site, await account());
    const key = 'c0ffee'.padEnd(32, '0');
    await browser.run(
      page,
      `const { browserStorage } = await import('/client/index.js');
       await browserStorage().set('jeton.cookie', JSON.stringify({ ...JSON.parse(await stored()), idempotencyKey: '${key}' }));`,
    );
    await until(await browser.open(`${site.origin}/the-console`), SIGNED_IN);
    assert.equal(site.keys[0], key);
    assert.equal(String(await browser.run(page, 'return await stored();')).includes(key), false);
  } finally {
    site.end();
  }
});

test('the console works without a database too, and goes on with it once it is there', { timeout: 2 * LONGEST }, async () => {
  const site = await Site.start(LOSSY, ISSUER);
  try {
    const page = await signedIn(site, await account());
    const tab = await browser.open(`${site.origin}/the-console`);
    await until(tab, SIGNED_IN);
    await browser.run(
      tab,
      `window.has = IDBDatabase.prototype.transaction;
       IDBDatabase.prototype.transaction = () => { throw new DOMException('no database', 'InvalidStateError'); };`,
    );
    await browser.run(tab, REFRESHES);
    await refreshedAll(tab);
    assert.match(String(await browser.run(tab, `return localStorage['jeton.cookie'];`)), /"accessToken":"/);
    await browser.run(tab, 'IDBDatabase.prototype.transaction = has;');
    await browser.run(tab, REFRESHES);
    await refreshedAll(tab);
    assert.equal(await browser.run(tab, `return localStorage['jeton.cookie'] ?? null;`), null);
    assert.equal(await browser.run(page, `await jeton.refresh(); return (await jeton.fetch('/v1/me')).status;`), 200);
  } finally {
    site.end();
  }
});

test('the key of the console is stored before it is sent, and a page that is loaded anew repeats it', { timeout: 2 * LONGEST }, async () => {
  const site = await Site.start(LOSSY, ISSUER);
  try {
    const page = await signedIn(site, await account());
    // No answer comes at all, until the console is loaded once more.
    site.silent = true;
    const closed = await browser.open(`${site.origin}/the-console`);
    while (site.keys.length === 0) await sleep(20);
    const stored = String(await browser.run(page, 'return await stored();'));
    assert.ok(stored.includes(`"idempotencyKey":"${String(site.keys[0])}"`));
    await browser.close(closed);
    site.silent = false;
    await until(await browser.open(`${site.origin}/the-console`), SIGNED_IN);
    assert.deepEqual([...new Set(site.keys)], [site.keys[0]]);
  } finally {
    site.end();
  }
});
