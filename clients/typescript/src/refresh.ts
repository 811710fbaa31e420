/** The refresh itself: a key that is stored before it is sent, one request at a time, and patience. */

import { JetonError, clientError } from './errors.js';
import { post, type Wire } from './http.js';
import type { Keeper } from './keeper.js';
import type { JetonLock } from './lock.js';
import { isLive, isSameGeneration, isTokenResponse, record, type Live, type TokenResponse } from './record.js';

/** When to try again, in ms. */
export interface Patience {
  /** The pause after the first try; each further one is twice as long. */
  readonly firstPause: number;
  readonly longestPause: number;
  /** How long to go on in all, before the caller is told that no answer came. The next call goes on with the same key. */
  readonly total: number;
}

/** After its key is stored, a client without a shared lock waits so long for others to store theirs, in ms. */
const SETTLE = 25;

export class Refresher {
  /** The refresh that is under way in this tab, which all callers share. */
  #flight: Promise<Live> | undefined;

  constructor(
    private readonly keeper: Keeper,
    private readonly lock: JetonLock,
    private readonly lockName: string,
    private readonly wire: Wire,
    private readonly patience: Patience,
  ) {}

  /** Replaces the access token `unfit`. If another tab has done so meanwhile, its token is given, and nothing is sent. */
  async refresh(unfit: string): Promise<Live> {
    for (;;) {
      const live = await (this.#flight ??= this.#begin(unfit));
      // Who joined a flight may hold the very token that it brought.
      if (live.accessToken !== unfit) return live;
    }
  }

  #begin(unfit: string): Promise<Live> {
    const flight = this.lock.run(this.lockName, () => this.#fly(unfit));
    return flight.finally(() => {
      this.#flight = undefined;
    });
  }

  async #fly(unfit: string): Promise<Live> {
    // Under the lock the storage is read again: while this tab waited, another one may have refreshed, or signed out.
    const stored = await live(this.keeper);
    if (stored.accessToken !== unfit && Date.now() < stored.expiresAt) return stored;
    const begun = await this.#prepared(stored);
    return begun.accessToken === stored.accessToken ? this.#send(begun) : begun;
  }

  /** Stores a key beside the token, unless there is one: then a refresh had begun, and this one is its repetition. */
  async #prepared(stored: Live): Promise<Live> {
    if (stored.idempotencyKey !== undefined) return stored;
    await this.keeper.write({ ...stored, idempotencyKey: newKey() });
    if (!this.lock.isShared) await pause(SETTLE);
    // The one that is stored counts, whoever wrote it.
    return live(this.keeper);
  }

  async #send(begun: Live): Promise<Live> {
    const giveUp = Date.now() + this.patience.total;
    for (let tries = 0; ; tries += 1) {
      const sentAt = Date.now();
      let answer: TokenResponse;
      try {
        answer = await this.#ask(begun);
      } catch (error) {
        if (!(error instanceof JetonError)) throw error;
        if (error.isFinal) return this.#refused(begun, error);
        const wait = Math.max(this.#backoff(tries), 1_000 * (error.retryAfter ?? 0));
        if (!error.isTransient || Date.now() + wait > giveUp) throw error;
        await pause(wait);
        const stored = await live(this.keeper);
        if (!isSameGeneration(stored, begun)) return stored;
        continue;
      }
      return this.#keep(begun, record(answer, sentAt));
    }
  }

  async #ask({ refreshToken, idempotencyKey }: Live): Promise<TokenResponse> {
    const body = refreshToken === undefined ? {} : { refresh_token: refreshToken };
    try {
      const answer = await post(this.wire, '/v1/refresh', body, { headers: { 'idempotency-key': idempotencyKey ?? '' } });
      if (isTokenResponse(answer)) return answer;
      throw clientError('no_answer', 'The answer holds no tokens: something on the way changed it.');
    } catch (error) {
      if (error instanceof JetonError && error.code === 'invalid_request' && refreshToken === undefined) {
        throw clientError('no_refresh_cookie', 'The refresh cookie is gone.', { cause: error });
      }
      throw error;
    }
  }

  /** Stores the successor and throws the key away, in one write; unless the session was left or replaced meanwhile. */
  async #keep(begun: Live, next: Live): Promise<Live> {
    const stored = await live(this.keeper);
    if (!isSameGeneration(stored, begun)) return stored;
    await this.keeper.write(next);
    return next;
  }

  /** The session is over, if what was refused is what is still stored. */
  async #refused(begun: Live, error: JetonError): Promise<Live> {
    const stored = await live(this.keeper);
    if (!isSameGeneration(stored, begun)) return stored;
    await this.keeper.write({ version: 1, over: error.code });
    throw error;
  }

  /** Half of the pause is left to chance, so that tabs and devices do not come back together. */
  #backoff(tries: number): number {
    const { firstPause, longestPause } = this.patience;
    return Math.min(firstPause * 2 ** tries, longestPause) * (0.5 + Math.random() / 2);
  }
}

/** The stored session, or the error that says that there is none. */
export async function live(keeper: Keeper): Promise<Live> {
  const stored = await keeper.read();
  if (isLive(stored)) return stored;
  throw new JetonError({ code: 'not_signed_in', detail: 'Nobody is signed in here.', reason: stored.over });
}

/** 128 random bits in hexadecimal. `crypto.randomUUID` is missing in pages without TLS. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
