"""What became of mail is told rightly for each recipient, in whatever order proofs come.

Ordinary and certified mail leaves to a server on this machine, to three recipients each. For every
recipient a story is drawn: nothing, put off, delivered, bounced; accepted by a PEC provider, carried
over, late, delivered, failed. Delivery reports and receipts are written as servers write them, with
forged ones among them, and imported in random order, some before the mail has left. Then
`carteggio deliveries` is compared with the stories, and the read models with the events.

    python -m benchmarks.proofs.certified [--mails 60] [--seed 1]
"""

import argparse
import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from adapters.home import Home
from adapters.ids import uuid7
from adapters.logs import set_up_logs
from adapters.mime.worker import ReadingWorker
from adapters.settings import Settings
from api.compose import compose
from api.work.flightmarks import Marks
from api.work.importing import register_mailbox
from api.work.instance import Carteggio
from api.work.lane import Lane
from api.work.leases import Locks
from api.work.outbox import Outbox
from api.work.reception import Reception
from api.work.sendingside import EnteredSending, configure_sending
from api.work.sendingways import Ways
from api.work.tokens import by_operator
from benchmarks.proofs.cutting import Box, Server, Sink
from benchmarks.proofs.promises import Promises, ask
from benchmarks.receiptmaker import Receipt, Reported, Sent, bounce, receipt
from benchmarks.stage import Stopwatch, instance, say
from domain.identity import identify
from domain.outgoing import MailQueued, Recipient, RecipientRole
from domain.values import Address, BlobName, MessageId

OFFICE, PEC = "info@firma.example", "ufficio@pec.firma.example"
NOW: Final = datetime.now(UTC).replace(microsecond=0)
_NO: Final = "5.1.1 - indirizzo non valido"


@dataclass(frozen=True, slots=True)
class Story:
    """What is reported of one recipient, and how the mail stands for him in the end."""

    told: tuple[str, ...]
    state: str


ORDINARY: Final = (
    Story((), "accepted"),
    Story(("delayed",), "deferred"),
    Story(("delayed", "delivered"), "delivered"),
    Story(("failed",), "bounced"),
    Story(("delayed", "failed"), "bounced"),
    Story(("relayed",), "relayed"),
    Story(("forged",), "accepted"),
)
CERTIFIED: Final = (
    Story((), "accepted"),
    Story(("accettazione",), "pec_accepted"),
    Story(("accettazione", "presa-in-carico"), "relayed"),
    Story(("accettazione", "presa-in-carico", "avvenuta-consegna"), "pec_delivered"),
    Story(("avvenuta-consegna",), "pec_delivered"),
    Story(("accettazione", "preavviso-errore-consegna"), "pec_late"),
    Story(("preavviso-errore-consegna", "avvenuta-consegna"), "pec_delivered"),
    Story(("accettazione", "errore-consegna"), "pec_failed"),
    Story(("forged",), "accepted"),
)
OF_ALL: Final = (
    Story(("non-accettazione",), "pec_failed"),
    Story(("rilevazione-virus",), "pec_failed"),
)
_REPORTS: Final = {
    "delayed": ("4.4.1", "450 4.4.1 connection timed out"),
    "delivered": ("2.0.0", "250 2.0.0 ok"),
    "failed": ("5.1.1", "550 5.1.1 No such user here"),
    "relayed": ("2.0.0", "250 2.0.0 relayed"),
}


@dataclass
class Mail:
    """A mail with its recipients' stories."""

    sent: Sent
    stories: list[Story]
    notices: list[bytes] = field(default_factory=list)


def mails(count: int, chance: random.Random) -> Iterator[Mail]:
    """Draw mails; every other one is certified."""
    for number in range(count):
        sender = PEC if number % 2 else OFFICE
        people = tuple(f"r{number}.{at}@{'pec.' * (number % 2)}c{at}.example" for at in range(3))
        sent = Sent(f"{number}@firma.example", sender, people, uuid7().hex, f"Offerta {number}")
        if number % 2 and chance.random() < 0.15:
            stories = [chance.choice(OF_ALL)] * 3
        else:
            stories = [chance.choice(CERTIFIED if number % 2 else ORDINARY) for _ in people]
            if number % 2:
                stories = [_with_acceptance(one, stories) for one in stories]
        mail = Mail(sent, stories)
        mail.notices = list(_receipts(mail) if number % 2 else _reports(mail))
        yield mail


def _with_acceptance(one: Story, every: list[Story]) -> Story:
    """An acceptance names all recipients: whoever has nothing else is accepted, too."""
    accepted = any("accettazione" in other.told for other in every)
    return Story(one.told, "pec_accepted") if accepted and one.state == "accepted" else one


def _at(mail: Mail) -> datetime:
    return NOW + timedelta(minutes=len(mail.notices) + 1)


def _reports(mail: Mail) -> Iterator[bytes]:
    sent, number = mail.sent, mail.sent.message_id.partition("@")[0]
    for place, story in enumerate(mail.stories):
        for at, told in enumerate(story.told):
            name = int(f"{number}{place}{at}")
            if told == "forged":
                stranger = [Reported(f"mallory{place}@evil.example")]
                yield bounce(sent, stranger, number=name, at=_at(mail))
                continue
            status, text = _REPORTS[told]
            one = Reported(sent.recipients[place], told, status, text)
            yield bounce(sent, [one], number=name, at=_at(mail))


