/** The application's own requests: how often they can be sent, and whether an answer is about their token. */

/** A request that is made anew for each time it is sent. */
export interface Repeatable {
  readonly canRepeat: boolean;
  next(): Request;
}

export function repeatable(input: string | URL | Request, init: RequestInit | undefined): Repeatable {
  const isStream = init?.body instanceof ReadableStream;
  // A request's own body is read once, so each sending takes a copy.
  const next = (): Request => new Request(input instanceof Request && !isStream ? input.clone() : input, init);
  return { canRepeat: !isStream, next };
}

/**
 * Whether the access token was refused, rather than what it is for (RFC 6750 §3.1, RFC 9470). Another origin may not let us see its
 * challenge; then a 401 is taken to mean the token.
 */
export function rejectsToken(answer: Response): boolean {
  if (answer.status !== 401) return false;
  const challenge = answer.headers.get('www-authenticate');
  return challenge === null || !/error="(?!invalid_token")/.test(challenge);
}
