/** One tab of ten: a thread that shares a storage and a lock with the others. */

import { parentPort, workerData } from 'node:worker_threads';
import { JetonClient, JetonError, type JetonLock } from '../../src/index.js';
import { fileStorage } from './file.js';

export type ToTab = { readonly kind: 'granted' | 'refresh' };
export type FromTab =
  | { readonly kind: 'lock' | 'release' }
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'failed'; readonly code: string };

const { url, folder } = workerData as { url: string; folder: string };

function tell(message: FromTab): void {
  parentPort?.postMessage(message);
}

let granted: () => void = () => undefined;

/** Asks the main thread, as tabs ask their browser. */
const lock: JetonLock = {
  isShared: true,
  async run(_, task) {
    await new Promise<void>((resolve) => {
      granted = resolve;
      tell({ kind: 'lock' });
    });
    try {
      return await task();
    } finally {
      tell({ kind: 'release' });
    }
  },
};

const patience = { firstPause: 10, longestPause: 500, total: 30_000 };
const client = new JetonClient({ url, lock, storage: fileStorage(folder), timeout: 1_000, patience });

parentPort?.on('message', (message: ToTab) => {
  if (message.kind === 'granted') {
    granted();
    return;
  }
  client
    .refresh()
    .then(() => client.accessToken())
    .then(
      (token) => tell({ kind: 'token', token }),
      (error: unknown) => tell({ kind: 'failed', code: error instanceof JetonError ? error.code : String(error) }),
    );
});
