"""Credentials and live values for schemathesis, and a count of what was answered.

Each operation is asked by whom its security names: the owner of a fresh account, an operator, an API key. A credential that an
operation has ended is replaced when it is refused. Every second valid request gets values that exist, such as a live refresh token
or the id of a session, since invented ones only ever meet the refusal.
"""

import atexit
import base64
import collections
import glob
import hashlib
import hmac
import itertools
import json
import os
import re
import struct
import threading
import time

import requests
import schemathesis

URL = os.environ["SCHEMATHESIS_URL"]
API_KEY = os.environ["SCHEMATHESIS_API_KEY"]
OPERATOR = os.environ["SCHEMATHESIS_OPERATOR"]
PASSWORD = os.environ["SCHEMATHESIS_PASSWORD"]
OUTBOX = os.environ["SCHEMATHESIS_OUTBOX"]

lock = threading.RLock()
number = itertools.count()
answered = collections.defaultdict(collections.Counter)


def call(method, path, token=None, **more):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = requests.request(method, URL + path, headers=headers, timeout=30, **more)
    return answer.json() if answer.content else {}


def sign_in(email):
    answer = call("POST", "/v1/login", json={"email": email, "password": PASSWORD})
    if "access_token" not in answer:
        raise RuntimeError(f"the login of {email} gives no token: {answer}")
    return {"email": email, **answer}


def account():
    """The tokens of an account that nobody has used."""
    email = f"user-{next(number)}-{os.getpid()}@example.com"
    made = call("POST", "/v1/accounts", json={"email": email, "password": PASSWORD})
    return {**sign_in(email), "account": made["id"]}


def credential(role):
    if role == "operator":
        return sign_in(OPERATOR)
    return account() if role == "owner" else {"access_token": API_KEY}


def role_of(operation):
    schemes = {name for by in operation.definition.raw.get("security", []) for name in by}
    if operation.path.startswith("/v1/admin/"):
        return "operator"
    if "apiKey" in schemes:
        return "key"
    return "owner" if "accessToken" in schemes else None


held = {}


@schemathesis.auth(refresh_interval=3600, cache_by_key=lambda case, context: str(role_of(context.operation)))
class Credentials:
    def get(self, case, context):
        role = role_of(context.operation)
        if role is None:
            return None
        with lock:
            held[role] = credential(role)
            return held[role]["access_token"]

    def set(self, case, token, context):
        if token:
            case.headers["Authorization"] = f"Bearer {token}"


def totp(secret):
    key = base64.b32decode(secret)
    digest = hmac.digest(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1)
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start:start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def mailed(kind, email):
    """The token of the last mail of this kind to this address; it comes within a second or two."""
    for _ in range(50):
        for path in sorted(glob.glob(os.path.join(OUTBOX, f"{kind}-*.eml")), key=os.path.getmtime, reverse=True):
            with open(path, encoding="utf-8", newline="") as file:
                mail = file.read()
            if f"To: {email}\r\n" in mail:
                return re.search(r"token=(jot_[A-Za-z0-9_-]+)", mail).group(1)
        time.sleep(0.1)
    raise RuntimeError(f"no mail of the kind {kind} came to {email}")


def with_app():
    """An account with an app for one-time passwords; it has proved its second factor."""
    user = account()
    begun = call("POST", "/v1/me/totp", user["access_token"])
    confirmed = call("POST", "/v1/me/totp/confirm", user["access_token"], json={"code": totp(begun["secret"])})
    codes = confirmed["recovery_codes"]
    proved = call("POST", "/v1/me/reauthenticate", user["access_token"], json={"code": codes.pop()})
    return {**user, "access_token": proved["access_token"], "codes": codes}


