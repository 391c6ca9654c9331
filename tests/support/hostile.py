"""IMAP servers that mean ill or are broken, by name: what they say, and how a visit has to end.

`""` stands for the greeting; what a script does not say is answered as an honest server does.
"""

import asyncio
import itertools
from dataclasses import replace
from pathlib import Path

from adapters.imap.session import ImapSession
from adapters.imap.values import Fetched, ImapAccount, Limits, TroubleKind
from badcertificates import AUTHORITY, Shown
from certificates import server
from speaking import (
    CAPABLE,
    GREETING,
    POLITE,
    SILENCE,
    Say,
    Script,
    Security,
    forever,
    securing,
    text,
    then_drop,
    trickle,
)

MAIL = b"Subject: x\r\n\r\nhello\r\n"
BODY = b"* 1 FETCH (UID 1 BODY[] "
OPENED = b"* 1 EXISTS\r\n* OK [UIDVALIDITY 1]\r\n* OK [UIDNEXT 2]\r\nTAG OK\r\n"
GOOD: dict[str, Say] = POLITE | {
    "": text(GREETING),
    "EXAMINE": text(OPENED),
    "UID": text(b"* 1 FETCH (UID 1 RFC822.SIZE 21 FLAGS ())\r\n* SEARCH 1\r\nTAG OK\r\n"),
    "BODY": text(BODY + b"{%d}\r\n%s FLAGS ())\r\nTAG OK\r\n" % (len(MAIL), MAIL)),
}
LIMITS = Limits(
    connect=10, command=10, fetch=10, line=100_000, answer=200_000, folders=1_000, patience=1
)
"""Small measures, and deadlines that nobody misses who answers at all."""
SHORT = replace(LIMITS, connect=0.3, command=0.3, fetch=0.3)


def limits_of(script: Script) -> Limits:
    """Give the limits of a visit: a short deadline where it has to end by that."""
    return SHORT if script.kind is TroubleKind.TIMEOUT else LIMITS


async def visit(account: ImapAccount, limits: Limits = LIMITS) -> list[bytes]:
    """Do all that is done with a folder, and give its mail."""
    async with ImapSession(account, limits) as session:
        await session.folders()
        state = await session.select("INBOX")
        sizes = await session.uids_with_sizes()
        mail = [one async for some in session.fetch(sizes) for one in some]
        await session.changes(state.uidnext - 1, 0)
        await session.uids()
        if session.can_wait:
            session.forget_news()
            await session.news(0.01)
    return [one.raw for one in mail if isinstance(one, Fetched)]


def behaving(security: Security, folder: Path) -> dict[str, Say]:
    """Give what an honest server says that is reached so."""
    context = Shown([server(AUTHORITY)]).context(folder)
    greeting = {"": securing(context, after=GREETING)} if security == "tls" else {}
    return {**GOOD, "STARTTLS": securing(context, b"TAG OK\r\n"), **greeting}


def _can(*names: bytes) -> dict[str, Say]:
    """Say that the server can this too."""
    return {"CAPABILITY": text(b"* CAPABILITY IMAP4rev1 %s\r\nTAG OK\r\n" % b" ".join(names))}


def _in_turn(*says: Say) -> Say:
    """Say one after the other, and begin anew."""
    turns = itertools.cycle(says)

    async def say(tag: bytes, writer: asyncio.StreamWriter) -> None:
        await next(turns)(tag, writer)

    return say


def _counting(octets: bytes) -> Say:
    """Say this for ever, each time with another number."""

    async def say(_: bytes, writer: asyncio.StreamWriter) -> None:
        numbers = itertools.count(1)
        while not writer.is_closing():
            writer.write(b"".join(octets % next(numbers) for _ in range(1_000)))
            await writer.drain()

    return say


_HANGS = trickle(b"")
_OTHER = text(OPENED.replace(b"UIDVALIDITY 1", b"UIDVALIDITY 2"))
_FOLDERS = b"".join(b'* LIST () "/" f%d\r\n' % number for number in range(2_000))
_LISTED = b"".join(b"* 1 FETCH (UID %d RFC822.SIZE 1)\r\n" % uid for uid in range(1, 10_003))
_T = TroubleKind

