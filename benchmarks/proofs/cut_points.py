"""Cut the dialogue with a mail server everywhere, and count what arrived: nothing twice, nothing lost.

The server drops, falls silent, puts off, refuses, says nonsense, and kills the process that sends:
at each part of the dialogue, within the content, between its last word and what follows. Then the
work goes on until nothing is due any more. What the server took is counted by Message-ID and
recipient, and compared with what is recorded of each mail. Mailboxes are of three kinds: their
server files what it takes into a folder of sent mail (Dovecot's), or we do, or there is no such
folder. Pauses are passed over as an operator would: what is due later is made due. Of every second
mailbox mail that nothing strikes leaves between: what strikes there does so in a flight. Half of the
servers take commands together. Uncertain is only what was cut at its content, or came just before a
mail at which the process was killed, as its answer may be lost with that.
"""

import argparse
import email.utils
import imaplib
import multiprocessing
import os
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from random import Random
from typing import TYPE_CHECKING, Final
from uuid import UUID

from adapters.ids import uuid7
from adapters.logs import set_up_logs
from adapters.settings import Settings
from api.compose import compose
from api.work.accounts import Entered, configure
from api.work.instance import Carteggio
from api.work.outbox import Outbox
from api.work.sendingside import EnteredSending, configure_sending
from benchmarks.mailserver import mail_server
from benchmarks.proofs.cuts import CONNECTING, FILED, INSIDE, PHASES, Cut, drawn
from benchmarks.proofs.cutting import Box, Server, Sink, tls_of
from benchmarks.proofs.promises import Promises
from benchmarks.proofs.sendingwork import RAN, send_everything
from benchmarks.stage import Stopwatch, instance, say
from domain.identity import identify, mailbox_id
from domain.leaving import Outgoing, OutgoingState
from domain.outgoing import MailQueued, Recipient, RecipientRole, Said
from domain.recorded import Envelope, Origin
from domain.values import Actor, ActorKind, Address, BlobName, MessageId

if TYPE_CHECKING:
    from adapters.home import Home
    from dovecot import Dovecot, MailAccount

_EACH: Final = 4
"""So many mails leave from one mailbox, one after the other."""
_MANY: Final = 300
_LOOPBACK: Final = "127.0.0.1"
_KINDS: Final = ("filing", "append", "alone")
_ID: Final = re.compile(rb"^Message-ID: <([^>]*)>", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sent:
    """A mail that was queued, and what was to strike it."""

    mail: UUID
    message_id: str
    people: tuple[str, ...]
    kind: str
    cut: Cut | None


@dataclass(slots=True)
class Tally:
    """What was seen in the end."""

    states: Counter[str] = field(default_factory=Counter)
    doubled: int = 0
    lost: int = 0
    mistold: int = 0
    unsettled: int = 0
    found: int = 0
    not_found: int = 0
    beside: int = 0


class Stage:
    """An instance, the two servers, and the mail that leaves."""

    def __init__(self, home: "Home", dovecot: "Dovecot", starttls: bool = True) -> None:  # noqa: FBT001, FBT002
        self.home = home
        self.dovecot = dovecot
        self.user: MailAccount = dovecot.add_user()
        self.user.append(b"Subject: first\r\n\r\n", folder="Sent")
        self.folder = dovecot.root / "home" / self.user.user / "mail" / ".Sent"
        self.filing: set[int] = set()
        self.filed: Counter[str] = Counter()
        self.sink = Sink(self._file, copies=self._copies)
        self.server = Server(self.sink, tls_of(dovecot.root) if starttls else None)
        self.sent: list[Sent] = []
        self._boxes = 0

    def _file(self, port: int, raw: bytes) -> None:
        """File what a server took, as those do that file it themselves."""
        if port in self.filing:
            found = _ID.search(raw)
            self.filed[found[1].decode() if found else ""] += 1
            path = self.folder / "new" / f"{time.time():.6f}.M{uuid7().hex}.sink"
            path.write_bytes(raw)
            self.dovecot.own(path)

    def _copies(self) -> int:
        return sum(1 for one in ("new", "cur") for _ in (self.folder / one).iterdir())

    def in_folder(self) -> Counter[str]:
        """Count what lies in the folder of sent mail, as another mail program sees it."""
        client: imaplib.IMAP4 = self.user.login()
        with client:
            client.select("Sent", readonly=True)
            _, found = client.uid("FETCH", "1:*", "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")
        heads = [one[1] for one in found if isinstance(one, tuple)]
        ids = [_ID.search(one) for one in heads]
        return Counter(one[1].decode() for one in ids if one)

    def queue(self, carteggio: Carteggio, cuts: Sequence[Cut], *, starttls: bool) -> None:
        """Queue mail that these strike, from one more mailbox."""
        kind = _KINDS[self._boxes % len(_KINDS)]
        if any(one.how == FILED for one in cuts):
            kind = "append"
        self._boxes += 1
        address = f"box{self._boxes}@firma.example"
        connecting = [one for one in cuts if one.phase in CONNECTING]
        box = Box(connecting, together=self._boxes % 4 < 2)
        port = self.server.open(box, starttls=starttls)
        if kind == "filing":
            self.filing.add(port)
        self._enter(carteggio, address, port, kind, starttls=starttls)
        flies = self._boxes % 2 == 0
        mails = [one for cut in cuts for one in ((None, cut) if flies else (cut,))]
        for number, cut in enumerate(mails):
            one = _queued(carteggio, address, f"{self._boxes}-{number}", kind, cut)
            self.sent.append(one)
            if cut is not None and cut.phase not in CONNECTING:
                box.mails[one.mail.hex] = cut

    def _enter(
        self, carteggio: Carteggio, address: str, port: int, kind: str, *, starttls: bool
    ) -> None:
        if kind != "alone":
            login = (self.user.user, self.user.password)
            configure(carteggio, Entered(address, _LOOPBACK, self.dovecot.imap, "plain", *login))
        sending = EnteredSending(
            address, _LOOPBACK, port, "starttls" if starttls else "plain", "password", "anna",
            "secret", sent_copy="append" if kind == "append" else "auto",
            mails_per_minute=100_000, ca_file=str(self.dovecot.authority) if starttls else "",
        )  # fmt: skip
        configure_sending(carteggio, sending)

    def work(self, *, at_once: bool, lives: int) -> int:
        """Let processes work, one after the other, until nothing is due; give how many began."""
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["benchmarks.proofs.sendingwork"])
        for life in range(1, lives + 1):
            given = (str(self.home.folder), at_once)
            process = context.Process(target=send_everything, args=given)
            process.start()
            self.sink.worker = process.pid or 0
            process.join()
            self.sink.worker = 0
            if process.exitcode == RAN:
                return life
            if process.exitcode not in (-9, 0):
                raise SystemExit(f"the work ended with {process.exitcode}")
        raise SystemExit(f"there is still something due after {lives} processes")


