# An SMTP server for tests: aiosmtpd takes the mail, and Python's own parser reads it. Needs aiosmtpd and trustme.
#   python smtp_server.py FOLDER PORT plain|starttls
# It appends each mail to FOLDER/mails.jsonl, prints its port when it listens, and ends with its standard input.
# A recipient named `refused` gets 550. While FOLDER/slow exists, it waits five seconds before it takes a mail.
import asyncio
import email
import email.policy
import json
import os
import ssl
import sys

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

folder, port, kind = sys.argv[1], int(sys.argv[2]), sys.argv[3]


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused"):
            return "550 5.1.1 no such mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if os.path.exists(os.path.join(folder, "slow")):
            await asyncio.sleep(5)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        halves = {kind: message.get_body((kind,)) for kind in ("plain", "html")}
        body = {kind: half.get_content() if half else None for kind, half in halves.items()}
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": {name.lower(): str(value) for name, value in message.items()},
            "tls": session.ssl is not None,
            "user": (session.auth_data.login.decode() if session.auth_data else None),
            **body,
        }
        with open(os.path.join(folder, "mails.jsonl"), "a", encoding="utf-8") as file:
            file.write(json.dumps(mail, ensure_ascii=False) + "\n")
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"jeton", b"the mail server's password")
    return AuthResult(success=good, auth_data=data if good else None, handled=False)


options = {}
if kind == "starttls":
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(os.path.join(folder, "ca.pem"))
    options = {"tls_context": context, "require_starttls": True, "auth_required": True, "authenticator": authenticate}


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Handler(), loop=loop, **options), "127.0.0.1", port)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
