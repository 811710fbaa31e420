"""Invents tokens for the differential run: good ones of every algorithm, and each of them bent in every way known.

Writes a line a case, as `jeton verify --batch` reads it; `id` says what was done. The same seed gives the same cases, save
for signatures that are random by design.
"""

import base64
import hashlib
import hmac
import json
import random
import sys
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

ROOT, SEED, NOW = Path(sys.argv[1]), int(sys.argv[2]), 1_800_000_000
KEYS, VECTORS = ROOT / "crates/token-core/tests/keys", ROOT / "crates/token-core/tests/vectors"
ISSUER, AUDIENCE = "https://login.example", "notes"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
HASHES = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}
ALGORITHMS = ["EdDSA", "ES256", "ES384", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "HS256", "HS384", "HS512"]
CURVE_ORDERS = {
    "ES256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "ES384": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
}
# RFC 9068's claims, which the rules ask for.
CLAIMS = {
    "iss": ISSUER,
    "sub": "00000000-0000-0000-0000-000000000001",
    "aud": AUDIENCE,
    "exp": NOW + 900,
    "iat": NOW,
    "jti": "00000000-0000-0000-0000-000000000002",
    "client_id": "web",
    "sid": "00000000-0000-0000-0000-000000000003",
    "auth_time": NOW,
}

random.seed(SEED)
count = 0


def main():
    vectors()
    for algorithm in ALGORITHMS:
        key = Key(algorithm)
        for rules in (False, True):
            payload = json.dumps(CLAIMS).encode() if rules else b"any bytes \xff\x00"
            token = key.token(key.header(), payload)
            give(key.jwk, token, rules, algorithm, "good")
            bent_bits(key, token, rules)
            bent_text(key, token, rules)
            bent_structure(key, token, rules)
            bent_headers(key, payload, rules)
            bent_signatures(key, payload, rules)
            bent_keys(key, token, payload, rules)
        bent_claims(key)


def give(jwk, token, rules, algorithm, what):
    global count
    count += 1
    case = {"id": {"n": count, "what": what, "alg": algorithm}, "jwks": jwk, "token": token, "signature_only": not rules}
    if rules:
        case |= {"issuer": ISSUER, "audience": AUDIENCE, "at": NOW}
    print(json.dumps(case))