# The nineteen of the audit that end in trouble, under its names (354 and 250 are an SMTP server's:
# here it asks to go on and closes, and says that it is done before it was asked).
NAMED = [
    Script("silent", _T.TIMEOUT, {"EXAMINE": SILENCE}),
    Script("slow loris", _T.TIMEOUT, {"LIST": trickle(b"x")}),
    Script("endless line", _T.TOO_MUCH_DATA, {"LIST": forever(b"x")}),
    Script("literal bomb", _T.TOO_MUCH_DATA, {"BODY": forever(b"x", BODY + b"{15000000}\r\n")}),
    Script("{99999999999}", _T.TOO_MUCH_DATA, {"BODY": text(BODY + b"{99999999999}\r\n")}),
    Script("negative size", _T.PROTOCOL, {"BODY": text(BODY + b"{-1}\r\nTAG OK\r\n")}),
    Script("wrong tag", _T.PROTOCOL, {"LOGIN": text(b"XX1 OK done\r\n")}),
    Script("unsolicited BYE", _T.LOST, {"UID": text(b"* BYE out of memory\r\n")}),
    Script("half literal", _T.LOST, {"BODY": then_drop(BODY + b"{900}\r\nabc")}),
    Script("NUL", _T.PROTOCOL, {"LIST": text(b"\0\0\0\r\n")}),
    Script(
        "100,000 lines", _T.TOO_MUCH_DATA,
        {"LIST": text(b'* LIST () "/" x\r\n' * 100_000 + b"TAG OK\r\n")},
    ),
    Script("EXISTS flood", _T.TOO_MUCH_DATA, {"EXAMINE": forever(b"* 1 EXISTS\r\n")}),
    Script(
        "UIDVALIDITY 0", _T.PROTOCOL,
        {"EXAMINE": text(OPENED.replace(b"UIDVALIDITY 1", b"UIDVALIDITY 0"))},
    ),
    Script(
        "STARTTLS injection", _T.TLS,
        {"STARTTLS": text(b"TAG OK\r\n* OK injected\r\n")}, "starttls",
    ),
    Script(
        "multi-line flood", _T.TOO_MUCH_DATA,
        {"UID": forever(b"* 1 FETCH (UID 1 X {1}\r\nx Y {1}\r\nx)\r\n")},
    ),
    Script("asks to go on and closes", _T.LOST, {"LOGIN": then_drop(b"+ go on\r\n")}),
    Script("done before it is asked", _T.PROTOCOL, {"": text(GREETING + b"A1 OK done\r\n")}),
]  # fmt: skip

OURS = [
    Script("endless literals", _T.TOO_MUCH_DATA, {"BODY": forever(b"x {1}\r\n", BODY + b"{1}\r\n")}),
    Script("endless string", _T.TOO_MUCH_DATA, {"BODY": forever(b"x", BODY + b'"')}),
    Script("lively and never done", _T.TIMEOUT, {"EXAMINE": trickle(b"* OK wait\r\n")}),
    Script("literal drop by drop", _T.TIMEOUT, {"BODY": trickle(b"x", BODY + b"{900}\r\n")}),
    Script("closes at once", _T.LOST, {"": then_drop(b"")}),
    Script("closes in a line", _T.LOST, {"UID": then_drop(b"* 1 FETCH (UI")}),
    Script("speaks SMTP", _T.PROTOCOL, {"": text(b"220 smtp.example ESMTP\r\n")}),
    Script("speaks HTTP", _T.PROTOCOL, {"": text(b"HTTP/1.1 400 Bad Request\r\n\r\n")}),
    Script("turns everybody away", _T.UNREACHABLE, {"": text(b"* BYE too many\r\n")}),
    Script("cannot take a login now", _T.UNREACHABLE, {"LOGIN": text(b"TAG NO [UNAVAILABLE]\r\n")}),
    Script("takes no password", _T.LOGIN_REFUSED, _can(b"LOGINDISABLED")),
    Script("lets in before TLS", _T.TLS, {"": text(b"* PREAUTH\r\n")}, "starttls"),
    Script("refuses STARTTLS", _T.TLS, {"STARTTLS": text(b"TAG NO\r\n")}, "starttls"),
    Script(
        "agrees on TLS and closes", _T.UNREACHABLE, {"STARTTLS": then_drop(b"TAG OK\r\n")}, "starttls"
    ),
    Script("clear text in place of TLS", _T.TLS, {"": text(GREETING)}, "tls"),
    Script("silent in place of TLS", _T.TIMEOUT, {"": _HANGS}, "tls"),
    Script(
        "asks for the password again and again", _T.TIMEOUT,
        _can(b"AUTH=PLAIN") | {"AUTHENTICATE": text(b"+ \r\n"), "SECRET": text(b"+ \r\n")},
    ),
    Script("flood of questions", _T.TOO_MUCH_DATA, {"LOGIN": forever(b"+ go on\r\n")}),
    Script(
        "5,000 parentheses", _T.PROTOCOL,
        {"UID": text(b"* 1 FETCH " + b"(" * 5_000 + b")" * 5_000 + b"\r\nTAG OK\r\n")},
    ),
    Script("parenthesis left open", _T.PROTOCOL, {"UID": text(b"* 1 FETCH (UID 1\r\nTAG OK\r\n")}),
    Script("neither OK nor NO", _T.PROTOCOL, {"LIST": text(b"TAG MAYBE\r\n")}),
    Script("can everything", _T.TOO_MUCH_DATA, {"CAPABILITY": forever(CAPABLE)}),
    Script("2,000 folders", _T.TOO_MUCH_DATA, {"LIST": text(_FOLDERS + b"TAG OK\r\n")}),
    Script("refuses the inbox", _T.REFUSED, {"EXAMINE": text(b"TAG NO\r\n")}),
    Script(
        "messages beyond measure", _T.TOO_MUCH_DATA,
        {"EXAMINE": text(OPENED.replace(b"1 EXISTS", b"9999999999 EXISTS"))},
    ),
    Script(
        "UIDVALIDITY beyond measure", _T.PROTOCOL,
        {"EXAMINE": text(OPENED.replace(b"UIDVALIDITY 1", b"UIDVALIDITY 9999999999999999999"))},
    ),
    Script("more UIDs than messages", _T.TOO_MUCH_DATA, {"UID": text(_LISTED + b"TAG OK\r\n")}),
    Script(
        "folder made anew while it is read", _T.PROTOCOL,
        {"EXAMINE": _in_turn(text(OPENED), _OTHER), "BODY": then_drop(b"")},
    ),
    Script(
        "does not come back from IDLE", _T.TIMEOUT,
        _can(b"IDLE") | {"IDLE": text(b"+ idling\r\n"), "SECRET": SILENCE},
    ),
    Script(
        "flood while it is waited at", _T.TOO_MUCH_DATA,
        _can(b"IDLE") | {"IDLE": forever(b"* 1 EXISTS\r\n", b"+ idling\r\n")},
    ),
    Script("BYE and goes on", _T.LOST, {"LIST": text(b"* BYE going\r\n* OK but here\r\n")}),
]  # fmt: skip
SCRIPTS = NAMED + OURS

