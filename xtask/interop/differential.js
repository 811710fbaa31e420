// jose's verdict on each case of the differential run: a line in, a line out.

import { createInterface } from 'node:readline'

import * as jose from 'jose'

const defaults = { Ed25519: 'EdDSA', 'P-256': 'ES256', 'P-384': 'ES384' }

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const { id, ...rest } = JSON.parse(line)
  let refused = null
  try {
    await verify(rest)
  } catch (error) {
    refused = `${error.name}: ${error.message}`
  }
  console.log(JSON.stringify({ id, refused }))
}

async function verify({ jwks, token, signature_only, issuer, audience, at }) {
  const keys = typeof jwks === 'string' ? JSON.parse(jwks) : jwks
  let jwk = keys
  if (keys.keys) {
    const { kid } = jose.decodeProtectedHeader(token)
    jwk = keys.keys.find((key) => key.kid === kid)
  }
  // As its callers are told to: the algorithm is the key's.
  const algorithm = jwk.alg || defaults[jwk.crv] || 'RS256'
  const key = await jose.importJWK(jwk, algorithm)
  const algorithms = [algorithm]
  if (signature_only) {
    await jose.compactVerify(token, key, { algorithms })
    return
  }
  await jose.jwtVerify(token, key, {
    algorithms,
    issuer,
    audience,
    typ: 'at+jwt',
    currentDate: new Date(at * 1000),
    requiredClaims: ['sub', 'exp', 'iat', 'jti', 'client_id', 'sid'],
  })
}