class Key:
    """A private key, its public JWK, and what it signs."""

    def __init__(self, algorithm):
        self.algorithm = algorithm
        files = {"EdD": "ed25519", "ES2": "p256", "ES3": "p384", "RS2": "rsa", "RS3": "rsa", "RS5": "rsa"}
        if algorithm.startswith("HS"):
            size = int(algorithm[2:]) // 8
            self.private = bytes(range(1, size + 1))
            self.jwk = {"kty": "oct", "k": b64(self.private)}
        else:
            pem = (KEYS / f"{files.get(algorithm[:3], 'rsa-other')}.pkcs8.pem").read_bytes()
            self.private = serialization.load_pem_private_key(pem, None)
            self.jwk = public_jwk(self.private)
        self.jwk |= {"alg": algorithm, "use": "sig", "kid": "one"}

    def header(self):
        return {"alg": self.algorithm, "typ": "at+jwt", "kid": "one"}

    def token(self, header, payload):
        header = header if isinstance(header, bytes) else json.dumps(header).encode()
        signed = f"{b64(header)}.{b64(payload)}"
        return f"{signed}.{b64(self.sign(signed.encode()))}"

    def sign(self, message):
        kind, size = self.algorithm[:2], self.algorithm[2:]
        if kind == "HS":
            return hmac.new(self.private, message, f"sha{size}").digest()
        if kind == "Ed":
            return self.private.sign(message)
        digest = HASHES[size]()
        if kind == "ES":
            r, s = utils.decode_dss_signature(self.private.sign(message, ec.ECDSA(digest)))
            return self.fixed(r, s)
        scheme = padding.PKCS1v15() if kind == "RS" else padding.PSS(padding.MGF1(digest), digest.digest_size)
        return self.private.sign(message, scheme, digest)

    def fixed(self, r, s):
        size = (CURVE_ORDERS[self.algorithm].bit_length() + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    def public_bytes(self):
        """The public key in the encodings that were once taken for an HMAC secret."""
        public = self.private.public_key()
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        pem = public.public_bytes(serialization.Encoding.PEM, form)
        jwk = {name: value for name, value in self.jwk.items() if name in ("kty", "crv", "x", "y", "n", "e")}
        yield "pem", pem
        yield "pem without its last line break", pem.strip()
        yield "der", public.public_bytes(serialization.Encoding.DER, form)
        yield "jwk", json.dumps(jwk, separators=(",", ":"), sort_keys=True).encode()
        yield "raw", unb64(self.jwk.get("x") or self.jwk["n"])


def public_jwk(private):
    public = private.public_key()
    numbers = getattr(public, "public_numbers", lambda: None)()
    if isinstance(public, rsa.RSAPublicKey):
        return {"kty": "RSA", "n": b64int(numbers.n), "e": b64int(numbers.e)}
    if isinstance(public, ec.EllipticCurvePublicKey):
        size = (public.curve.key_size + 7) // 8
        x, y = (b64(number.to_bytes(size, "big")) for number in (numbers.x, numbers.y))
        return {"kty": "EC", "crv": f"P-{public.curve.key_size}", "x": x, "y": y}
    return {"kty": "OKP", "crv": "Ed25519", "x": b64(public.public_bytes_raw())}


def bent_bits(key, token, rules):
    for place, name in enumerate(("header", "payload", "signature")):
        for _ in range(12):
            parts = token.split(".")
            bent = bytearray(unb64(parts[place]))
            bit = random.randrange(len(bent) * 8)
            bent[bit // 8] ^= 1 << bit % 8
            parts[place] = b64(bytes(bent))
            give(key.jwk, ".".join(parts), rules, key.algorithm, f"a bit of the {name} flipped")


def bent_text(key, token, rules):
    def case(text, what):
        give(key.jwk, text, rules, key.algorithm, what)

    for _ in range(12):
        place = random.randrange(len(token))
        case(token[:place] + random.choice(ALPHABET) + token[place + 1 :], "a character replaced")
        case(token[:place] + token[place + 1 :], "a character left out")
        case(token[:place] + random.choice(ALPHABET + "=+/. \n%é\x00") + token[place:], "a character put in")
    parts = token.split(".")
    for place, part in enumerate(parts):
        bent = [*parts]
        spare = {0: 0, 2: 4, 3: 2}[len(part) % 4]
        for stray in range(1, 1 << spare):
            # Another last character that stands for the same bytes.
            last = ALPHABET[ALPHABET.index(part[-1]) + stray]
            bent[place] = part[:-1] + last
            case(".".join(bent), "stray bits at the end of a part")
        for more, what in [("=", "padding"), ("==", "padding"), ("\n", "a line break"), (" ", "a space"), ("\t", "a tab")]:
            bent[place] = part + more
            case(".".join(bent), f"{what} after a part")
        bent[place] = base64.b64encode(unb64(part)).decode()
        case(".".join(bent), "standard base64 instead of base64url")
        bent[place] = part[: len(part) // 2] + "\r\n" + part[len(part) // 2 :]
        case(".".join(bent), "a line break within a part")


def bent_structure(key, token, rules):
    header, payload, signature = token.split(".")
    for text, what in [
        (f"{header}.{payload}", "two parts"),
        (f"{header}.{payload}.", "no signature"),
        (f"{header}..{signature}", "no payload"),
        (f".{payload}.{signature}", "no header"),
        (f"{token}.", "four parts"),
        (f"{token}..", "five parts"),
        (f"{payload}.{header}.{signature}", "parts swapped"),
        (f"{header}.{payload}.{signature}{signature}", "the signature twice"),
        (f" {token}", "a space before"),
        (f"{token}\n", "a line break after"),
        (f"Bearer {token}", "the scheme before"),
        ("." * 100, "dots alone"),
        ("", "nothing"),
        (json.dumps({"protected": header, "payload": payload, "signature": signature}), "JSON serialisation"),
        (token + "A" * 9000, "too long"),
    ]:
        give(key.jwk, text, rules, key.algorithm, what)


def bent_headers(key, payload, rules):
    good = key.header()
    own = json.dumps(good)
    for more in [
        {"crit": ["exp"]}, {"crit": []}, {"crit": ["b64"], "b64": True}, {"crit": ["b64"], "b64": False}, {"crit": "b64"},
        {"crit": None}, {"b64": False}, {"b64": True}, {"zip": "DEF"}, {"jku": "https://evil.example"}, {"jwk": key.jwk},
        {"x5u": "https://evil.example"}, {"x5c": ["AA=="]}, {"x5t": "AA"}, {"cty": "JWT"}, {"more": {"deep": [1, None, 1e300]}},
        {"kid": "two"}, {"kid": ""}, {"kid": 1}, {"kid": None}, {"kid": "../../etc/passwd"}, {"kid": "o\u006ee"},
        {"typ": "JWT"}, {"typ": "AT+JWT"}, {"typ": "application/at+jwt"}, {"typ": ""}, {"typ": None}, {"typ": ["at+jwt"]},
        {"alg": "none"}, {"alg": "None"}, {"alg": "NONE"}, {"alg": "nOnE"}, {"alg": ""}, {"alg": None}, {"alg": [key.algorithm]},
        {"alg": key.algorithm.lower()}, {"alg": key.algorithm + " "}, {"alg": key.algorithm + "\u0000"},
    ]:  # fmt: skip
        give(key.jwk, key.token(good | more, payload), rules, key.algorithm, f"header with {json.dumps(more)[:40]}")
    for other in ALGORITHMS + ["Ed25519", "ES256K", "ES512", "HS1", "RSA1_5"]:
        give(key.jwk, key.token(good | {"alg": other}, payload), rules, key.algorithm, "the name of another algorithm")
    for name in good:
        less = {member: value for member, value in good.items() if member != name}
        give(key.jwk, key.token(less, payload), rules, key.algorithm, f"header without {name}")
    for text, what in [
        (own.replace("{", '{"alg":"none",', 1), "alg twice, none first"),
        (own.replace("}", ',"alg":"none"}'), "alg twice, none last"),
        (own.replace("}", f',"alg":"{key.algorithm}"}}'), "alg twice, equal"),
        (own.replace("}", ',"\\u0061lg":"none"}'), "alg twice, escaped"),
        (own.replace("}", ',"kid":"one"}'), "kid twice"),
        (own.replace("}", ',"x":{"y":1,"y":2}}'), "a deeper member twice"),
        ("\ufeff" + own, "a byte-order mark before the header"),
        (f"\n {own} \t", "white space around the header"),
        (own + "x", "rubbish after the header"),
        (own + own, "two headers"),
        (f"[{own}]", "an array as header"),
        (json.dumps(own), "text as header"),
        ("null", "null as header"),
        (own.replace("}", ",}"), "a comma too many"),
        (own.replace('"', "'"), "single quotes"),
        (own.replace("}", ',"x":NaN}'), "NaN"),
        (own.replace("}", ',"x":1e400}'), "a number out of range"),
        (own.replace("}", ',"x":01}'), "a number that begins with 0"),
        (own.replace("}", ',"x":"\\ud800"}'), "a lone surrogate"),
        (own.replace("}", ',"x":"\t"}'), "a raw tab in text"),
        (own.replace("}", ',"x":' + "[" * 200 + "]" * 200 + "}"), "200 arrays deep"),
        (own.replace("}", ',/**/"x":1}'), "a comment"),
    ]:
        give(key.jwk, key.token(text.encode(), payload), rules, key.algorithm, what)
    latin = own.replace("}", ',"x":"é"}').encode("latin-1")
    give(key.jwk, key.token(latin, payload), rules, key.algorithm, "a header in Latin-1")
    give(key.jwk, key.token(own.encode("utf-16"), payload), rules, key.algorithm, "a header in UTF-16")


def bent_signatures(key, payload, rules):
    signed = f"{b64(json.dumps(key.header()).encode())}.{b64(payload)}"
    good = key.sign(signed.encode())

    def case(signature, what):
        give(key.jwk, f"{signed}.{b64(signature)}", rules, key.algorithm, what)

    for signature, what in [
        (bytes(len(good)), "zeros as signature"),
        (b"\xff" * len(good), "ones as signature"),
        (good[:-1], "a byte less"),
        (good + b"\0", "a zero more"),
        (b"\0" + good, "a zero before"),
        (good[::-1], "backwards"),
        (good + good, "twice"),
        (b"\0", "one zero"),
        (random.randbytes(len(good)), "random"),
    ]:
        case(signature, what)
    if key.algorithm in CURVE_ORDERS:
        half, order = len(good) // 2, CURVE_ORDERS[key.algorithm]
        r, s = int.from_bytes(good[:half], "big"), int.from_bytes(good[half:], "big")
        case(key.fixed(r, order - s), "the other s, which is as good")
        for bent, what in [((0, 0), "r = s = 0"), ((r, 0), "s = 0"), ((0, s), "r = 0"), ((order, s), "r = n"), ((r, order), "s = n"), ((s, r), "r and s swapped")]:  # fmt: skip
            case(key.fixed(*bent), what)
        case(utils.encode_dss_signature(r, s), "DER")
        wide = half + 1
        case(r.to_bytes(wide, "big") + s.to_bytes(wide, "big"), "r and s one byte wider")
    if key.algorithm.startswith(("RS", "PS")):
        number = int.from_bytes(good, "big") + key.private.public_key().public_numbers().n
        case(number.to_bytes(len(good) + 1, "big"), "the signature plus the modulus")
        sign_otherwise(key, signed, case)


def sign_otherwise(key, signed, case):
    """The right key in another scheme than the header says."""
    for size, digest in HASHES.items():
        for name, scheme in [
            ("PKCS #1", padding.PKCS1v15()),
            ("PSS", padding.PSS(padding.MGF1(digest()), digest().digest_size)),
            ("PSS, no salt", padding.PSS(padding.MGF1(digest()), 0)),
            ("PSS, longest salt", padding.PSS(padding.MGF1(digest()), padding.PSS.MAX_LENGTH)),
            ("PSS, MGF1 by SHA-1", padding.PSS(padding.MGF1(hashes.SHA1()), digest().digest_size)),
        ]:
            case(key.private.sign(signed.encode(), scheme, digest()), f"signed by {name}, SHA-{size}")


def bent_keys(key, token, payload, rules):
    def case(jwk, what, with_token=token):
        give(jwk, with_token, rules, key.algorithm, what)

    good = key.jwk
    for more in [
        {"use": "enc"}, {"use": 1}, {"key_ops": ["verify"]}, {"key_ops": ["sign"]}, {"key_ops": ["verify", "verify"]},
        {"key_ops": ["verify", "encrypt"]}, {"key_ops": []}, {"key_ops": "verify"}, {"kid": "two"}, {"kid": ""}, {"kid": 1},
        {"kty": "oct"}, {"kty": "RSA"}, {"kty": "EC"}, {"kty": "OKP"}, {"kty": "oKP"}, {"crv": "P-256"}, {"crv": "P-384"},
        {"crv": "Ed25519"}, {"crv": "Ed448"}, {"crv": "secp256k1"}, {"ext": False}, {"d": "AAAA"}, {"k": "AAAA"}, {"more": "of it"},
    ]:  # fmt: skip
        case(good | more, f"key with {json.dumps(more)}")
    for other in ALGORITHMS + ["Ed25519", "none", "RSA-OAEP", ""]:
        case(good | {"alg": other}, "key of another alg")
        renamed = key.token(key.header() | {"alg": other}, payload)
        case(good | {"alg": other}, "key and token of another alg", renamed)
    for name in good:
        case({member: value for member, value in good.items() if member != name}, f"key without {name}")
    for name in ("x", "y", "n", "e", "k"):
        if name in good:
            part = good[name]
            for bent in (part + "=", "AA" + part, part[:-2], "", part[:-1] + ("A" if part[-1] != "A" else "B"), part + "\n"):
                case(good | {name: bent}, f"key with a bent {name}")
            case(json.dumps(good).replace("{", f'{{"{name}":"AAAA",', 1), f"key with {name} twice")
    case({"keys": [good]}, "a set of one")
    case({"keys": [good | {"kid": "two"}, good]}, "a set of two")
    case({"keys": [good, good]}, "a set with one key twice")
    if key.algorithm.startswith("HS"):
        for size in (0, 1, len(key.private) - 1):
            weak = Key(key.algorithm)
            weak.private = key.private[:size]
            weak.jwk |= {"k": b64(weak.private)}
            case(weak.jwk, "a secret that is too short", weak.token(weak.header(), payload))
    else:
        confused(key, payload, case)


def confused(key, payload, case):
    """The public key as the secret of an HMAC."""
    for name, secret in key.public_bytes():
        for size in ("256", "384", "512"):
            forger = Key(f"HS{size}")
            forger.private = secret
            for typ in (key.header() | {"alg": f"HS{size}"}, key.header()):
                case(key.jwk, f"HMAC with the public key as {name}", forger.token(typ, payload))


def bent_claims(key):
    def case(payload, what):
        payload = payload if isinstance(payload, str) else json.dumps(payload)
        give(key.jwk, key.token(key.header(), payload.encode()), True, key.algorithm, what)

    for name in CLAIMS:
        case({claim: value for claim, value in CLAIMS.items() if claim != name}, f"no {name}")
        for wrong in (None, "", 0, -1, True, [], {}, [[]], "1800000900", 1e300, 1800000900.5, 2**53 + 1, 2**64, "é\u202e"):
            case(CLAIMS | {name: wrong}, f"{name} of another type")
    for name in ("exp", "nbf", "iat", "auth_time"):
        for apart in (-31, -30, -1, 0, 1, 30, 31):
            case(CLAIMS | {name: NOW + apart}, f"{name} at {apart} s")
        for text in ("1e400", "NaN", "Infinity", "-Infinity", "-0", "1.8e9", "18000009e2", "01800000900", "null"):
            case(json.dumps(CLAIMS | {name: "?"}).replace('"?"', text), f"{name} written as {text}")
    for aud in ([AUDIENCE], ["x", AUDIENCE], ["x"], [], [AUDIENCE, 1], AUDIENCE + " ", AUDIENCE.upper(), [[AUDIENCE]], f"x {AUDIENCE}"):
        case(CLAIMS | {"aud": aud}, "another audience")
    for iss in (ISSUER + "/", ISSUER.upper(), [ISSUER], ISSUER + "\u0000", "https://login.example:443"):
        case(CLAIMS | {"iss": iss}, "another issuer")
    own = json.dumps(CLAIMS)
    for text, what in [
        (own.replace("{", '{"exp":9999999999,', 1), "exp twice, late first"),
        (own.replace("}", ',"exp":9999999999}'), "exp twice, late last"),
        (own.replace("}", ',"\\u0065xp":9999999999}'), "exp twice, escaped"),
        (own.replace("}", ',"more":{"a":1,"a":2}}'), "a deeper claim twice"),
        (own.replace("}", ',"more":"\\udfff"}'), "a lone surrogate in a claim"),
        (own.replace("}", ',"more":"é\u202e"}'), "claims with other letters"),
        ("\ufeff" + own, "a byte-order mark before the claims"),
        (own + " ", "a space after the claims"),
        (own + "{}", "two payloads"),
        (f"[{own}]", "an array as payload"),
        ("", "an empty payload"),
    ]:
        case(text, what)


def vectors():
    """Project Wycheproof's and RFC 7520's signed objects."""
    groups = json.loads((VECTORS / "json_web_signature_test.json").read_text())["testGroups"]
    for group in groups:
        jwk = group.get("public") or group["private"]
        for test in group["tests"]:
            if isinstance(test["jws"], str):
                give(jwk, test["jws"], False, jwk.get("alg", "?"), f"Wycheproof, {test['result']}")
    keys = {"4_1": "3_3.rsa_public_key", "4_2": "3_3.rsa_public_key", "4_4": "3_5.symmetric_key_mac_computation"}
    for number, name in keys.items():
        (path,) = (VECTORS / "rfc7520/jws").glob(f"{number}.*.json")
        vector = json.loads(path.read_text())
        jwk = json.loads((VECTORS / f"rfc7520/jwk/{name}.json").read_text())
        algorithm = vector["signing"]["protected"]["alg"]
        give(jwk | {"alg": algorithm}, vector["output"]["compact"], False, algorithm, "RFC 7520")


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def b64int(number):
    return b64(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


main()