def live_body(operation):
    """What replaces fields of the body so that the request does what it asks for."""
    owner = held.get("owner") or {}
    name = operation.definition.raw["operationId"]
    if name == "register":
        return {"email": f"new-{next(number)}-{os.getpid()}@example.com", "password": "a lighthouse keeps no secrets"}
    if name in ("login", "forgotPassword", "resendVerification"):
        fields = {"email": account()["email"]}
        return {**fields, "password": PASSWORD, "transport": "body"} if name == "login" else fields
    if name in ("refresh", "logout", "oauthToken"):
        fields = {"refresh_token": account()["refresh_token"]}
        return {**fields, "grant_type": "refresh_token", "client_id": "jeton"} if name == "oauthToken" else fields
    if name == "oauthRevoke":
        return {"token": account()["access_token"], "client_id": "jeton"}
    if name == "oauthIntrospect":
        return {"token": account()["access_token"]}
    if name in ("changePassword", "deleteAccount"):
        fields = {"current_password": PASSWORD}
        return {**fields, "new_password": PASSWORD} if name == "changePassword" else fields
    if name == "beginChangeEmail":
        return {"password": PASSWORD, "email": f"changed-{next(number)}-{os.getpid()}@example.com"}
    if name == "reauthenticate":
        return {"password": PASSWORD}
    if name == "loginSecondFactor":
        user = with_app()
        begun = call("POST", "/v1/login", json={"email": user["email"], "password": PASSWORD})
        return {"mfa_token": begun["mfa_token"], "code": user["codes"].pop(), "transport": "body"}
    if name == "confirmTotp":
        begun = call("POST", "/v1/me/totp", owner.get("access_token"))
        return {"code": totp(begun["secret"])} if "secret" in begun else {}
    if name == "verifyEmail":
        user = account()
        call("POST", "/v1/email/verify/resend", json={"email": user["email"]})
        return {"token": mailed("verify_email", user["email"])}
    if name == "resetPassword":
        user = account()
        call("POST", "/v1/password/forgot", json={"email": user["email"]})
        return {"token": mailed("reset_password", user["email"]), "new_password": "a lighthouse keeps no secrets"}
    if name == "changeEmail":
        user, email = account(), f"changed-{next(number)}-{os.getpid()}@example.com"
        call("POST", "/v1/me/email", user["access_token"], json={"password": PASSWORD, "email": email})
        return {"token": mailed("change_email", email)}
    if name == "invite":
        return {"email": f"invited-{next(number)}-{os.getpid()}@example.com"}
    if name == "setUserRoles":
        return {"roles": ["editor"]}
    if name in ("changeAccount", "renameSession"):
        return {"display_name" if name == "changeAccount" else "device_name": "laptop"}
    if name == "passwordStrength":
        return {"password": PASSWORD}
    if name == "rotateKeys":
        return {"force": True, "kid": None}
    return {}


def live_path(operation):
    """What replaces parameters of the path."""
    path, parameters = operation.path, {}
    if path.startswith("/v1/admin/users/{id}"):
        user = account()
        parameters = {"id": user["account"]}
        if "{session}" in path:
            parameters["session"] = user["session_id"]
    elif path == "/v1/sessions/{id}":
        owner = held.get("owner") or {}
        if "email" in owner:
            parameters = {"id": sign_in(owner["email"])["session_id"]}
    elif "{kid}" in path:
        keys = call("GET", "/v1/admin/keys", (held.get("operator") or {}).get("access_token")).get("keys", [])
        usable = [key["kid"] for key in keys if key["state"] in ("next", "retired")]
        parameters = {"kid": usable[0]} if usable else {}
    elif path.endswith("/{path}"):
        parameters = {"path": "auth"}
    return parameters


def live_token(operation):
    """Another access token, where the account must have something."""
    if operation.definition.raw["operationId"] in ("removeTotp", "newRecoveryCodes"):
        return with_app()["access_token"]
    return None


turns = collections.Counter()


def is_valid(case):
    """Whether it is what the document describes, unbent."""
    meta = case.meta
    if meta is None or not meta.generation.mode.is_positive or case.method.upper() != case.operation.method.upper():
        return False
    return all(component.mode.is_positive for component in meta.components.values())


@schemathesis.hook
def before_call(context, case, kwargs):
    if not is_valid(case):
        return
    with lock:
        label = case.operation.label
        turns[label] += 1
        # The first ones, and every second one.
        if turns[label] > 3 and turns[label] % 2 == 0:
            return
        if isinstance(case.body, dict):
            fields = live_body(case.operation)
            if fields:
                case.body = fields
        if case.path_parameters:
            case.path_parameters.update(live_path(case.operation))
        token = live_token(case.operation)
        if token:
            case.headers["Authorization"] = f"Bearer {token}"


@schemathesis.hook
def after_call(context, case, response):
    with lock:
        answered[case.operation.label][response.status_code] += 1


@atexit.register
def tell():
    with open(os.environ["SCHEMATHESIS_ANSWERED"], "w", encoding="utf-8") as file:
        json.dump({label: dict(counts) for label, counts in answered.items()}, file)
