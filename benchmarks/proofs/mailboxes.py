"""A mailbox that lives: another mail program, and the server itself, act on it at random."""

import imaplib
import random
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from adapters.imap.utf7 import decode_folder, encode_folder

if TYPE_CHECKING:
    from dovecot import MailAccount

PRIVATE = "Private"
"""A folder that nobody chose: nothing in it is ever fetched."""

_FLAGS = (r"\Seen", r"\Flagged", r"\Answered", r"\Draft")
_NAMES = ("Archivio", "Città & Co", "Kunden", "Zażółć", "2025/Gennaio", "Posta", "a b")
_BASE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_LISTED = re.compile(rb'\((?P<flags>[^)]*)\) "(?P<sep>[^"]*)" (?P<name>.+)')
_SHOWN = re.compile(rb"UID (\d+) FLAGS \(([^)]*)\)")


@dataclass(frozen=True, slots=True)
class Place:
    """A copy on the server, with its flags in our words."""

    folder: str
    raw: bytes
    flags: frozenset[str]


class Mailbox:
    """A user's mailbox on a server, on which a step at a time happens."""

    def __init__(self, user: "MailAccount", level: str, chance: random.Random) -> None:
        """Make the folders: INBOX, Sent, two that are chosen, one that is not."""
        self.user, self.level, self.chance = user, level, chance
        self._number = 0
        self._mails: list[bytes] = []
        with user.login() as client:
            for name in (PRIVATE, *chance.sample(_NAMES, 2)):
                _done(client.create(_wire(name)))

    @property
    def folders(self) -> list[str]:
        """Give the folders that are there, but for the private one."""
        with self.user.login() as client:
            return [one for one in _names(client) if one != PRIVATE]

    def places(self) -> list[Place]:
        """Give all copies in these folders, as the server has them."""
        found: list[Place] = []
        with self.user.login() as client:
            for name in _names(client):
                if name != PRIVATE:
                    _done(client.select(_wire(name), readonly=True))
                    answers = client.uid("FETCH", "1:*", "(UID FLAGS BODY.PEEK[])")[1]
                    found += [_place(name, one) for one in answers if isinstance(one, tuple)]
        return found

    def step(self) -> str:
        """Let one thing happen; give its name."""
        steps: list[tuple[int, Callable[[random.Random], None]]] = [
            (8, self.append), (3, self.expunge), (4, self.move), (3, self.copy), (5, self.flag),
            (2, self.rename), (1, self.recreate), (1, self.delete), (1, self.renumber),
        ]  # fmt: skip
        weights = [weight for weight, _ in steps]
        act = self.chance.choices([one for _, one in steps], weights)[0]
        act(self.chance)
        return act.__name__

    @contextmanager
    def busy(self, steps: Counter[str]) -> Iterator[None]:
        """Go on acting while the block runs: what one mail program does beside another."""
        chance, stop = random.Random(self.chance.random()), threading.Event()

        def act() -> None:
            acts = (self.append, self.expunge, self.move, self.copy, self.flag)
            while not stop.is_set():
                one = chance.choice(acts)
                one(chance)
                steps[one.__name__] += 1

        thread = threading.Thread(target=act)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def append(self, chance: random.Random) -> None:
        """Put one to three mails into a folder: new ones, the same once more, or with another text."""
        with self.user.login() as client:
            folder = chance.choice(_names(client))
            for _ in range(chance.randint(1, 3)):
                flags = " ".join(chance.sample(_FLAGS, chance.randint(0, 2)))
                when = imaplib.Time2Internaldate(_BASE + timedelta(minutes=chance.randint(0, 9)))
                _done(client.append(_wire(folder), f"({flags})", when, self._mail(chance)))

    def _mail(self, chance: random.Random) -> bytes:
        if self._mails and chance.random() < 0.15:
            return chance.choice(self._mails)
        self._number += 1
        number = self._number
        same = chance.randint(1, number) if chance.random() < 0.1 else number
        text = "x" * chance.choice((0, 10, 500, 20_000)) + f" {number}"
        named = f"Message-ID: <{same}.{self.user.user}@acme.example>\r\n"
        raw = (
            f"From: ada@acme.example\r\nTo: info@firm.example\r\n"
            f"Date: Mon, 2 Mar 2026 09:00:00 +0100\r\n{named if chance.random() < 0.9 else ''}"
            f"Subject: {number}\r\n\r\n{text}\r\n"
        ).encode()
        self._mails.append(raw)
        return raw

    def expunge(self, chance: random.Random) -> None:
        """Delete some messages of a folder."""
        with self._some(chance) as (client, uids):
            client.uid("STORE", uids, "+FLAGS.SILENT", r"(\Deleted)")
            client.expunge()

    def flag(self, chance: random.Random) -> None:
        """Mark some messages of a folder otherwise."""
        with self._some(chance) as (client, uids):
            client.uid("STORE", uids, chance.choice("+-") + "FLAGS", f"({chance.choice(_FLAGS)})")

    def move(self, chance: random.Random) -> None:
        """Move some messages into another folder."""
        with self._some(chance) as (client, uids):
            client.uid("MOVE", uids, _wire(chance.choice(_names(client))))

    def copy(self, chance: random.Random) -> None:
        """Copy some messages into another folder."""
        with self._some(chance) as (client, uids):
            client.uid("COPY", uids, _wire(chance.choice(_names(client))))

    def rename(self, chance: random.Random) -> None:
        """Give a folder another name."""
        with self.user.login() as client:
            if one := self._other(client, chance):
                self._number += 1
                _done(client.rename(_wire(one), _wire(f"Nuova {self._number}")))

    def delete(self, chance: random.Random) -> None:
        """Take a folder away with all that lies in it."""
        with self.user.login() as client:
            if one := self._other(client, chance):
                _done(client.delete(_wire(one)))

    def recreate(self, chance: random.Random) -> None:
        """Make a folder anew under its name, and put some of its mails into it again."""
        with self.user.login() as client:
            if one := self._other(client, chance):
                _done(client.select(_wire(one), readonly=True))
                answers = client.uid("FETCH", "1:*", "(UID FLAGS BODY.PEEK[])")[1]
                raws = [_place(one, x).raw for x in answers if isinstance(x, tuple)]
                _done(client.unselect())
                _done(client.delete(_wire(one)))
                _done(client.create(_wire(one)))
                for raw in chance.sample(raws, chance.randint(0, len(raws))):
                    _done(client.append(_wire(one), None, None, raw))

    def renumber(self, chance: random.Random) -> None:
        """Write another UIDVALIDITY, as a server does that lost its index."""
        with self.user.login() as client:
            name = chance.choice(_names(client))
        folder = self.user.server.root / "home" / self.user.user / "mail"
        if name != "INBOX":
            folder /= "." + encode_folder(name).replace("/", ".")
        uids = folder / "dovecot-uidlist"
        if uids.exists():
            for index in folder.glob("dovecot.index*"):
                index.unlink()
            self._number += 1
            text = re.sub(r" V\d+ ", f" V{90_000 + self._number} ", uids.read_text(), count=1)
            uids.write_text(text)
            self.user.server.own(uids)

    def _other(self, client: imaplib.IMAP4, chance: random.Random) -> str | None:
        """Choose a folder that may be lost or renamed."""
        found = [one for one in _names(client) if one not in {"INBOX", "Sent", PRIVATE}]
        return chance.choice(found) if found else None

    @contextmanager
    def _some(self, chance: random.Random) -> Iterator[tuple[imaplib.IMAP4, str]]:
        """Select a folder and choose some of its messages; where there are none, one that is not."""
        with self.user.login() as client:
            _done(client.select(_wire(chance.choice(_names(client)))))
            uids = client.uid("SEARCH", "ALL")[1][0].split()
            some = chance.sample(uids, min(len(uids), chance.randint(1, 3))) or [b"4000000000"]
            yield client, b",".join(some).decode()


def _names(client: imaplib.IMAP4) -> list[str]:
    lines = [one for one in client.list()[1] if isinstance(one, bytes)]
    found = [one for line in lines if (one := _LISTED.match(line))]
    return sorted(
        decode_folder(one["name"].strip(b'"').decode())
        for one in found
        if rb"\Noselect" not in one["flags"]
    )


def _wire(name: str) -> str:
    return f'"{encode_folder(name)}"'


def _place(folder: str, answer: tuple[bytes, bytes]) -> Place:
    shown = _SHOWN.search(answer[0])
    said = shown[2].decode().split() if shown else []
    flags = frozenset(one.strip("\\").lower() for one in said if one in _FLAGS)
    return Place(folder, answer[1], flags)


def _done(answer: tuple[str, Sequence[object]]) -> None:
    if answer[0] != "OK":
        raise SystemExit(f"the mail server refuses: {answer}")
