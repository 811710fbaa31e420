/** A storage in a file, for programs that are killed, and for tabs that are programs of their own. */

import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { threadId } from 'node:worker_threads';
import type { JetonStorage } from '../../src/index.js';

/** Each write replaces the file at once; it is gone with a loss of power, which these tests do not cause. */
export function fileStorage(folder: string): JetonStorage {
  const path = (name: string): string => `${folder}/${name}.json`;
  return {
    get(name) {
      try {
        return readFileSync(path(name), 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
        throw error;
      }
    },
    set(name, text) {
      const next = `${path(name)}.${process.pid}.${threadId}`;
      writeFileSync(next, text, { mode: 0o600 });
      renameSync(next, path(name));
    },
    remove: (name) => rmSync(path(name), { force: true }),
  };
}
