"""Random histories of mailboxes on a real server, fetched again and again: the archive is complete.

Another mail program, at times at the same moment, appends, moves, copies, flags and expunges mail,
renames, deletes and makes folders anew, and the server renumbers them. After random steps the
account is fetched. Some mail is too large for that, and wanted at the end. Then each message that was
there at a fetch lies here once, octet for octet; folders, flags and what is gone are as on the
server; the ledger is empty; and one more fetch records nothing. A round is a function of its seed and of the timing of the two who work at once.
"""

import argparse
import asyncio
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from adapters.imap.values import Limits
from adapters.logs import set_up_logs
from adapters.mime.worker import ReadingWorker
from api.work.accounts import Account, Entered, accounts_of, configure
from api.work.checking import Checking
from api.work.instance import Carteggio
from api.work.leftovers import want_all
from api.work.looks import NOT_READ
from api.work.sync import Sync
from benchmarks.mailserver import mail_server
from benchmarks.proofs.mailboxes import PRIVATE, Mailbox
from benchmarks.proofs.promises import Promises, digest
from benchmarks.stage import Stopwatch, opened, say
from domain.identity import identify
from domain.message import CaptureEvent

if TYPE_CHECKING:
    from dovecot import Dovecot

_OFFERED = "imap_capability = IMAP4rev1 SASL-IR ID ENABLE IDLE LITERAL+ UIDPLUS MOVE SPECIAL-USE"
LEVELS = {"qresync": "", "condstore": f"{_OFFERED} CONDSTORE\n", "neither": f"{_OFFERED}\n"}
LIMITS = Limits(connect=10, command=20, fetch=20, whole=8_000, piece=4_096, largest=15_000)
_AT_ONCE = 0.3


class Seen(NamedTuple):
    """A copy in a folder."""

    folder: str
    sha256: str


@dataclass(slots=True)
class Tally:
    """What all rounds together saw."""

    rounds: int = 0
    steps: Counter[str] = field(default_factory=Counter)
    syncs: int = 0
    at_once: int = 0
    in_trouble: int = 0
    messages: int = 0
    copies: int = 0
    by_hand: int = 0
    wanted: int = 0
    broken: list[int] = field(default_factory=list)


class Archive:
    """An instance that fetches one mailbox, and what it says of it."""

    def __init__(self, carteggio: Carteggio, worker: ReadingWorker, box: Mailbox) -> None:
        self.address = f"{box.user.user}.{box.level}@firm.example"
        self._carteggio, self._worker, self._box = carteggio, worker, box
        self.choose(box.folders)

    def choose(self, folders: Sequence[str]) -> None:
        """Let the account name these folders, as a person does."""
        user = self._box.user
        configure(
            self._carteggio,
            Entered(
                self.address, user.server.host, user.server.imap, "plain", user.user,
                user.password, folders=tuple(folders),
            ),
        )  # fmt: skip
        self._carteggio.feed.catch_up()

    def fetch(self) -> tuple[str, str]:
        """Fetch once; give the trouble, and which of the chosen folders are not there."""
        sync = Sync(self._carteggio, self._worker, LIMITS)
        (synced,) = asyncio.run(sync.all([self.address]))
        self._carteggio.feed.catch_up()
        absent = synced.kind == NOT_READ  # the others were fetched
        return ("", synced.trouble) if absent else (synced.trouble, synced.warning)

    def want(self) -> int:
        """Ask for all that was too large; give how much that was."""
        return want_all(self._carteggio.database, self.account.id, 1_000_000)

    @property
    def account(self) -> Account:
        """Give the account as it is configured now."""
        known = asyncio.run(accounts_of(self._carteggio))
        return next(one for one in known if one.address == self.address)

    @property
    def head(self) -> int:
        return self._carteggio.journal.head()

    def identity(self, raw: bytes) -> UUID:
        return identify(self._carteggio.identity_key, raw).message

    def captured(self, after: int) -> Counter[Seen]:
        """Give what was recorded as captured since a position, by folder and bytes."""
        mailbox, found = self.account.mailbox, Counter[Seen]()
        for one in self._carteggio.journal.read(after, limit=100_000, octets=1 << 30):
            event = one.event
            if not isinstance(event, CaptureEvent):
                continue
            if event.mailbox == mailbox and event.whole_size is None:
                raw = self._carteggio.blobs.get(event.raw, one.stream)
                if digest(raw) != event.raw_sha256:
                    raise SystemExit("a blob is not what its event says")
                found[Seen(event.folder, event.raw_sha256)] += 1
        return found

    def places(self) -> dict[tuple[str, UUID], set[tuple[bool, frozenset[str]]]]:
        """Give by the read models where messages lie, or lay: whether they are gone, their flags."""

        async def ask() -> list[tuple[str, UUID, bool, list[str]]]:
            async with self._carteggio.reading() as (connection, names):
                query = names.sql(
                    "SELECT folder, message, gone, flags FROM {occurrence} WHERE mailbox = %s"
                )
                rows = await connection.execute(query, (self.account_mailbox,))
                return await rows.fetchall()

        self.account_mailbox = self.account.mailbox
        found: dict[tuple[str, UUID], set[tuple[bool, frozenset[str]]]] = {}
        for folder, message, gone, flags in asyncio.run(ask()):
            found.setdefault((folder, message), set()).add((gone, frozenset(flags)))
        return found

    def ledger(self) -> list[str]:
        """Give what the ledger complains of."""
        checking = Checking(self._carteggio, Sync(self._carteggio, self._worker, LIMITS))
        (one,) = asyncio.run(checking.all([self.address]))
        unlike = [x for x in one.folders if x.missing or x.vanished or x.not_fetched]
        trouble = [one.trouble] if one.kind not in ("", NOT_READ) else []
        return [f"{x.folder}: {x}" for x in unlike] + trouble