def _receipts(mail: Mail) -> Iterator[bytes]:
    sent, number, common = mail.sent, mail.sent.message_id.partition("@")[0], set[str]()
    for place, story in enumerate(mail.stories):
        for at, told in enumerate(story.told):
            name, whom = int(f"{number}{place}{at}"), sent.recipients[place]
            if told == "forged":
                made = Receipt("avvenuta-consegna", whom)
                yield receipt(sent, made, number=name, at=_at(mail), signed=False)
            elif told in ("accettazione", "non-accettazione", "rilevazione-virus"):
                if told not in common:
                    yield receipt(sent, Receipt(told), number=name, at=_at(mail))
                common.add(told)
            else:
                detail = _NO if told == "errore-consegna" else ""
                made = Receipt(told, whom, "altro" if detail else "nessuno", detail)
                yield receipt(sent, made, number=name, at=_at(mail))


def queue(carteggio: Carteggio, mail: Mail) -> None:
    """Let a mail wait to leave."""
    sent = mail.sent
    raw = (
        f"Message-ID: <{sent.message_id}>\r\nFrom: {sent.sender}\r\nDate: Mon, 05 Jan 2026 08:00:00 "
        f"+0000\r\nTo: {', '.join(sent.recipients)}\r\nSubject: {sent.subject}\r\n\r\nEcco.\r\n"
    ).encode()
    queued = MailQueued(
        register_mailbox(carteggio, sent.sender),
        MessageId(identify(carteggio.identity_key, raw).message),
        BlobName(""), sha256(raw).hexdigest(), len(raw), NOW, sent.message_id, Address(sent.sender),
        tuple(Recipient(Address(one), RecipientRole.TO) for one in sent.recipients),
        sent.subject, certified=sent.sender == PEC,
    )  # fmt: skip
    Outbox(carteggio).queue(UUID(hex=sent.envid), queued, raw, by_operator())


async def drain(carteggio: Carteggio, worker: ReadingWorker) -> None:
    """Send what is due from both mailboxes."""
    reception = Reception(carteggio.journal, carteggio.blobs, worker, "smtp", exact=False)
    locks, marks, ways = Locks(carteggio.database), Marks(carteggio.database), Ways(carteggio)
    try:
        for address in (OFFICE, PEC):
            box = register_mailbox(carteggio, address)
            await Lane(carteggio, box, ways, reception, locks, marks).drain()
    finally:
        await locks.close()
        await marks.close()


def send(home: Home, some: list[Mail], port: int) -> None:
    """Let mail leave to the server on this machine."""
    allowed: dict[str, Any] = {"mail_networks_allowed": "127.0.0.0/8"}
    with compose(home, Settings(**allowed)) as carteggio, ReadingWorker() as worker:
        for address in (OFFICE, PEC):
            register_mailbox(carteggio, address)
            server = (address, "127.0.0.1", port, "plain", "none")
            entered = EnteredSending(*server, sent_copy="never", mails_per_minute=100_000)  # type: ignore[arg-type]
            configure_sending(carteggio, entered)
        for one in some:
            queue(carteggio, one)
        carteggio.feed.catch_up()
        asyncio.run(drain(carteggio, worker))


def import_notices(home: Home, place: Path, some: list[tuple[str, bytes]]) -> None:
    """Take notices in from outside, each in the mailbox to which it came."""
    for address in (OFFICE, PEC):
        folder = place / address
        folder.mkdir(parents=True)
        for at, (box, raw) in enumerate(some):
            if box == address:
                (folder / f"{at}.eml").write_bytes(raw)
        ask(home, "import", "mail", str(folder), "--mailbox", address)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    chance, promises, watch = random.Random(given.seed), Promises(), Stopwatch()
    set_up_logs("error")
    with instance() as home, Server(Sink(lambda _port, _raw: None)).running() as server:
        port = server.open(Box())
        every = list(mails(given.mails, chance))
        notices = [(one.sent.sender, raw) for one in every for raw in one.notices]
        chance.shuffle(notices)
        early = len(notices) // 3
        import_notices(home, home.folder.parent / "early", notices[:early])
        send(home, every, port)
        import_notices(home, home.folder.parent / "late", notices[early:])
        told = ask(home, "deliveries", "--json", "--limit", "10000").facts
        verified = ask(home, "replay", "--verify").code == 0
    figures = compared(promises, every, told)
    promises.keep(verified, "the read models are not what the events say")
    figures |= {"notices": len(notices), "before_the_mail_left": early}
    promises.conclude("certified", figures | {"seconds": round(watch.seconds)})


def compared(promises: Promises, every: list[Mail], told: list[dict[str, Any]]) -> dict[str, Any]:
    """Compare what is told with the stories."""
    found = {(one["mail"].replace("-", ""), one["recipient"]): one for one in told}
    states: Counter[str] = Counter()
    for mail in every:
        for recipient, story in zip(mail.sent.recipients, mail.stories, strict=True):
            state = found.get((mail.sent.envid, recipient), {}).get("state")
            promises.keep(state == story.state, f"{recipient}: {state} after {story}")
            states[str(state)] += 1
    bounced = [one for one in found.values() if one["state"] in ("bounced", "pec_failed")]
    promises.keep(all(one["proof"] for one in bounced), "what failed has no proof")
    say(f"{dict(states)}")
    return {
        "mails": len(every),
        "recipients": sum(states.values()),
        **dict(sorted(states.items())),
    }


if __name__ == "__main__":
    main()
