"""Drives a running server with Authlib as the client, and with PyJWT as the resource server."""

import os

# Authlib speaks to nothing but https otherwise; this server is on the loopback interface.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

import jwt
import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url

URL = os.environ["INTEROP_URL"]
AUDIENCE = os.environ["INTEROP_AUDIENCE"]
API_KEY = os.environ["INTEROP_API_KEY"]
EMAIL, PASSWORD = "ada@example.org", "correct horse battery staple"


def main():
    say("discovery (RFC 8414) by Authlib")
    server = discover()
    say("sign in, by the server's own interface")
    first = sign_in()
    say("PyJWT verifies the access token from the JWK set")
    verify(first["access_token"], server)

    client = OAuth2Session("jeton", token_endpoint_auth_method="none")
    say("refresh (RFC 6749 §6) by Authlib")
    second = client.refresh_token(server["token_endpoint"], refresh_token=first["refresh_token"])
    assert second["refresh_token"] != first["refresh_token"]
    assert second["token_type"] == "Bearer" and second["expires_in"] > 0
    verify(second["access_token"], server)

    say("introspection (RFC 7662) by Authlib")
    resource = OAuth2Session("notes", API_KEY, token_endpoint_auth_method="client_secret_basic")
    for kind in ("access_token", "refresh_token"):
        told = introspect(resource, server, second[kind], kind)
        assert told["active"] is True and told["client_id"] == "jeton", told
    assert introspect(resource, server, first["refresh_token"], "refresh_token") == {"active": False}
    stranger = OAuth2Session("notes", API_KEY[:-8] + "AAAAAAAA", token_endpoint_auth_method="client_secret_basic")
    refused = stranger.introspect_token(server["introspection_endpoint"], token=second["access_token"])
    assert refused.status_code == 401, refused.text

    say("revocation (RFC 7009) by Authlib, with a hint that is wrong")
    revoked = client.revoke_token(
        server["revocation_endpoint"], token=second["refresh_token"], token_type_hint="access_token"
    )
    assert revoked.status_code == 200, revoked.text
    for kind in ("access_token", "refresh_token"):
        assert introspect(resource, server, second[kind], kind) == {"active": False}
    again = client.revoke_token(server["revocation_endpoint"], token="rubbish")
    assert again.status_code == 200, again.text
    try:
        client.refresh_token(server["token_endpoint"], refresh_token=second["refresh_token"])
    except OAuthError as error:
        assert error.error == "invalid_grant", error
    else:
        raise AssertionError("a refresh token outlived its session")


def discover():
    answer = requests.get(get_well_known_url(URL, external=True), timeout=10)
    answer.raise_for_status()
    server = AuthorizationServerMetadata(answer.json())
    server.validate_issuer()
    server.validate_token_endpoint()
    server.validate_jwks_uri()
    server.validate_revocation_endpoint()
    server.validate_introspection_endpoint()
    assert server["issuer"] == URL, server
    return server


def sign_in():
    credentials = {"email": EMAIL, "password": PASSWORD}
    registered = requests.post(f"{URL}/v1/accounts", json=credentials, timeout=30)
    assert registered.status_code in (201, 409), registered.text
    answer = requests.post(f"{URL}/v1/login", json=credentials, timeout=30)
    answer.raise_for_status()
    return answer.json()


def verify(token, server):
    assert jwt.get_unverified_header(token)["typ"] == "at+jwt"
    key = jwt.PyJWKClient(server["jwks_uri"]).get_signing_key_from_jwt(token)
    claims = jwt.decode(
        token,
        key,
        algorithms=["EdDSA"],
        audience=AUDIENCE,
        issuer=URL,
        options={"require": ["exp", "iat", "sub", "jti", "aud", "iss"]},
    )
    assert claims["client_id"] == "jeton" and claims["sid"], claims


def introspect(resource, server, token, hint):
    answer = resource.introspect_token(server["introspection_endpoint"], token=token, token_type_hint=hint)
    assert answer.status_code == 200, answer.text
    return answer.json()


def say(step):
    print(f"  {step}", flush=True)


main()
