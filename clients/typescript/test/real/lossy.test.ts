/** One page on a network that loses 30 % of the answers. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { account, device, HASTY, LOSSY, REFRESHES } from './world.js';

test(`${REFRESHES} refreshes at 30 % lost answers, and nobody is signed out`, async (context) => {
  let sent = 0;
  const counted: typeof fetch = (input, init) => {
    if (String(input).endsWith('/v1/refresh')) sent += 1;
    return fetch(input, init);
  };
  const client = await device(await account(), { url: LOSSY, fetch: counted, ...HASTY });
  const tokens = new Set<string>();
  for (let done = 0; done < REFRESHES; done += 1) {
    await client.refresh();
    tokens.add(await client.accessToken());
  }
  assert.equal(tokens.size, REFRESHES);
  assert.equal((await client.state()).signedIn, true);
  assert.equal((await client.fetch(`${LOSSY}/v1/me`)).status, 200);
  assert.ok(sent > 1.2 * REFRESHES, `only ${sent} were sent: the network is too good`);
  context.diagnostic(`${sent} requests for ${REFRESHES} refreshes`);
});
