/** Keeps the one stored record, and tells who listens when it changes. */

import { isLive, parse, type Stored } from './record.js';
import type { JetonStorage } from './storage.js';

/** Whether somebody is signed in here. */
export type State =
  | { readonly signedIn: true; readonly sessionId: string; readonly refreshExpiresAt: Date }
  | {
      readonly signedIn: false;
      /** Why, where it is known: `signed_out` by this client, or the code with which Jeton refused to go on. */
      readonly reason: string | null;
    };

export function stateOf(stored: Stored): State {
  return isLive(stored)
    ? { signedIn: true, sessionId: stored.sessionId, refreshExpiresAt: new Date(stored.refreshExpiresAt) }
    : { signedIn: false, reason: stored.over };
}

/** The record under its name. */
export class Keeper {
  readonly #storage: JetonStorage;
  readonly #name: string;
  readonly #listeners = new Set<(state: State) => void>();
  /** What the listeners were told last. */
  #told: string | undefined;
  #unwatch: (() => void) | undefined;

  constructor(storage: JetonStorage, name: string) {
    this.#storage = storage;
    this.#name = name;
  }

  async read(): Promise<Stored> {
    return parse(await this.#storage.get(this.#name));
  }

  async write(stored: Stored): Promise<void> {
    await this.#storage.set(this.#name, JSON.stringify(stored));
    this.#tell(stored);
  }

  /** What makes the device known at its next login. It outlives the session. */
  async deviceToken(): Promise<string | undefined> {
    return (await this.#storage.get(`${this.#name}.device`)) ?? undefined;
  }

  async writeDeviceToken(token: string): Promise<void> {
    await this.#storage.set(`${this.#name}.device`, token);
  }

  /** Calls back with the state as it is, and whenever it changes, here or in another tab. */
  subscribe(listener: (state: State) => void): () => void {
    this.#listeners.add(listener);
    this.#unwatch ??= this.#storage.watch?.(this.#name, () => this.#look((stored) => this.#tell(stored)));
    this.#look((stored) => {
      if (!this.#listeners.has(listener)) return;
      this.#told ??= key(stored);
      listener(stateOf(stored));
    });
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#unwatch?.();
      this.#unwatch = undefined;
      this.#told = undefined;
    };
  }

  /** A storage that cannot be read says so to whoever calls next; here nobody waits. */
  #look(then: (stored: Stored) => void): void {
    this.read().then(then, () => undefined);
  }

  #tell(stored: Stored): void {
    const now = key(stored);
    // Another access token is no news.
    if (this.#told === now) return;
    this.#told = now;
    for (const listener of this.#listeners) listener(stateOf(stored));
  }
}

function key(stored: Stored): string {
  return isLive(stored) ? `in ${stored.sessionId}` : `out ${stored.over}`;
}
