/** The client: who is signed in, with which token, and requests that carry it. */

import { clientError, JetonError } from './errors.js';
import { post, type Wire } from './http.js';
import { Keeper, stateOf, type State } from './keeper.js';
import { defaultLock, type JetonLock } from './lock.js';
import { showPasskey, type PasskeyAnswer } from './passkey.js';
import { isLive, isTokenResponse, record, urgency, type Transport } from './record.js';
import { live, pause, Refresher, type Patience } from './refresh.js';
import { repeatable, rejectsToken } from './request.js';
import { defaultStorage, type JetonStorage } from './storage.js';

/** How a client is set up. Only `url` has no default outside of a page. */
export interface JetonOptions {
  /** Where Jeton is reached, with the path it is mounted under; the page's own origin if left out. */
  readonly url?: string;
  /**
   * `body` (the default): the refresh token lies in `storage`. `cookie`: in a cookie that no script can read; only for pages of
   * Jeton's own origin.
   */
  readonly transport?: Transport;
  /** The browser's database (IndexedDB) in a page, memory elsewhere. On a server that acts for several users each needs a client and a storage. */
  readonly storage?: JetonStorage;
  /** Web Locks in a page, a lock within the program elsewhere. */
  readonly lock?: JetonLock;
  /**
   * The name in the storage, for a page that is signed in at several issuers: `jeton`, with cookies `jeton.cookie`. An origin has one
   * cookie, so all of its pages that use it must have one name; Jeton's console has the default.
   */
  readonly name?: string;
  /** Origins beside that of `url` and of the page to which {@link JetonClient.fetch} sends the access token. */
  readonly origins?: readonly string[];
  readonly fetch?: typeof globalThis.fetch;
  /** How long to wait for one answer of Jeton, in ms: 10 000. */
  readonly timeout?: number;
  /** When a refresh without an answer is repeated: after 0.5, 1, 2 … 15 s, for 30 s in all. */
  readonly patience?: Partial<Patience>;
}

/** What a login says of its device. */
export interface DeviceOptions {
  readonly deviceName?: string;
  readonly deviceClass?: string;
  /** After `session_limit_reached`: the session that makes room. */
  readonly endSession?: string;
}

export interface Credentials extends DeviceOptions {
  readonly email: string;
  readonly password: string;
}

/** How far a login came. */
export type SignIn =
  | { readonly status: 'signed_in' }
  | { readonly status: 'mfa_required'; readonly mfaToken: string; readonly methods: readonly string[] };

/** Proves who it is: what an app shows or a recovery code, or a passkey, for which the browser is asked. */
export type SecondFactor = { readonly code: string } | { readonly passkey: Omit<CredentialRequestOptions, 'publicKey'> };

const PATIENCE: Patience = { firstPause: 500, longestPause: 15_000, total: 30_000 };

export class JetonClient {
  readonly #wire: Wire;
  readonly #transport: Transport;
  readonly #keeper: Keeper;
  readonly #lock: JetonLock;
  readonly #lockName: string;
  readonly #refresher: Refresher;
  readonly #origins: ReadonlySet<string>;
  readonly #patience: Patience;
  /** Lets tabs be due at different moments. */
  readonly #share = 0.5 + Math.random();
  /** A token that was refused though it was new: another one would be too. */
  #refusedThoughNew: string | undefined;

  constructor(options: JetonOptions = {}) {
    const own = globalThis.location?.origin;
    const base = new URL(options.url ?? own ?? '', own);
    this.#transport = options.transport ?? 'body';
    if (this.#transport === 'cookie' && own !== undefined && own !== base.origin) {
      throw new TypeError(`The refresh cookie is for pages of ${base.origin}; use the transport "body" here, or a proxy.`);
    }
    this.#wire = {
      url: base.href.replace(/\/+$/, ''),
      fetch: options.fetch ?? globalThis.fetch.bind(globalThis),
      timeout: options.timeout ?? 10_000,
      credentials: this.#transport === 'cookie' ? 'same-origin' : 'omit',
    };
    this.#patience = { ...PATIENCE, ...options.patience };
    const name = options.name ?? (this.#transport === 'cookie' ? 'jeton.cookie' : 'jeton');
    this.#lockName = `${name} ${this.#wire.url}`;
    this.#keeper = new Keeper(options.storage ?? defaultStorage(), name);
    this.#lock = options.lock ?? defaultLock();
    this.#refresher = new Refresher(this.#keeper, this.#lock, this.#lockName, this.#wire, this.#patience);
    this.#origins = new Set([base.origin, ...(own === undefined ? [] : [own]), ...(options.origins ?? [])]);
  }

