// Drives a running server with oauth4webapi as the client, and with jose as the resource server.

import assert from 'node:assert/strict'

import * as jose from 'jose'
import * as oauth from 'oauth4webapi'

const issuer = process.env.INTEROP_URL
const audience = process.env.INTEROP_AUDIENCE
const apiKey = process.env.INTEROP_API_KEY
const credentials = { email: 'grace@example.org', password: 'correct horse battery staple' }
// The library speaks to nothing but https otherwise; this server is on the loopback interface.
const loopback = { [oauth.allowInsecureRequests]: true }

const client = { client_id: 'jeton' }
const resource = { client_id: 'notes' }

say('discovery (RFC 8414) by oauth4webapi')
const found = await oauth.discoveryRequest(new URL(issuer), { algorithm: 'oauth2', ...loopback })
const server = await oauth.processDiscoveryResponse(new URL(issuer), found)
assert.equal(server.issuer, issuer)

say("sign in, by the server's own interface")
const first = await signIn()
say('jose verifies the access token from the JWK set')
await verify(first.access_token)

say('refresh (RFC 6749 §6) by oauth4webapi')
const second = await refresh(first.refresh_token)
assert.notEqual(second.refresh_token, first.refresh_token)
await verify(second.access_token)

say('an access token as RFC 9068 asks, by oauth4webapi')
const request = new Request(`${issuer}/v1/me`, { headers: { authorization: `Bearer ${second.access_token}` } })
const claims = await oauth.validateJwtAccessToken(server, request, audience, loopback)
assert.equal(claims.client_id, 'jeton')

say('introspection (RFC 7662) by oauth4webapi')
assert.equal((await introspect(second.access_token)).active, true)
assert.equal((await introspect(second.refresh_token)).active, true)
assert.deepEqual(await introspect(first.refresh_token), { active: false })

say('revocation (RFC 7009) by oauth4webapi')
const revoked = await oauth.revocationRequest(server, client, oauth.None(), second.access_token, loopback)
await oauth.processRevocationResponse(revoked)
assert.deepEqual(await introspect(second.access_token), { active: false })
assert.deepEqual(await introspect(second.refresh_token), { active: false })
await assert.rejects(refresh(second.refresh_token), { error: 'invalid_grant' })

async function signIn() {
  const post = (path) =>
    fetch(`${issuer}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(credentials),
    })
  assert.ok([201, 409].includes((await post('/v1/accounts')).status))
  const answer = await post('/v1/login')
  assert.equal(answer.status, 200)
  return answer.json()
}

async function verify(token) {
  const keys = jose.createRemoteJWKSet(new URL(server.jwks_uri))
  const { payload } = await jose.jwtVerify(token, keys, {
    issuer,
    audience,
    typ: 'at+jwt',
    algorithms: ['EdDSA', 'Ed25519'],
    requiredClaims: ['sub', 'exp', 'iat', 'jti', 'client_id', 'sid'],
  })
  assert.ok(payload.sid)
}

async function refresh(token) {
  const answer = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), token, loopback)
  return oauth.processRefreshTokenResponse(server, client, answer)
}

async function introspect(token) {
  const proof = oauth.ClientSecretBasic(apiKey)
  const answer = await oauth.introspectionRequest(server, resource, proof, token, loopback)
  return oauth.processIntrospectionResponse(server, resource, answer)
}

function say(step) {
  console.log(`  ${step}`)
}
