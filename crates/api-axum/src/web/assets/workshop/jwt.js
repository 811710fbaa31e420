// A JWT in its compact form (RFC 7515): taken apart, and its signature verified by the browser's own cryptography.

/** @typedef {{ encoded: string, json: Record<string, unknown> | null }} JsonPart */
/** @typedef {{ header: JsonPart, payload: JsonPart, signature: string }} Parts */
/** @typedef {'good' | 'bad' | 'form' | 'no_key' | 'unsupported'} Verdict */

/** @type {Record<string, RsaHashedImportParams | EcKeyImportParams | Algorithm>} */
const IMPORTS = {
  EdDSA: { name: 'Ed25519' },
  Ed25519: { name: 'Ed25519' },
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  ES384: { name: 'ECDSA', namedCurve: 'P-384' },
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  RS384: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-384' },
  RS512: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512' },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
  PS384: { name: 'RSA-PSS', hash: 'SHA-384' },
  PS512: { name: 'RSA-PSS', hash: 'SHA-512' },
};

/** @type {Record<string, AlgorithmIdentifier | EcdsaParams | RsaPssParams>} */
const VERIFICATIONS = {
  ES256: { name: 'ECDSA', hash: 'SHA-256' },
  ES384: { name: 'ECDSA', hash: 'SHA-384' },
  PS256: { name: 'RSA-PSS', saltLength: 32 },
  PS384: { name: 'RSA-PSS', saltLength: 48 },
  PS512: { name: 'RSA-PSS', saltLength: 64 },
};

/**
 * The three parts, whatever is in them.
 *
 * @param {string} token
 * @returns {Parts}
 */
export function takeApart(token) {
  const [header = '', payload = '', ...rest] = token.split('.');
  return { header: jsonPart(header), payload: jsonPart(payload), signature: rest.join('.') };
}

/**
 * @param {string} encoded
 * @returns {JsonPart}
 */
function jsonPart(encoded) {
  const bytes = decoded(encoded);
  if (!bytes) return { encoded, json: null };
  try {
    const json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return { encoded, json: typeof json === 'object' && !Array.isArray(json) ? json : null };
  } catch {
    return { encoded, json: null };
  }
}

/**
 * The bytes of base64url; `null` for what has another spelling too, which no verifier may take.
 *
 * @param {string} text
 * @returns {Uint8Array<ArrayBuffer> | null}
 */
export function decoded(text) {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return null;
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
    return encoded(bytes) === text ? bytes : null;
  } catch {
    return null;
  }
}

/** @param {Uint8Array} bytes */
function encoded(bytes) {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/**
 * Verifies the signature, as a service does that has fetched the public keys once.
 *
 * @param {string} token
 * @param {any[]} keys of a JWK set
 * @returns {Promise<Verdict>}
 */
export async function verify(token, keys) {
  const { header, payload, signature } = takeApart(token);
  const bytes = decoded(signature);
  if (!header.json || !payload.json || !bytes) return 'form';
  const { kid } = header.json;
  const jwk = keys.find((key) => key.kid === kid);
  if (!jwk) return 'no_key';
  // The key says its algorithm; that of the token is never believed.
  const algorithm = String(jwk.alg ?? 'EdDSA');
  const importing = IMPORTS[algorithm];
  if (!importing || !globalThis.crypto?.subtle) return 'unsupported';
  try {
    const { kty, crv, x, y, n, e } = jwk;
    const key = await crypto.subtle.importKey('jwk', { kty, crv, x, y, n, e }, importing, false, ['verify']);
    const signed = new TextEncoder().encode(`${header.encoded}.${payload.encoded}`);
    const isGood = await crypto.subtle.verify(VERIFICATIONS[algorithm] ?? importing, key, bytes, signed);
    return isGood && header.json.alg === algorithm ? 'good' : 'bad';
  } catch {
    return 'unsupported';
  }
}

/**
 * The beginning of a text's SHA-256: to tell two secrets apart without showing either.
 *
 * @param {string} text
 */
export async function fingerprint(text) {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(hash).slice(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Which generation of its session a refresh token is: it says so itself, before its secret (`docs/rotation.md`).
 *
 * @param {string} refreshToken
 */
export function generationOf(refreshToken) {
  const bytes = decoded(refreshToken.replace(/^jrt_/, ''));
  return bytes && bytes.length >= 22 ? new DataView(bytes.buffer).getUint32(18) : 0;
}
