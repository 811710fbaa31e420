/** Real tabs of a real browser, with its Web Locks, its storage and its cookies, on a network that loses 30 % of the answers. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { account, LOSSY, PASSWORD, URL as ISSUER } from '../real/world.js';
import { Browser } from './driver.js';
import { Site } from './site.js';

const TABS = 5;
const TIMES = 20;
/** One, and one that its tab gave up and repeats, of whose end the site may hear a moment later. */
const AT_ONCE = 2;
const LONGEST = 60_000;

let browser: Browser;
before(async () => {
  browser = await Browser.start();
});
after(() => browser.end());

/** Opens tabs of a page that is signed in. */
async function open(site: Site, transport: string): Promise<string[]> {
  const email = await account();
  const page = `${site.origin}/?transport=${transport}`;
  const first = await browser.open(page);
  await browser.run(first, `await jeton.signIn({ email: '${email}', password: '${PASSWORD}' });`);
  const tabs = [first];
  while (tabs.length < TABS) tabs.push(await browser.open(page));
  for (const tab of tabs) assert.equal(await browser.run(tab, 'return (await jeton.state()).signedIn;'), true);
  return tabs;
}

/** Waits until all these tabs have refreshed as often as they were told to. */
async function settled(tabs: string[]): Promise<void> {
  const giveUp = Date.now() + LONGEST;
  for (const tab of tabs) {
    for (;;) {
      const [refreshed, failed] = (await browser.run(tab, 'return [refreshed, failed];')) as [number, string[]];
      assert.deepEqual(failed, []);
      if (refreshed === TIMES) break;
      assert.ok(Date.now() < giveUp, `a tab has refreshed ${refreshed} times of ${TIMES}`);
      await sleep(50);
    }
  }
}

for (const transport of ['body', 'cookie']) {
  test(`${TABS} tabs refresh at once (${transport}), one request at a time, and all stay signed in`, async (context) => {
    const site = await Site.start(LOSSY, ISSUER);
    try {
      const tabs = await open(site, transport);
      await browser.run(tabs[0] ?? '', `everybody(${TIMES});`);
      await settled(tabs);
      for (const tab of tabs) {
        assert.equal(await browser.run(tab, `return (await jeton.fetch('/v1/me')).status;`), 200);
      }
      assert.ok(site.mostAtOnce <= AT_ONCE, `${site.mostAtOnce} requests at once`);
      assert.ok(site.sent >= TIMES && site.sent < TABS * TIMES, `${site.sent} requests`);
      context.diagnostic(`${TABS * TIMES} calls in ${TABS} tabs took ${site.sent} requests`);

      const stored = String(await browser.run(tabs[0] ?? '', 'return await stored();'));
      assert.equal(stored.includes('jrt_'), transport === 'body');

      const [leaving = '', ...others] = tabs;
      await browser.run(leaving, 'await jeton.signOut();');
      for (const tab of others) {
        await browser.run(tab, `while (heard.at(-1) === 'in') await new Promise((resolve) => setTimeout(resolve, 20));`);
        assert.deepEqual(await browser.run(tab, 'return heard;'), ['in', 'signed_out']);
        await browser.close(tab);
      }
    } finally {
      site.end();
    }
  });

  test(`a tab that is closed in the middle of a refresh (${transport}) takes nobody with it`, async () => {
    const site = await Site.start(LOSSY, ISSUER);
    try {
      const tabs = await open(site, transport);
      await browser.run(tabs[0] ?? '', `everybody(${TIMES});`);
      const [closed = '', ...others] = tabs.reverse();
      await browser.close(closed);
      await settled(others);
      for (const tab of others) {
        assert.equal(await browser.run(tab, `return (await jeton.fetch('/v1/me')).status;`), 200);
      }
      // A page that is loaded anew goes on with what is stored.
      const again = await browser.open(`${site.origin}/?transport=${transport}`);
      assert.equal(await browser.run(again, `await jeton.refresh(); return (await jeton.fetch('/v1/me')).status;`), 200);
    } finally {
      site.end();
    }
  });
}

test('tabs that do not wait for each other send at once: the test of the test', async () => {
  const site = await Site.start(LOSSY, ISSUER);
  try {
    const tabs = await open(site, 'body');
    for (const tab of tabs) {
      // What a browser without Web Locks has, in a hurry.
      await browser.run(tab, `navigator.locks.request = (name, options, task) => task();`);
    }
    await browser.run(tabs[0] ?? '', `everybody(${TIMES});`);
    const giveUp = Date.now() + LONGEST;
    while (site.mostAtOnce <= AT_ONCE) {
      assert.ok(Date.now() < giveUp, `never more than ${site.mostAtOnce} requests at once`);
      await sleep(50);
    }
  } finally {
    site.end();
  }
});
