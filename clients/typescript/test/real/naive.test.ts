/** The test of the tests: clients that leave something out are signed out on the same network. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JetonClient, memoryStorage, type JetonStorage } from '../../src/index.js';
import { account, device, HASTY, LOSSY, REFRESHES } from './world.js';

/** Refreshes until the session is over, and gives the code. */
async function untilRefused(refresh: () => Promise<unknown>): Promise<string> {
  for (let done = 0; done < REFRESHES; done += 1) {
    try {
      await refresh();
    } catch (error) {
      return (error as { code?: string }).code ?? String(error);
    }
  }
  return 'never refused';
}

test('without an Idempotency-Key a lost answer ends the session', async () => {
  const withoutKey: typeof fetch = (input, init) => {
    const headers = new Headers(init?.headers);
    headers.delete('idempotency-key');
    return fetch(input, { ...init, headers });
  };
  const client = await device(await account(), { url: LOSSY, fetch: withoutKey, ...HASTY });
  assert.match(await untilRefused(() => client.refresh()), /^(invalid_grant|session_revoked)$/);
});

test('with a key that is not kept until the answer is stored, a lost answer ends the session', async () => {
  const another: typeof fetch = (input, init) => {
    const headers = new Headers(init?.headers);
    headers.set('idempotency-key', crypto.randomUUID());
    return fetch(input, { ...init, headers });
  };
  const client = await device(await account(), { url: LOSSY, fetch: another, ...HASTY });
  assert.match(await untilRefused(() => client.refresh()), /^(invalid_grant|session_revoked)$/);
});

test('two tabs that do not read the storage again sign each other out', async () => {
  const storage = memoryStorage();
  await device(await account(), { url: LOSSY, storage, ...HASTY });
  const begun = await storage.get('jeton');
  /** What a tab knows that looked once. */
  const alone = (): JetonStorage => {
    const own = memoryStorage();
    void own.set('jeton', begun ?? '');
    return own;
  };
  const [one, other] = [alone(), alone()].map((own) => new JetonClient({ url: LOSSY, storage: own, ...HASTY }));
  const both = async (): Promise<void> => {
    await one?.refresh();
    await other?.refresh();
  };
  assert.match(await untilRefused(both), /^(invalid_grant|session_revoked)$/);
});
