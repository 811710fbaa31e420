/** What can go wrong, by stable codes. */

/** A problem document (RFC 9457) of Jeton; some codes bring members of their own, such as `sessions` or `methods`. */
export interface Problem {
  readonly code: string;
  readonly status?: number;
  readonly title?: string;
  readonly detail?: string;
  readonly [member: string]: unknown;
}

/** The codes that this client itself gives; every other is Jeton's own (docs/errors.md). */
export type ClientCode = 'no_answer' | 'not_signed_in' | 'no_refresh_cookie' | 'other_origin' | 'unexpected_answer';

/** The codes with which a session is over: its refresh token gives nothing any more. */
const FINAL = new Set(['invalid_grant', 'session_signed_out', 'session_evicted', 'session_revoked', 'session_expired']);

/** What an answer brought beside its problem. */
interface Circumstances {
  readonly cause?: unknown;
  /** Seconds that the server asked to wait. */
  readonly retryAfter?: number | undefined;
  readonly requestId?: string | undefined;
}

/** A request that failed. Decide by {@link JetonError.code}; the message is for people. */
export class JetonError extends Error {
  override readonly name = 'JetonError';
  readonly code: string;
  /** The HTTP status; `undefined` where no answer came. */
  readonly status: number | undefined;
  /** Seconds that the server asked to wait before the next try. */
  readonly retryAfter: number | undefined;
  /** The header `x-request-id`, which finds the request in the server's log. */
  readonly requestId: string | undefined;
  readonly problem: Problem;

  constructor(problem: Problem, { cause, retryAfter, requestId }: Circumstances = {}) {
    super(problem.detail ?? problem.title ?? problem.code, { cause });
    this.code = problem.code;
    this.status = problem.status;
    this.problem = problem;
    this.retryAfter = retryAfter;
    this.requestId = requestId;
  }

  /** Whether the same request may succeed later: no answer came, the server is in trouble, or it asks to wait. */
  get isTransient(): boolean {
    const status = this.status ?? 0;
    return this.code === 'no_answer' || status >= 500 || status === 408 || status === 425 || status === 429;
  }

  /** Whether the session is over and the user has to sign in again. */
  get isFinal(): boolean {
    return FINAL.has(this.code) || this.code === 'no_refresh_cookie' || this.code === 'not_signed_in';
  }
}

/** An error of the client itself. */
export function clientError(code: ClientCode, detail: string, circumstances?: Circumstances): JetonError {
  return new JetonError({ code, detail }, circumstances);
}
