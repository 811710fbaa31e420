/** Requests to Jeton's own routes. */

import { JetonError, clientError, type Problem } from './errors.js';

/** How Jeton is reached. */
export interface Wire {
  /** Without a slash at its end. */
  readonly url: string;
  readonly fetch: typeof globalThis.fetch;
  /** How long to wait for an answer, in ms. */
  readonly timeout: number;
  readonly credentials: RequestCredentials;
}

interface Extra {
  readonly headers?: Record<string, string>;
  /** Whether the request goes on when its page is closed. */
  readonly keepalive?: boolean;
}

/** Posts JSON and gives the answer's JSON, `undefined` where it has none; whatever is not a success is thrown. */
export async function post(wire: Wire, path: string, body: object, extra: Extra = {}): Promise<unknown> {
  let response: Response;
  let text: string;
  try {
    response = await wire.fetch(wire.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...extra.headers },
      body: JSON.stringify(body),
      cache: 'no-store',
      credentials: wire.credentials,
      redirect: 'error',
      signal: AbortSignal.timeout(wire.timeout),
      ...(extra.keepalive === true && { keepalive: true }),
    });
    // An answer may break off in its middle, or stop there.
    text = await response.text();
  } catch (cause) {
    throw clientError('no_answer', 'Jeton did not answer. What was asked for may have happened.', { cause });
  }
  const json = parsed(text);
  if (!response.ok) throw refusal(response, json);
  if (text !== '' && json === undefined) {
    throw clientError('no_answer', 'The answer is not one of Jeton: something on the way changed it.');
  }
  return json;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refusal(response: Response, json: unknown): JetonError {
  const { status, headers } = response;
  const circumstances = {
    retryAfter: seconds(headers.get('retry-after')),
    requestId: headers.get('x-request-id') ?? undefined,
  };
  const isProblem = typeof json === 'object' && json !== null && 'code' in json && typeof json.code === 'string';
  const problem: Problem = isProblem
    ? { ...(json as unknown as Problem), status }
    : { code: 'unexpected_answer', status, detail: `An answer with status ${status} that is not one of Jeton.` };
  return new JetonError(problem, circumstances);
}

/** A `Retry-After` in seconds, which is the form that Jeton uses; proxies may send a date. */
function seconds(value: string | null): number | undefined {
  if (value === null) return undefined;
  const wait = /^\d+$/.test(value.trim()) ? Number(value) : (Date.parse(value) - Date.now()) / 1_000;
  return Number.isFinite(wait) ? Math.max(wait, 0) : undefined;
}