def one_round(
    tally: Tally, carteggio: Carteggio, worker: ReadingWorker, box: Mailbox, steps: int
) -> list[str]:
    """Live one history to its end; give what is not as it should be."""
    archive, chance = Archive(carteggio, worker, box), box.chance
    first, seen = archive.head, set[Seen]()
    for _ in range(steps):
        tally.steps[box.step()] += 1
        if chance.random() < 0.35:
            _fetch(tally, archive, box, seen, at_once=chance.random() < _AT_ONCE)
    _fetch(tally, archive, box, seen, at_once=False)
    tally.wanted += archive.want()
    archive.fetch()
    seen.update(Seen(one.folder, digest(one.raw)) for one in box.places())
    wrong = list(_wrong(archive, box, seen, first))
    head = archive.head
    archive.fetch()
    if archive.head != head:
        wrong.append(f"one more fetch recorded {archive.head - head} events")
    tally.rounds += 1
    tally.messages += len({one.sha256 for one in seen})
    tally.copies += len(seen)
    return wrong


def _fetch(
    tally: Tally, archive: Archive, box: Mailbox, seen: set[Seen], *, at_once: bool
) -> None:
    """Fetch, perhaps while the other mail program goes on; then as often as names have to be told."""
    tally.syncs += 1
    if at_once:
        tally.at_once += 1
        with box.busy(tally.steps):
            tally.in_trouble += bool(archive.fetch()[0])
        return
    for _ in range(3):
        trouble, warning = archive.fetch()
        if trouble:
            raise SystemExit(f"fetching fails: {trouble}")
        there = set(box.folders)
        chosen = set(archive.account.folders)
        if not (warning and there - chosen):
            break
        tally.by_hand += 1  # it was empty: nothing was left by which it could have been known
        archive.choose(sorted(there))
    seen.update(
        Seen(one.folder, digest(one.raw)) for one in box.places() if len(one.raw) <= LIMITS.largest
    )


def _wrong(archive: Archive, box: Mailbox, seen: set[Seen], first: int) -> Iterator[str]:
    captured = archive.captured(first)
    for one in seen - captured.keys():
        yield f"{one} was there and is not captured"
    for one, times in captured.items():
        if times > 1:
            yield f"{one} was captured {times} times"
        if one.folder == PRIVATE:
            yield f"{one} was captured, and nobody chose it"
    now: dict[tuple[str, UUID], set[frozenset[str]]] = {}
    for place in box.places():
        key = (place.folder, archive.identity(place.raw))
        now.setdefault(key, set()).add(place.flags)
    told = archive.places()
    for key in now.keys() - told.keys():
        yield f"{key} lies on the server and is not told"
    for key, states in told.items():
        if {gone for gone, _ in states} != {key not in now}:
            yield f"{key}: {states}, on the server: {now.get(key)}"
        elif key in now and not {flags for _, flags in states} <= now[key]:
            yield f"{key} is marked {states}, on the server {now[key]}"
    yield from archive.ledger()


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rounds", type=int, default=100)
    asked.add_argument("--steps", type=int, default=20)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    tally, promises, watch = Tally(), Promises(), Stopwatch()
    with servers() as levels, opened() as carteggio, ReadingWorker() as worker:
        set_up_logs("error")
        for seed in range(given.seed, given.seed + given.rounds):
            level, server = levels[seed % len(levels)]
            box = Mailbox(server.add_user(), level, random.Random(seed))
            wrong = one_round(tally, carteggio, worker, box, given.steps)
            promises.keep(not wrong, f"seed {seed} ({level}): {'; '.join(wrong[:5])}")
            tally.broken += [seed] if wrong else []
            if tally.rounds % 20 == 0:
                say(f"{tally.rounds} rounds, {tally.syncs} syncs, {watch.seconds:.0f} s")
    promises.conclude("mailbox_histories", _figures(tally, watch.seconds))


@contextmanager
def servers() -> Iterator[list[tuple[str, "Dovecot"]]]:
    """Run a server for each of what servers can."""
    with ExitStack() as stack:
        yield [(name, stack.enter_context(mail_server(more))) for name, more in LEVELS.items()]


def _figures(tally: Tally, seconds: float) -> dict[str, object]:
    return {
        "rounds": tally.rounds,
        "steps": dict(sorted(tally.steps.items())),
        "syncs": tally.syncs,
        "while_others_worked": tally.at_once,
        "of_these_in_trouble": tally.in_trouble,
        "contents_seen": tally.messages,
        "copies_seen": tally.copies,
        "renames_of_empty_folders_told_by_hand": tally.by_hand,
        "too_large_and_wanted": tally.wanted,
        "broken_seeds": tally.broken,
        "seconds": round(seconds),
    }


if __name__ == "__main__":
    main()
