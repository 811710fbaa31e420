"""PyJWT's verdict on each case of the differential run: a line in, a line out."""

import json
import sys
import warnings
from datetime import datetime, timezone

import jwt
import jwt.api_jwt

# Of keys that are too short; the verdict counts.
warnings.simplefilter("ignore")
DEFAULTS = {"Ed25519": "EdDSA", "P-256": "ES256", "P-384": "ES384"}


def main():
    for line in sys.stdin:
        case = json.loads(line)
        try:
            verify(case)
            verdict = None
        except Exception as error:  # whatever it is, the token was not accepted
            verdict = f"{type(error).__name__}: {error}"
        # What a token says may hold half a character.
        print(json.dumps({"id": case["id"], "refused": verdict and verdict.encode(errors="replace").decode()}))


def verify(case):
    jwk, token = choose(case)
    # As its callers are told to: the algorithm is the key's.
    algorithm = jwk.get("alg") or DEFAULTS.get(jwk.get("crv")) or "RS256"
    key = jwt.PyJWK(jwk, algorithm)
    if case["signature_only"]:
        jwt.PyJWS().decode(token, key, algorithms=[algorithm])
        return
    jwt.api_jwt.datetime = clock(case["at"])
    required = {"require": ["exp", "iat", "sub", "jti", "aud", "iss"]}
    jwt.decode(token, key, algorithms=[algorithm], audience=case["audience"], issuer=case["issuer"], options=required)


def choose(case):
    """The key, or that of the set which the header names."""
    keys = json.loads(case["jwks"]) if isinstance(case["jwks"], str) else case["jwks"]
    token = case["token"]
    if "keys" not in keys:
        return keys, token
    kid = jwt.get_unverified_header(token).get("kid")
    return next(key for key in keys["keys"] if key.get("kid") == kid), token


def clock(seconds):
    class Then(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.fromtimestamp(seconds, tz or timezone.utc)

    return Then


main()
