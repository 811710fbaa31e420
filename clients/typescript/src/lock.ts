/** One refresh at a time. */

/** Lets one task of a name run at a time. */
export interface JetonLock {
  /**
   * Whether it keeps out everybody who shares the storage. If not, the client stores its key, waits a moment and looks which key
   * is stored, which makes two refreshes with two keys unlikely, not impossible.
   */
  readonly isShared: boolean;
  run<T>(name: string, task: () => Promise<T>): Promise<T>;
}

/** How long a tab waits for another one's lock before it goes on without, in ms. */
const LONGEST_WAIT = 30_000;

/**
 * Web Locks: one tab of the origin at a time, and a tab that is closed or crashes lets go.
 *
 * A tab that holds the lock and does nothing (a debugger stopped it) keeps the others waiting for `longestWait` ms. Then they go
 * on without it: by then its key is stored, so they repeat its request with the same key, which gives the same answer.
 */
export function webLock(locks: LockManager = navigator.locks, longestWait = LONGEST_WAIT): JetonLock {
  return {
    isShared: true,
    async run(name, task) {
      let granted = false;
      const begin = (): ReturnType<typeof task> => {
        granted = true;
        return task();
      };
      try {
        return await locks.request(name, { signal: AbortSignal.timeout(longestWait) }, begin);
      } catch (error) {
        if (granted) throw error;
        return await task();
      }
    },
  };
}

/** Who waits for which name. One for the program, since several clients may share a storage. */
const queues = new Map<string, Promise<unknown>>();

/** A lock within this program (one tab, one process, one worker). It does not know of others. */
export function localLock(): JetonLock {
  return {
    isShared: false,
    run(name, task) {
      const before = queues.get(name) ?? Promise.resolve();
      const turn = before.then(task);
      const settled = turn.catch(() => undefined);
      queues.set(name, settled);
      void settled.then(() => {
        if (queues.get(name) === settled) queues.delete(name);
      });
      return turn;
    },
  };
}

/** Web Locks where there are some (pages in a secure context), a lock within the program elsewhere. */
export function defaultLock(): JetonLock {
  const isPage = typeof document !== 'undefined';
  return isPage && navigator.locks !== undefined ? webLock() : localLock();
}
