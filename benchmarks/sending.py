"""How fast mail leaves from the outbox, beside smtplib in one loop: to one server, over SMTP.

Ours is all that `carteggio work` does for mails that wait, until the last of them has left and its
events are recorded; `with_copies`, until each is a message as well: read, sealed, and kept. smtplib
hands over the same octets over one connection, in turns with ours. `ratio` is ours to theirs, the
median of the rounds.
"""

import argparse
import asyncio
import smtplib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import islice
from uuid import UUID

from adapters.ids import uuid7
from adapters.mime.worker import ReadingWorker
from api.work.instance import Carteggio
from api.work.lanes import Lanes
from api.work.outbox import Outbox
from api.work.sendingside import EnteredSending, configure_sending
from benchmarks.mailmaker import MAILBOX, Maker
from benchmarks.smtpsink import sink
from benchmarks.stage import Stopwatch, middle, opened, ratio, say, tell
from domain.identity import identify, mailbox_id
from domain.outgoing import MailQueued, Recipient, RecipientRole
from domain.recorded import Envelope, Origin
from domain.values import Actor, ActorKind, Address, BlobName, MessageId

MARK = 0.3
PERSON = "anna@rossi.example"
_UNBOUND = 1_000_000
_LINE = 998


@dataclass(frozen=True, slots=True)
class Lap:
    """Seconds of one round."""

    queued: float
    ours: float
    copied: float
    cpu: float
    theirs: float


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--messages", type=int, default=1_000)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    maker = Maker(given.seed)
    raws = octets(maker)
    with sink() as port, opened() as carteggio, ReadingWorker() as worker:
        sends_by(carteggio, port)
        laps = [
            _lap(carteggio, worker, port, list(islice(raws, given.messages)))
            for _ in range(given.rounds)
        ]
    ours, copied, theirs = (
        middle([getattr(one, x) for one in laps]) for x in ("ours", "copied", "theirs")
    )
    figure = middle([ratio(one.theirs, one.ours) for one in laps])
    tell(
        "sending",
        {
            "messages": given.messages,
            "rounds": given.rounds,
            "ratio_to_smtplib": figure,
            "mark": MARK,
            "ratio_with_copies": middle([ratio(one.theirs, one.copied) for one in laps]),
            "missed": figure < MARK,
            "messages_per_s": round(given.messages / ours),
            "with_copies_per_s": round(given.messages / copied),
            "smtplib_per_s": round(given.messages / theirs),
            "queued_per_s": round(given.messages / middle([one.queued for one in laps])),
            "cpu_ms_per_message": middle([1_000 * one.cpu / given.messages for one in laps]),
        },
    )


def octets(maker: Maker) -> Iterator[bytes]:
    """Give mail as any server takes it (RFC 5321 4.5.3.1.6): all its lines end in CRLF."""
    for one in maker.messages():
        bare = one.raw.replace(b"\r\n", b"\n")
        if b"\r" not in bare and b"\0" not in bare and max(map(len, bare.split(b"\n"))) <= _LINE:
            yield bare.replace(b"\n", b"\r\n")


def sends_by(carteggio: Carteggio, port: int) -> None:
    """Let the mailbox send by the sink, which takes as much as comes."""
    server = MAILBOX, "127.0.0.1", port, "plain", "none"
    configure_sending(carteggio, EnteredSending(*server, mails_per_minute=_UNBOUND))  # type: ignore[arg-type]
    carteggio.feed.catch_up()


def queue(carteggio: Carteggio, raw: bytes) -> UUID:
    """Let a mail wait for its lane."""
    mail, now = uuid7(), datetime.now(UTC)
    queued = MailQueued(
        mailbox=mailbox_id(carteggio.identity_key, MAILBOX),
        message=MessageId(identify(carteggio.identity_key, raw).message),
        raw=BlobName(""),
        raw_sha256=sha256(raw).hexdigest(),
        size=len(raw),
        not_before=now - timedelta(seconds=1),
        message_id=f"{mail.hex}@firma.example",
        sender=Address(MAILBOX),
        recipients=(Recipient(Address(PERSON), RecipientRole.TO),),
        subject="Ordine",
    )
    envelope = Envelope(uuid7(), now, Actor(ActorKind.CLIENT, "benchmark"), Origin("cli"))
    Outbox(carteggio).queue(mail, queued, raw, envelope)
    return mail


def _lap(carteggio: Carteggio, worker: ReadingWorker, port: int, raws: Sequence[bytes]) -> Lap:
    watch = Stopwatch()
    for raw in raws:
        queue(carteggio, raw)
    queued = watch.seconds
    theirs = _smtplib(port, raws)
    began, watch = datetime.now(UTC), Stopwatch()
    asyncio.run(Lanes(carteggio, worker).run_once())
    copied, cpu = watch.seconds, watch.cpu
    lap = Lap(queued, _left_after(carteggio, began, len(raws)), copied, cpu, theirs)
    say(
        f"ours {lap.ours:.2f} s, with copies {copied:.2f} s, smtplib {theirs:.2f} s, queued in {queued:.2f} s"
    )
    return lap


def _left_after(carteggio: Carteggio, began: datetime, mails: int) -> float:
    """Give the seconds after which the last event was recorded that says that a mail left."""
    query = (
        "SELECT max(recorded_at), count(*), (SELECT count(*) FROM outbox) FROM stored_events"
        " WHERE topic = 'outgoing.accepted' AND recorded_at > %s"
    )
    with carteggio.database.pool.connection() as connection:
        found = connection.execute(query, (began,)).fetchone()
    if found is None or found[1:] != (mails, 0):
        raise SystemExit(f"not all of {mails} mails left: {found and found[1:]}")
    return float((found[0] - began).total_seconds())


def _smtplib(port: int, raws: Sequence[bytes]) -> float:
    with smtplib.SMTP("127.0.0.1", port) as client:
        watch = Stopwatch()
        for raw in raws:
            client.sendmail(MAILBOX, [PERSON], raw)
        return watch.seconds


if __name__ == "__main__":
    main()
