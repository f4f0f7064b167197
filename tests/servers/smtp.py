"""An SMTP server that keeps what it gets. Arguments: port, folder, "plain" | "starttls" | "tls".

Each mail becomes NNNNNN.eml (the bytes as received) and NNNNNN.json (sender, recipients, options, TLS, login).
Recipients choose what happens: later* 451, gone* 550, full* 452; dies at: cutrcpt*, cutdata* (before the final dot's answer,
nothing kept), cutdot* (kept, but the answer never comes), slow* (answers after half a second).
A file FAIL in the folder holding a code ("451", "421", "close") makes every transaction fail so, until it is removed.
Bare CR or LF, NUL, and lines beyond 998 bytes are written to VIOLATIONS and refused: a test asserts that none is there.
"""
import asyncio, json, os, re, ssl, sys
from aiosmtpd.smtp import SMTP, AuthResult

port, folder, security = int(sys.argv[1]), sys.argv[2], sys.argv[3]
count = 0


def violation(words):
    with open(os.path.join(folder, "VIOLATIONS"), "a") as out:
        out.write(words + "\n")


def kept(server, session, envelope):
    global count
    count += 1
    name = os.path.join(folder, "%06d" % count)
    with open(name + ".eml.part", "wb") as out:
        out.write(envelope.original_content)
    facts = {
        "mail_from": (envelope.mail_from or "").strip("<>"), "rcpt_tos": envelope.rcpt_tos,
        "mail_options": envelope.mail_options, "helo": session.host_name,
        "tls": session.ssl is not None or security == "tls", "login": bool(session.authenticated),
    }
    with open(name + ".json", "w") as out:
        json.dump(facts, out)
    os.rename(name + ".eml.part", name + ".eml")


def told():
    try:
        with open(os.path.join(folder, "FAIL")) as what:
            return what.read().strip()
    except FileNotFoundError:
        return ""


class Keeper:
    async def handle_MAIL(self, server, session, envelope, address, options):
        fail = told()
        if fail == "close":
            server.transport.abort()
            return "421 closing"
        if fail:
            return fail + " told to fail"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if envelope.rcpt_tos:
            violation("more than one recipient")
        for start, answer in (("later", "451 4.2.1 come again"), ("gone", "550 5.1.1 nobody here"), ("full", "452 4.2.2 full")):
            if address.startswith(start):
                return answer
        if address.startswith("cutrcpt"):
            server.transport.abort()
            return "421 closing"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        content = envelope.original_content
        if re.search(rb"(?<!\r)\n|\r(?!\n)|\0", content):
            violation("bare CR, bare LF or NUL")
            return "554 bare CR or LF"
        if any(len(line) > 998 for line in content.split(b"\r\n")):
            violation("line beyond 998 bytes")
            return "554 line too long"
        first = envelope.rcpt_tos[0] if envelope.rcpt_tos else ""
        if first.startswith("cutdata"):
            server.transport.abort()
            return "421 closing"
        if first.startswith("slow"):
            await asyncio.sleep(0.5)
        kept(server, session, envelope)
        if first.startswith("cutdot"):
            server.transport.abort()
        return "250 kept"

    async def handle_exception(self, error):
        violation("exception: " + type(error).__name__)
        return "500 error"


class Strict(SMTP):
    async def push(self, status):
        if isinstance(status, str) and status.startswith("500 Error: command"):
            violation("unknown command")
        await super().push(status)


def login(server, session, envelope, mechanism, data):
    return AuthResult(success=data.login == b"rightsd" and data.password == b"correct horse")


async def main():
    context = None
    if security != "plain":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(folder, "c.pem"), os.path.join(folder, "k.pem"))
    options = {"hostname": "localhost", "ident": "test", "enable_SMTPUTF8": True, "data_size_limit": 64 << 20}
    if security == "starttls":
        options.update(tls_context=context, require_starttls=True)
    if security != "plain":
        # With implicit TLS aiosmtpd does not know that the line is protected already.
        options.update(authenticator=login, auth_required=True, auth_require_tls=security == "starttls")
    keeper = Keeper()
    server = await asyncio.get_running_loop().create_server(
        lambda: Strict(keeper, **options), "127.0.0.1", port, ssl=context if security == "tls" else None, backlog=100)
    async with server:
        await server.serve_forever()

asyncio.run(main())