  /** Opens an account; it is not signed in by that. */
  async register(account: { email: string; password: string; displayName?: string; locale?: string; invite?: string }): Promise<void> {
    const { displayName, ...rest } = account;
    await post(this.#wire, '/v1/accounts', { ...rest, ...(displayName !== undefined && { display_name: displayName }) });
  }

  /** Signs in with mail address and password. */
  async signIn({ email, password, ...device }: Credentials): Promise<SignIn> {
    try {
      await this.#open('/v1/login', { email, password, ...onTheWire(device) });
      return { status: 'signed_in' };
    } catch (error) {
      if (!(error instanceof JetonError) || error.code !== 'mfa_required') throw error;
      const { mfa_token: mfaToken, methods } = error.problem as unknown as { mfa_token: string; methods: string[] };
      return { status: 'mfa_required', mfaToken, methods };
    }
  }

  /** The second half of a login. After a wrong code (`invalid_second_factor`) it can be tried again. */
  async signInWithSecondFactor(mfaToken: string, factor: SecondFactor): Promise<void> {
    await this.#open('/v1/login/mfa', { mfa_token: mfaToken, ...(await this.#shown(factor, mfaToken)) });
  }

  /** Signs in with a passkey alone. `asked` is given to the browser, such as `mediation` and `signal`. */
  async signInWithPasskey(device: DeviceOptions = {}, asked: Omit<CredentialRequestOptions, 'publicKey'> = {}): Promise<void> {
    const answer = await showPasskey(this.#wire, undefined, asked);
    await this.#open('/v1/login/passkey', { ...answer, ...onTheWire(device) });
  }

  /** Proves again who it is, after `step_up_required`: the access token is replaced by one that says so. */
  async reauthenticate(proof: { readonly password: string } | SecondFactor): Promise<void> {
    const body = 'password' in proof ? proof : await this.#shown(proof, undefined);
    await this.accessToken();
    await this.#lock.run(this.#lockName, async () => {
      const stored = await live(this.#keeper);
      const sentAt = Date.now();
      const headers = { authorization: `Bearer ${stored.accessToken}` };
      const answer = (await post(this.#wire, '/v1/me/reauthenticate', body, { headers })) as {
        access_token: string;
        expires_in: number;
      };
      const fresh = { accessToken: answer.access_token, obtainedAt: sentAt, expiresAt: sentAt + 1_000 * answer.expires_in };
      const now = await live(this.#keeper);
      if (now.sessionId === stored.sessionId) await this.#keeper.write({ ...now, ...fresh });
    });
  }

  /**
   * Signs out: at once here, and at Jeton. If no answer comes, `no_answer` is thrown after a while; nobody is signed in here then,
   * and the session stays in the list of devices until it is ended there or expires.
   */
  async signOut(): Promise<void> {
    await this.#lock.run(this.#lockName, async () => {
      const stored = await this.#keeper.read();
      if (!isLive(stored)) return;
      await this.#keeper.write({ version: 1, over: 'signed_out' });
      const body = stored.refreshToken === undefined ? {} : { refresh_token: stored.refreshToken };
      await this.#patiently(() => post(this.#wire, '/v1/logout', body, { keepalive: true }));
    });
  }

  /** Whether somebody is signed in here. */
  async state(): Promise<State> {
    return stateOf(await this.#keeper.read());
  }

  /** Calls back with the state as it is, and whenever it changes, here or in another tab. Returns how to end it. */
  subscribe(listener: (state: State) => void): () => void {
    return this.#keeper.subscribe(listener);
  }

  /**
   * An access token that is good for some seconds at least. One that is nearly over is replaced in the background, one that is over
   * before this returns. Throws `not_signed_in`, the code with which the session ended, or `no_answer`.
   */
  async accessToken(): Promise<string> {
    const stored = await live(this.#keeper);
    switch (urgency(stored, Date.now(), this.#share)) {
      case 'now':
        return (await this.#refresher.refresh(stored.accessToken)).accessToken;
      case 'soon':
        // There is time to fail, and to try again at the next call.
        this.#refresher.refresh(stored.accessToken).catch(() => undefined);
        return stored.accessToken;
      case 'none':
        return stored.accessToken;
    }
  }

  /** Replaces the access token now, for claims that have changed (a role that was given). Otherwise there is no need to call it. */
  async refresh(): Promise<void> {
    await this.#refresher.refresh((await live(this.#keeper)).accessToken);
  }

  /**
   * `fetch` with the access token. If the token is refused all the same, it is replaced and the request repeated, once; a stream as
   * body cannot be repeated. Every other answer is given as it came.
   */
  async fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    const requests = repeatable(input, init);
    const first = requests.next();
    this.#checkOrigin(first.url);
    const token = await abortable(this.accessToken(), first.signal);
    const answer = await this.#carry(first, token);
    if (!requests.canRepeat || token === this.#refusedThoughNew || !rejectsToken(answer)) return answer;
    await answer.body?.cancel();
    const fresh = await abortable(this.#refresher.refresh(token), first.signal);
    const second = await this.#carry(requests.next(), fresh.accessToken);
    if (rejectsToken(second)) this.#refusedThoughNew = fresh.accessToken;
    return second;
  }

  #carry(request: Request, token: string): Promise<Response> {
    request.headers.set('authorization', `Bearer ${token}`);
    return this.#wire.fetch(request);
  }

  #checkOrigin(url: string): void {
    const { origin } = new URL(url);
    if (this.#origins.has(origin)) return;
    throw clientError('other_origin', `The access token is not sent to ${origin}; name it in \`origins\` if it may have it.`);
  }

  /** Sends the last request of a login, and stores the session that it opens. */
  async #open(path: string, body: object): Promise<void> {
    await this.#lock.run(this.#lockName, async () => {
      const deviceToken = this.#transport === 'body' ? await this.#keeper.deviceToken() : undefined;
      const sentAt = Date.now();
      const known = deviceToken !== undefined && { device_token: deviceToken };
      const answer = await post(this.#wire, path, { ...body, ...known, transport: this.#transport });
      if (!isTokenResponse(answer)) throw clientError('no_answer', 'The answer to the login holds no tokens.');
      if (answer.device_token !== undefined) await this.#keeper.writeDeviceToken(answer.device_token);
      await this.#keeper.write(record(answer, sentAt));
    });
  }

  async #shown(factor: SecondFactor, mfaToken: string | undefined): Promise<{ code: string } | { passkey: PasskeyAnswer }> {
    if ('code' in factor) return { code: factor.code };
    return { passkey: await showPasskey(this.#wire, mfaToken, factor.passkey) };
  }

  /** Repeats what can be repeated without harm until it is answered. */
  async #patiently(ask: () => Promise<unknown>): Promise<void> {
    const giveUp = Date.now() + this.#patience.total;
    for (let wait = this.#patience.firstPause; ; wait = Math.min(2 * wait, this.#patience.longestPause)) {
      try {
        await ask();
        return;
      } catch (error) {
        // The cookie is gone, and with it what there was to end.
        if (error instanceof JetonError && error.status === 401) return;
        const asked = error instanceof JetonError && error.isTransient ? 1_000 * (error.retryAfter ?? 0) : undefined;
        if (asked === undefined || Date.now() + Math.max(wait, asked) > giveUp) throw error;
        await pause(Math.max(wait, asked));
      }
    }
  }
}

function onTheWire({ deviceName, deviceClass, endSession }: DeviceOptions): Record<string, string> {
  return {
    ...(deviceName !== undefined && { device_name: deviceName }),
    ...(deviceClass !== undefined && { device_class: deviceClass }),
    ...(endSession !== undefined && { end_session: endSession }),
  };
}

/** The promise, unless the signal is faster: what is under way goes on for others. */
async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let aborted = (): void => undefined;
  const abort = new Promise<never>((_, reject) => {
    aborted = () => reject(signal.reason as Error);
    signal.addEventListener('abort', aborted);
  });
  try {
    return await Promise.race([promise, abort]);
  } finally {
    signal.removeEventListener('abort', aborted);
  }
}
