/** What is stored of a session, and when it is due. */

/** How the refresh token travels: in the body and this client's storage, or in a cookie that no script can read. */
export type Transport = 'body' | 'cookie';

/** A session that is open, as far as this device knows. All times are ms by this device's own clock. */
export interface Live {
  readonly version: 1;
  readonly sessionId: string;
  readonly accessToken: string;
  /** When the request left whose answer brought the access token: its life is counted from then. */
  readonly obtainedAt: number;
  readonly expiresAt: number;
  readonly refreshExpiresAt: number;
  readonly scope: string;
  /** Left out with cookies. */
  readonly refreshToken?: string;
  /** Of a refresh that has begun and whose answer is not stored yet. */
  readonly idempotencyKey?: string;
}

/** A session that is over, and why; `null` where there was none. */
export interface Over {
  readonly version: 1;
  readonly over: string | null;
  /** Of Jeton's console, which tries a cookie though no session is known. */
  readonly idempotencyKey?: string;
}

export type Stored = Live | Over;

export function isLive(stored: Stored): stored is Live {
  return 'accessToken' in stored;
}

/** The answer to a login or a refresh (RFC 6749 §5.1), as the wire has it. */
export interface TokenResponse {
  readonly access_token: string;
  readonly expires_in: number;
  readonly refresh_token?: string;
  readonly refresh_expires_in: number;
  readonly session_id: string;
  readonly scope: string;
  readonly device_token?: string;
}

export function isTokenResponse(body: unknown): body is TokenResponse {
  if (typeof body !== 'object' || body === null) return false;
  const { access_token, expires_in, session_id, refresh_expires_in } = body as Record<string, unknown>;
  return (
    typeof access_token === 'string' &&
    typeof session_id === 'string' &&
    Number.isFinite(expires_in) &&
    Number.isFinite(refresh_expires_in)
  );
}

/** The record of a session whose tokens were asked for at `sentAt`. */
export function record(answer: TokenResponse, sentAt: number): Live {
  return {
    version: 1,
    sessionId: answer.session_id,
    accessToken: answer.access_token,
    obtainedAt: sentAt,
    expiresAt: sentAt + 1_000 * answer.expires_in,
    refreshExpiresAt: sentAt + 1_000 * answer.refresh_expires_in,
    scope: answer.scope,
    ...(answer.refresh_token !== undefined && { refreshToken: answer.refresh_token }),
  };
}

/** Reads what is stored. What is not a record (another version's, somebody else's) counts as none. */
export function parse(text: string | null): Stored {
  try {
    const read = JSON.parse(text ?? '') as Partial<Live & Over> | null;
    if (read?.version === 1 && (typeof read.accessToken === 'string' || 'over' in read)) return read as Stored;
  } catch {
    // No JSON.
  }
  return { version: 1, over: null };
}

/** Whether both are of one moment of one session: nothing was refreshed between them. */
export function isSameGeneration(one: Stored, other: Live): one is Live {
  return (
    isLive(one) &&
    one.sessionId === other.sessionId &&
    one.refreshToken === other.refreshToken &&
    one.idempotencyKey === other.idempotencyKey
  );
}

/** How urgent a refresh is. */
export type Urgency = 'none' | 'soon' | 'now';

/** The longest time before its end at which an access token is replaced, in ms. */
const LONGEST_MARGIN = 60_000;
/** Before its end a token is not sent any more: it would expire on its way. */
const LONGEST_FLIGHT = 5_000;
/** By so much a clock may be set back without a word, in ms. */
const CLOCK_STEP = 1_000;

/** `share`, from 0.5 to 1.5, keeps tabs and devices from being due at the same moment. */
export function urgency({ obtainedAt, expiresAt }: Live, now: number, share: number): Urgency {
  const life = expiresAt - obtainedAt;
  // A clock that was set back says nothing about how old the token is.
  if (now < obtainedAt - CLOCK_STEP || now >= expiresAt - Math.min(LONGEST_FLIGHT, life / 10)) return 'now';
  return now >= expiresAt - share * Math.min(LONGEST_MARGIN, life / 5) ? 'soon' : 'none';
}
