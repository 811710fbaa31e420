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

/** The database and its one store. */
const DATABASE = 'jeton';
const STORE = 'texts';

/**
 * A database of the browser (IndexedDB), which all tabs of an origin share.
 *
 * Not `localStorage`: each process of a browser has its own copy of that, and hears of other tabs' changes a moment later, so a tab that
 * has just been granted the lock may read what was replaced under it. A transaction reads what was committed, and `strict` ones are on
 * the disk when they end.
 */
export function browserStorage(factory: IDBFactory = indexedDB): JetonStorage {
  let opened: Promise<IDBDatabase> | undefined;
  const open = (): Promise<IDBDatabase> =>
    (opened ??= new Promise((resolve, reject) => {
      const request = factory.open(DATABASE, 1);
      const forget = (): void => {
        opened = undefined;
      };
      request.onupgradeneeded = () => request.result.createObjectStore(STORE);
      request.onerror = () => {
        forget();
        reject(request.error ?? new Error('the database cannot be opened'));
      };
      request.onsuccess = () => {
        const database = request.result;
        database.onclose = forget;
        database.onversionchange = () => {
          database.close();
          forget();
        };
        resolve(database);
      };
    }));
  const transact = async <T>(mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> => {
    const database = await open();
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode, { durability: 'strict' });
      const request = ask(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error ?? new Error('the database took nothing'));
    });
  };
  const channel = (): BroadcastChannel => new BroadcastChannel(`${DATABASE} ${STORE}`);
  const tell = (name: string): void => {
    const told = channel();
    told.postMessage(name);
    told.close();
  };
  return {
    async get(name) {
      const text: unknown = await transact('readonly', (store) => store.get(name));
      return typeof text === 'string' ? text : null;
    },
    async set(name, text) {
      await transact('readwrite', (store) => store.put(text, name));
      tell(name);
    },
    async remove(name) {
      await transact('readwrite', (store) => store.delete(name));
      tell(name);
    },
    watch(name, changed) {
      const heard = channel();
      heard.onmessage = ({ data }) => {
        if (data === name) changed();
      };
      return () => heard.close();
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

/** The browser's database in a page, memory elsewhere. */
export function defaultStorage(): JetonStorage {
  return typeof document !== 'undefined' && typeof indexedDB !== 'undefined' ? browserStorage() : memoryStorage();
}
