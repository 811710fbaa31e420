/** A Jeton that answers as it is told, for what a real one cannot be made to do. */

import { JetonClient, memoryStorage, type JetonLock, type JetonOptions, type JetonStorage } from '../../src/index.js';

/** One answer, or `lost`: the server does its work and nobody hears of it. */
export type Answer = 'lost' | (() => Response | Promise<Response>);

export interface Seen {
  readonly path: string;
  readonly body: Record<string, unknown>;
  readonly key: string | null;
  readonly authorization: string | null;
}

export const HERE = 'http://jeton.test';

export function problem(status: number, code: string, headers: Record<string, string> = {}): Answer {
  return () => Response.json({ code, status, detail: code }, { status, headers });
}

/** Rotates as Jeton does with `refresh.retry_window = 0`: a token that was used is good again only with the key it was used with. */
export class FakeJeton {
  readonly seen: Seen[] = [];
  /** What becomes of the next requests to a path; then all goes well. */
  readonly next = new Map<string, Answer[]>();
  lifetime = 900;
  #generation = 0;
  #lastKey: string | null = null;
  #issued = 0;
  isOver = false;

  readonly fetch: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    const path = new URL(request.url).pathname;
    const text = await request.text();
    const { headers } = request;
    const body = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : { text };
    this.seen.push({ path, body, key: headers.get('idempotency-key'), authorization: headers.get('authorization') });
    // Every answer takes a moment.
    await new Promise((resolve) => setTimeout(resolve, 2));
    const told = this.next.get(path)?.shift();
    if (typeof told === 'function') return withheld(told(), request.signal);
    const answer = this.#answer(path, this.seen.at(-1)!);
    if (told === 'lost') throw new TypeError('fetch failed');
    return answer;
  };

  sent(path: string): Seen[] {
    return this.seen.filter((seen) => seen.path === path);
  }

  tell(path: string, ...answers: Answer[]): void {
    this.next.set(path, answers);
  }

  #answer(path: string, { body, key }: Seen): Response {
    if (path === '/v1/login') return this.#tokens(body['transport'] === 'cookie');
    if (path !== '/v1/refresh') return Response.json({ path });
    const isCookie = body['refresh_token'] === undefined;
    const presented = isCookie ? this.#generation : Number(body['refresh_token']);
    const isRetry = presented === this.#generation - 1 && key !== null && key === this.#lastKey;
    if (this.isOver || (presented !== this.#generation && !isRetry)) {
      this.isOver = true;
      return Response.json({ code: 'invalid_grant', status: 401 }, { status: 401 });
    }
    if (!isRetry) {
      this.#generation += 1;
      this.#lastKey = key;
    }
    return this.#tokens(isCookie);
  }

  #tokens(isCookie: boolean): Response {
    this.#issued += 1;
    return Response.json({
      access_token: `access-${this.#issued}`,
      expires_in: this.lifetime,
      refresh_expires_in: 10_000,
      session_id: 'session',
      scope: 'account',
      ...(!isCookie && { refresh_token: String(this.#generation), device_token: 'device' }),
    });
  }
}

/** The answer, unless the client hangs up before it. */
function withheld(answer: Response | Promise<Response>, signal: AbortSignal): Promise<Response> {
  return new Promise((resolve, reject) => {
    // As an open connection does, it keeps the program from ending.
    const open = setInterval(() => undefined, 1_000);
    signal.addEventListener('abort', () => {
      clearInterval(open);
      reject(signal.reason as Error);
    });
    Promise.resolve(answer)
      .then(resolve, reject)
      .finally(() => clearInterval(open));
  });
}

/** A lock that keeps nobody out, as between two browsers without Web Locks. */
export const noLock: JetonLock = { isShared: false, run: (_, task) => task() };

export interface Bench {
  readonly jeton: FakeJeton;
  readonly storage: JetonStorage;
  readonly client: JetonClient;
  tab(options?: Partial<JetonOptions>): JetonClient;
  stored(): Promise<Record<string, unknown>>;
  /** Changes what is stored: for instance lets the access token be old. */
  change(changes: Record<string, unknown>): Promise<void>;
}

/** A client that is signed in. */
export async function signedIn(options: Partial<JetonOptions> = {}): Promise<Bench> {
  const jeton = new FakeJeton();
  const storage = memoryStorage();
  const patience = { firstPause: 1, longestPause: 4, total: 2_000 };
  const tab = (more: Partial<JetonOptions> = {}): JetonClient =>
    new JetonClient({ url: HERE, storage, fetch: jeton.fetch, patience, timeout: 1_000, ...options, ...more });
  const client = tab();
  await client.signIn({ email: 'alice@example.com', password: 'secret' });
  const name = options.transport === 'cookie' ? 'jeton.cookie' : 'jeton';
  const stored = async (): Promise<Record<string, unknown>> =>
    JSON.parse((await storage.get(name)) ?? '{}') as Record<string, unknown>;
  const change = async (changes: Record<string, unknown>): Promise<void> =>
    void (await storage.set(name, JSON.stringify({ ...(await stored()), ...changes })));
  return { jeton, storage, client, tab, stored, change };
}
