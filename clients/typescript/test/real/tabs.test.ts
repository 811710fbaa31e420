/** Ten tabs, each a thread of its own, with one storage and one lock, on the bad network. */

import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { fileStorage } from './file.js';
import type { FromTab, ToTab } from './tab.js';
import { account, device, FOLDER, HASTY, LOSSY, REFRESHES } from './world.js';

const TABS = 10;

/** The lock that a browser would keep between its tabs. */
class Locks {
  readonly #waiting: Tab[] = [];
  #holder: Tab | undefined;

  ask(tab: Tab): void {
    this.#waiting.push(tab);
    this.#grant();
  }

  release(): void {
    this.#holder = undefined;
    this.#grant();
  }

  #grant(): void {
    if (this.#holder !== undefined) return;
    this.#holder = this.#waiting.shift();
    this.#holder?.tell({ kind: 'granted' });
  }
}

class Tab {
  readonly #worker: Worker;
  #heard: (message: FromTab) => void = () => undefined;

  constructor(folder: string, locks: Locks) {
    this.#worker = new Worker(new URL('./tab.js', import.meta.url), { workerData: { url: LOSSY, folder } });
    this.#worker.on('message', (message: FromTab) => {
      if (message.kind === 'lock') locks.ask(this);
      else if (message.kind === 'release') locks.release();
      else this.#heard(message);
    });
  }

  tell(message: ToTab): void {
    this.#worker.postMessage(message);
  }

  /** Lets the tab refresh, and gives the access token that it has then. */
  refresh(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#heard = (message) => {
        if (message.kind === 'token') resolve(message.token);
        else reject(new Error(`a tab failed: ${'code' in message ? message.code : message.kind}`));
      };
      this.tell({ kind: 'refresh' });
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}

test('ten tabs refresh at once, again and again, and nobody is signed out', async (context) => {
  const folder = mkdtempSync(`${FOLDER}/tabs-`);
  const storage = fileStorage(folder);
  const client = await device(await account(), { url: LOSSY, storage, ...HASTY });
  const locks = new Locks();
  const tabs = Array.from({ length: TABS }, () => new Tab(folder, locks));
  const successors = new Set<string>();
  const rounds = Math.ceil(REFRESHES / TABS);
  for (let round = 0; round < rounds; round += 1) {
    for (const token of await Promise.all(tabs.map((tab) => tab.refresh()))) successors.add(token);
  }
  await Promise.all(tabs.map((tab) => tab.close()));
  assert.equal((await client.fetch(`${LOSSY}/v1/me`)).status, 200);
  assert.ok(successors.size >= rounds);
  // A tab that hears late may refresh once more; if all did, they would not look at each other.
  assert.ok(successors.size < (rounds * TABS) / 2, `${successors.size} refreshes in ${rounds} rounds`);
  context.diagnostic(`${rounds * TABS} calls in ${TABS} tabs took ${successors.size} refreshes`);
});
