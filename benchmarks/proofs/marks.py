"""Marks of messages: changed by another mail program, and whether the journal has them right."""

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

from adapters.home import Home
from adapters.settings import Settings
from api.compose import compose
from benchmarks.proofs.promises import digest
from domain.marking import MessageMarked
from domain.message import MessageReceived

if TYPE_CHECKING:
    from dovecot import MailAccount

AT_ONCE = 300
_SLICE = 500
_FLAGS = {rb"\Seen": "seen", rb"\Flagged": "flagged", rb"\Answered": "answered"}


@dataclass(frozen=True, slots=True)
class Marks:
    """How many changes of marks were recorded, and how many are not as they should be."""

    recorded: int
    wrong: int


def remark(user: "MailAccount", messages: int, chance: Random) -> None:
    """Mark some messages otherwise, as another mail program does; those that came first more often."""
    uids = {1 + int(messages * chance.random() ** 2) for _ in range(AT_ONCE)}
    flag = chance.choice(sorted(_FLAGS)).decode()
    sign = chance.choice("+-")
    with user.login() as client:
        client.select("INBOX")
        answer, said = client.uid(
            "STORE", ",".join(map(str, sorted(uids))), f"{sign}FLAGS.SILENT", f"({flag})"
        )
        if answer != "OK":
            raise SystemExit(f"the mail server marks nothing: {said}")


def marks_on_server(user: "MailAccount") -> dict[str, set[str]]:
    """Give how each message is marked, by its bytes."""
    found: dict[str, set[str]] = {}
    with user.login() as client:
        count = int(client.select("INBOX", readonly=True)[1][0] or b"0")
        for first in range(1, count + 1, _SLICE):
            last = min(first + _SLICE - 1, count)
            _, answers = client.fetch(f"{first}:{last}", "(FLAGS BODY.PEEK[])")
            for one in answers:
                if isinstance(one, tuple):
                    flags = {name for wire, name in _FLAGS.items() if wire in one[0]}
                    found[digest(one[1])] = flags
    return found


def wrong_marks(home: Home, wanted: dict[str, set[str]]) -> Marks:
    """Follow the events of marks: none twice, each beginning where the one before ended."""
    now: dict[UUID, set[str]] = {}
    of: dict[UUID, str] = {}
    recorded = wrong = after = 0
    with compose(home, Settings()) as carteggio:
        while batch := carteggio.journal.read(after):
            after = batch[-1].position
            for one in batch:
                if isinstance(one.event, MessageReceived):
                    now[one.stream] = set(one.event.flags)
                    of[one.stream] = one.event.raw_sha256
                elif isinstance(one.event, MessageMarked):
                    recorded += 1
                    before, now[one.stream] = now[one.stream], set(one.event.flags)
                    wrong += before != set(one.event.flags_before) or before == now[one.stream]
    return Marks(recorded, wrong + sum(now[id] != wanted.get(of[id]) for id in now))