def _queued(carteggio: Carteggio, address: str, name: str, kind: str, cut: Cut | None) -> Sent:
    id = f"{name}@firma.example"
    people = tuple(
        f"{one}.{name}@kunde.example" for one in ("a", "b", "c")[: cut.recipients if cut else 2]
    )
    lines = 1_000 if cut is not None and cut.phase in INSIDE else 20
    raw = (
        f"Message-ID: <{id}>\r\nX-Carteggio-Id: <{id}>\r\nFrom: {address}\r\n"
        f"To: {', '.join(people)}\r\nDate: {email.utils.format_datetime(datetime.now(UTC))}\r\n"
        f"Subject: Ordine {name}\r\n\r\n" + f".{'x' * 60}\r\n" * lines
    ).encode()
    key, mail = carteggio.identity_key, uuid7()
    queued = MailQueued(
        mailbox=mailbox_id(key, address),
        message=MessageId(identify(key, raw).message),
        raw=BlobName(""),
        raw_sha256=sha256(raw).hexdigest(),
        size=len(raw),
        not_before=datetime.now(UTC),
        message_id=id,
        sender=Address(address),
        recipients=tuple(Recipient(Address(one), RecipientRole.TO) for one in people),
    )
    actor = Actor(ActorKind.SYSTEM, "proof")
    envelope = Envelope(uuid7(), datetime.now(UTC), actor, Origin("cli"))
    Outbox(carteggio).queue(mail, queued, raw, envelope)
    return Sent(mail, id, people, kind, cut)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--points", type=int, default=1_000)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    os.environ["CARTEGGIO_MAIL_NETWORKS_ALLOWED"] = "127.0.0.0/8"
    set_up_logs("error")
    watch, promises = Stopwatch(), Promises()
    cuts = drawn(given.points, Random(given.seed))
    with instance() as home, mail_server() as dovecot, _staged(home, dovecot) as stage:
        lives = proven(stage, cuts)
        tally = counted(stage, promises)
        figures = {
            "points": len(cuts), "mails": len(stage.sent), "struck": len(stage.sink.struck), "killed": stage.sink.killed,
            "processes": lives, "phases": len({one.phase for one in stage.sink.struck}),
            "states": dict(sorted(tally.states.items())), "doubled": tally.doubled,
            "lost": tally.lost, "mistold": tally.mistold, "unsettled": tally.unsettled, "found_in_sent": tally.found, "left_uncertain_though_in_sent": tally.not_found,
            "uncertain_without_a_cut": tally.beside, "copies_doubled": doubled_copies(stage, promises), "seconds": round(watch.seconds),
        }  # fmt: skip
    struck = stage.sink.struck
    missed = set(PHASES) - {one.phase for one in struck} if len(cuts) >= _MANY else set()
    promises.keep(len(struck) >= 0.9 * len(cuts), "too few of the cuts have struck")
    promises.keep(not missed, f"nothing was cut at {missed}")
    promises.conclude("cut_points", figures)