FLOODS: dict[str, dict[str, Say]] = {
    "an endless line": {"LIST": forever(b"x" * 100)},
    "an endless literal": {"BODY": forever(b"x" * 100, BODY + b"{15000000}\r\n")},
    "literals without end": {"BODY": forever(b"x {1000}\r\n" + b"x" * 1_000, BODY + b"{1}\r\n")},
    "messages that come and come": {
        "EXAMINE": forever(b"* 1 EXISTS\r\n* OK " + b"x" * 1_000 + b"\r\n")
    },
    "more and more folders": {"LIST": _counting(b'* LIST () "/" f%d\r\n')},
    "more and more capabilities": {"CAPABILITY": _counting(b"* CAPABILITY C%d\r\n")},
    "more and more marks": {"UID": _counting(b"* 1 FETCH (UID %d RFC822.SIZE 21)\r\n")},
}
"""What goes on for ever, for who has the usual measures."""

HARMLESS: dict[str, dict[str, Say]] = {
    "UIDs descending": {
        "EXAMINE": text(OPENED.replace(b"1 EXISTS", b"3 EXISTS").replace(b"NEXT 2", b"NEXT 4")),
        "UID": text(
            b"".join(b"* %d FETCH (UID %d RFC822.SIZE 21)\r\n" % (4 - n, n) for n in (3, 2, 1))
            + b"TAG OK\r\n"
        ),
        "BODY": text(
            b"".join(
                b"* %d FETCH (UID %d BODY[] {%d}\r\n%s)\r\n" % (4 - n, n, len(MAIL), MAIL)
                for n in (3, 2, 1)
            )
            + b"TAG OK\r\n"
        ),
    },
    "bad UTF-7": {"LIST": text(b'* LIST () "/" "&&&A-&"\r\n* LIST () "/" INBOX\r\nTAG OK\r\n')},
    "name of a folder with NUL and line ends": {
        "LIST": text(b'* LIST (\\Sent) "/" {5}\r\na\0\r\nb\r\n* LIST () "/" INBOX\r\nTAG OK\r\n')
    },
    "beginning of shared folders with a line end": _can(b"NAMESPACE")
    | {"NAMESPACE": text(b'* NAMESPACE (("" "/")) (({3}\r\na\r\n "/")) NIL\r\nTAG OK\r\n')},
    "UID of 5,000 digits": {
        "UID": text(
            b"* 1 FETCH (UID 1 RFC822.SIZE 21 FLAGS ())\r\n* SEARCH 1 %s\r\nTAG OK\r\n"
            % (b"9" * 5_000)
        )
    },
    "UID of more than 63 bits": {
        "UID": text(
            b"* 1 FETCH (UID 1 RFC822.SIZE 21)\r\n"
            b"* 2 FETCH (UID 9999999999999999999 RFC822.SIZE 21)\r\n* SEARCH 1\r\nTAG OK\r\n"
        )
    },
    "date that does not exist": {
        "BODY": text(
            BODY
            + b'{%d}\r\n%s INTERNALDATE "31-Feb-2026 25:61:61 +9999")\r\nTAG OK\r\n'
            % (len(MAIL), MAIL)
        )
    },
}
"""What is odd and does not keep mail from coming."""
