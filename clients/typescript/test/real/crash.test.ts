/** A program that is killed in the middle of its refreshes, and started again. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { fileStorage } from './file.js';
import { account, device, FOLDER, HASTY, LOSSY } from './world.js';

const PROGRAM = fileURLToPath(new URL('./program.js', import.meta.url));
const KILLS = 20;

/** Runs the program on the session in a folder, and gives how it ended: its exit code, or the signal that killed it. */
async function program(folder: string, does: string, life?: number): Promise<number | string> {
  const child = spawn(process.execPath, [PROGRAM, LOSSY, folder, does], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
  if (life !== undefined) {
    await Promise.race([once(child.stdout, 'data'), ended]);
    await sleep(life);
    child.kill('SIGKILL');
  }
  const [code, signal] = await ended;
  return code ?? signal ?? 'lost';
}

async function session(): Promise<string> {
  const folder = mkdtempSync(`${FOLDER}/crash-`);
  await device(await account(), { url: LOSSY, storage: fileStorage(folder), ...HASTY });
  return folder;
}

for (const moment of ['dies-before-sending', 'dies-before-storing']) {
  test(`a program that ${moment.replaceAll('-', ' ')} is signed in when it starts again`, async () => {
    const folder = await session();
    for (let time = 0; time < 3; time += 1) {
      assert.equal(await program(folder, moment), 'SIGKILL');
      assert.match(String(await fileStorage(folder).get('jeton')), /"idempotencyKey":"[0-9a-f]{32}"/);
    }
    assert.equal(await program(folder, 'five-times'), 0);
  });
}

test(`a program that is killed ${KILLS} times while it refreshes is signed in at the end`, async () => {
  const folder = await session();
  // A plain sequence instead of chance: it can be repeated.
  for (let kill = 0; kill < KILLS; kill += 1) {
    assert.equal(await program(folder, 'for-ever', (kill * 37) % 150), 'SIGKILL');
  }
  assert.equal(await program(folder, 'five-times'), 0);
});
