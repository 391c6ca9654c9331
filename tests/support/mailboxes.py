"""Small mails in files, and what is read from such files."""

import re
from pathlib import Path

from adapters.mailfiles import Cursor, Problem, StoredMail, open_mail

SEPARATOR = b"From anna@acme.example Mon Jan  1 10:00:00 2024\n"


def mail(number: int, body: bytes = b"ciao\n") -> bytes:
    return b"Message-ID: <%d@acme.example>\nSubject: nr %d\n\n%s" % (number, number, body)


def quoted(raw: bytes) -> bytes:
    return re.sub(rb"(?m)^(>*From )", rb">\1", raw)


def as_mbox(*mails: bytes, separator: bytes = SEPARATOR) -> bytes:
    return b"".join(separator + quoted(x) + b"\n" for x in mails)


def write(path: Path, octets: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(octets)
    return path


def read(path: Path, after: Cursor | None = None) -> tuple[list[StoredMail], list[Problem]]:
    items = list(open_mail(path, after))
    return (
        [x for x in items if isinstance(x, StoredMail)],
        [x for x in items if isinstance(x, Problem)],
    )


def raws(path: Path, after: Cursor | None = None) -> list[bytes]:
    mails, problems = read(path, after)
    assert not problems
    return [x.raw for x in mails]
