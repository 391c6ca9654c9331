"""Letters for tests, as octets, and the files that hold them."""

from collections.abc import Iterable
from pathlib import Path

SEPARATOR = b"From anna@client.example Mon Feb  2 09:00:00 2026\n"


def letter(
    id: str | None,
    subject: bytes = b"Question",
    *,
    sender: str = "Anna Bianchi <anna@client.example>",
    to: str = "info@firm.example",
    date: str = "Mon, 02 Feb 2026 10:00:00 +0100",
    more: bytes = b"",
    body: bytes = b"When does it come?\n",
) -> bytes:
    head = f"From: {sender}\nTo: {to}\nDate: {date}\n"
    if id is not None:
        head += f"Message-ID: <{id}>\n"
    return head.encode() + b"Subject: " + subject + b"\n" + more + b"\n" + body


def many(count: int, *, domain: str = "client.example", size: int = 200) -> list[bytes]:
    """Give letters that differ."""
    return [
        letter(f"{n}@{domain}", b"Letter %d" % n, body=b"%d\n" % n + b"x" * size + b"\n")
        for n in range(count)
    ]


def mbox(path: Path, letters: Iterable[bytes]) -> Path:
    """Write an mbox."""
    path.write_bytes(b"".join(SEPARATOR + one + b"\n" for one in letters))
    return path
