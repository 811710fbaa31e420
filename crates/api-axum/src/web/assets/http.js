// Requests to the server that this page came from, and what they fail with.

/** Where the server's routes begin: this file lies in `console/`, beside them. */
export const BASE = new URL('../', import.meta.url);

/** A request that failed: the server's problem (RFC 9457), or one of `network`, `unexpected` and `cancelled`. */
export class Problem extends Error {
  /**
   * @param {string} code the stable code
   * @param {object} [known]
   * @param {number} [known.status] 0 where there was no answer
   * @param {string} [known.detail] the server's words
   * @param {number} [known.retryAfter] in seconds
   * @param {string} [known.requestId] by which the operator finds the request in the log
   * @param {Record<string, any>} [known.members] what else the problem says
   */
  constructor(code, { status = 0, detail = '', retryAfter, requestId = '', members = {} } = {}) {
    super(detail || code);
    this.name = 'Problem';
    this.code = code;
    this.status = status;
    this.detail = detail;
    this.retryAfter = retryAfter;
    this.requestId = requestId;
    this.members = members;
  }
}

/**
 * @typedef {object} Sending
 * @property {unknown} [body] sent as JSON
 * @property {Record<string, string>} [headers]
 * @property {AbortSignal} [signal]
 * @property {RequestCredentials} [credentials] `omit` leaves the cookies out; they are sent where it is not said
 */

/**
 * Sends a request and gives what the answer's JSON holds; `null` where it has no body.
 *
 * @param {string} method
 * @param {string} path below the server's address, without a slash at the start
 * @param {Sending} [sending]
 * @returns {Promise<any>}
 * @throws {Problem}
 */
export async function send(method, path, { body, headers = {}, signal, credentials = 'same-origin' } = {}) {
  const withBody = body === undefined ? {} : { body: JSON.stringify(body) };
  const declared = body === undefined ? {} : { 'Content-Type': 'application/json' };
  /** @type {Response} */
  let response;
  /** @type {string} */
  let text;
  try {
    response = await fetch(new URL(path, BASE), {
      method,
      headers: { Accept: 'application/json', ...declared, ...headers },
      ...withBody,
      credentials,
      cache: 'no-store',
      redirect: 'error',
      signal: signal ?? null,
    });
    text = await response.text();
  } catch (error) {
    const isCancelled = signal?.aborted && signal.reason?.name !== 'TimeoutError';
    throw new Problem(isCancelled ? 'cancelled' : 'network', { detail: String(error) });
  }
  const json = parsed(text);
  if (response.ok) return json ?? null;
  throw problemOf(response, json);
}

/**
 * @param {string} text
 * @returns {any} `undefined` where it is no JSON
 */
function parsed(text) {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * @param {Response} response
 * @param {any} json
 */
function problemOf(response, json) {
  const seconds = Number.parseInt(response.headers.get('Retry-After') ?? '', 10);
  const members = typeof json === 'object' && json !== null ? json : {};
  const code = typeof members.code === 'string' ? members.code : 'unexpected';
  return new Problem(code, {
    status: response.status,
    detail: typeof members.detail === 'string' ? members.detail : '',
    requestId: response.headers.get('X-Request-Id') ?? '',
    members,
    ...(Number.isNaN(seconds) ? {} : { retryAfter: seconds }),
  });
}

/**
 * @param {number} ms
 * @returns {Promise<void>}
 */
export function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
