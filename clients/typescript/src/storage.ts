/** Where the session lies between two page loads. */

/** A value, or the promise of one. */
export type Awaitable<T> = T | Promise<T>;

/**
 * A place for texts under names. Each write replaces the whole text at once: a reader finds the old one or the new one. What was
 * written before `set` returned (or its promise was fulfilled) must be there after the program was killed.
 */
export interface JetonStorage {
  get(name: string): Awaitable<string | null>;
  set(name: string, text: string): Awaitable<void>;
  remove(name: string): Awaitable<void>;
  /** Calls back when another tab has changed the text; returns how to end it. */
  watch?(name: string, changed: () => void): () => void;
}

/** The browser's `localStorage`, which all tabs of an origin share. */
export function webStorage(area: Storage = globalThis.localStorage): JetonStorage {
  return {
    get: (name) => area.getItem(name),
    set: (name, text) => area.setItem(name, text),
    remove: (name) => area.removeItem(name),
    watch(name, changed) {
      const heard = (event: StorageEvent): void => {
        // `null` stands for all names: the area was cleared.
        if (event.storageArea === area && (event.key === name || event.key === null)) changed();
      };
      globalThis.addEventListener('storage', heard);
      return () => globalThis.removeEventListener('storage', heard);
    },
  };
}

/** The memory of this program: the session ends with it. */
export function memoryStorage(): JetonStorage {
  const texts = new Map<string, string>();
  return {
    get: (name) => texts.get(name) ?? null,
    set: (name, text) => void texts.set(name, text),
    remove: (name) => void texts.delete(name),
  };
}

/** `localStorage` in a page that may use it, memory elsewhere. */
export function defaultStorage(): JetonStorage {
  try {
    // Node has a `localStorage` too, which is one file for all programs; only a page's own is meant.
    if (typeof document !== 'undefined') return webStorage();
  } catch {
    // The page is sandboxed, or the user refuses all storage.
  }
  return memoryStorage();
}