@contextmanager
def _staged(home: "Home", dovecot: "Dovecot") -> Iterator[Stage]:
    """Make the stage; somebody watches the folder of sent mail meanwhile."""
    stage, over = Stage(home, dovecot), threading.Event()

    def watch() -> None:
        while not over.wait(0.001):
            stage.sink.watch()

    with ExitStack() as stack:
        stack.enter_context(stage.server.running())
        thread = threading.Thread(target=watch, name="watching")
        thread.start()
        stack.callback(thread.join)
        stack.callback(over.set)
        yield stage


def proven(stage: Stage, cuts: Sequence[Cut]) -> int:
    """Let everything strike that only the server does, many at once; then what kills, one by one."""
    lives = 0
    for kills in (False, True):
        these = [one for one in cuts if one.kills is kills]
        with compose(stage.home, Settings()) as carteggio:
            secured = [one for one in these if one.phase == "STARTTLS"]
            plain = [one for one in these if one.phase != "STARTTLS"]
            for some, starttls in ((secured, True), (plain, False)):
                for at in range(0, len(some), _EACH):
                    stage.queue(carteggio, some[at : at + _EACH], starttls=starttls)
            carteggio.feed.catch_up()
        say(f"{len(these)} cuts are to strike")
        lives += stage.work(at_once=not kills, lives=3 * len(these) + 3)
    return lives


def counted(stage: Stage, promises: Promises) -> Tally:
    """Compare what the server took with what is recorded of each mail."""
    tally, shown = Tally(), stage.in_folder()
    with compose(stage.home, Settings()) as carteggio:
        outbox = Outbox(carteggio)
        for one in stage.sent:
            state = outbox.state(one.mail)
            tally.states[state.state.value] += 1
            for sentence in _wrong(stage, tally, one, state):
                promises.keep(not sentence, f"{one.message_id}, {one.kind}: {sentence}: {one.cut}")
            uncertain = state.state is OutgoingState.UNCERTAIN
            tally.beside += uncertain and one.cut is None
            if uncertain and one.kind != "alone" and shown[one.message_id]:
                tally.not_found += not _left(state)
        tally.found = _resolved(carteggio)
        left = [one for one in stage.sent if _left(outbox.state(one.mail))]
        wrong = _captured_wrongly(carteggio, [outbox.state(one.mail) for one in left])
        promises.keep(not wrong, f"{wrong} mails that left were not taken in once")
    promises.keep(not tally.not_found, "uncertain mail lies in the folder of sent mail")
    return tally


def _wrong(stage: Stage, tally: Tally, sent: Sent, state: Outgoing) -> Iterator[str]:
    """Say what is wrong with what became of a mail."""
    uncertain = state.state is OutgoingState.UNCERTAIN
    ended = (OutgoingState.ACCEPTED, OutgoingState.REFUSED)
    if not uncertain and state.state not in ended:
        tally.unsettled += 1
        yield f"is still {state.state.value}"
    cut = sent.mail.hex in stage.sink.died_with or (sent.cut and sent.cut.leaves_unclear)
    if uncertain and not cut:
        yield "is uncertain, though its content was not cut and its process lived on"
    for place, address in enumerate(sent.people):
        arrived, said = stage.sink.taken[sent.message_id, address], state.said.get(place)
        if arrived > 1:
            tally.doubled += 1
            yield f"{address} got it {arrived} times"
        if said is Said.ACCEPTED and not arrived:
            tally.lost += 1
            yield f"{address} never got it"
        if said is not Said.ACCEPTED and arrived and not uncertain:
            tally.mistold += 1
            yield f"{address} got it, and is told as {said}"
        if said is None and not uncertain and state.state in ended:
            tally.lost += 1
            yield f"nothing is told of {address}"


def doubled_copies(stage: Stage, promises: Promises) -> int:
    """Count the copies that we filed beside others; what a server files itself twice is its own."""
    found = stage.in_folder()
    beyond = {one: found[one] - max(stage.filed[one], 1) for one in found}
    doubled = sum(one for one in beyond.values() if one > 0)
    promises.keep(not doubled, f"{doubled} copies lie beside others")
    return doubled


def _resolved(carteggio: Carteggio) -> int:
    query = "SELECT count(*) FROM stored_events WHERE topic = 'outgoing.resolved'"
    with carteggio.database.connect() as connection:
        row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def _left(state: Outgoing) -> bool:
    return Said.ACCEPTED in state.said.values()


def _captured_wrongly(carteggio: Carteggio, left: Sequence[Outgoing]) -> int:
    """Count the mails that left and were not taken in, or twice."""
    query = (
        "SELECT originator_id, count(*) FROM stored_events WHERE topic = 'message.received'"
        " GROUP BY originator_id"
    )
    with carteggio.database.connect() as connection:
        found: dict[UUID, int] = dict(connection.execute(query).fetchall())
    messages = [one.queued.message for one in left if one.queued is not None]
    return sum(found.get(one, 0) != 1 for one in messages)


if __name__ == "__main__":
    main()
