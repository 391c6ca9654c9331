"""Let programs answer each other, and count how often ours write, whoever they face.

Two instances of ours, each with its own `carteggio work`, their mail on Dovecot, and an SMTP server
between them. Colleagues are away, and mail is answered automatically:

- two of ours, between servers that hand on what RFC 3834 asks for;
- two of ours, between servers that take all of it away;
- one of ours, and a program that answers whatever comes, without any field that would tell;
- one of ours, and one that answers each mail with three, each from an address of its own.
"""

import os
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from email.message import EmailMessage
from itertools import count
from typing import TYPE_CHECKING, Final

from adapters.home import Home
from adapters.ids import uuid7
from adapters.logs import set_up_logs
from adapters.settings import Settings
from api.compose import compose
from api.work.absences import Said, Span, set_absence
from api.work.directory import import_directory
from api.work.instance import Carteggio
from api.work.sendingside import EnteredSending, configure_sending
from api.work.sharing import colleague_at
from api.work.tokens import by_operator
from benchmarks.mailserver import enter, mail_server
from benchmarks.postoffice import PostOffice
from benchmarks.proofs.promises import Promises
from benchmarks.stage import Stopwatch, command, folder, instance, say
from domain.autoreply import MOST_OF_A_MAILBOX, AutoreplySent, AutoreplySuppressed
from domain.identity import mailbox_id
from domain.values import AbsenceId

if TYPE_CHECKING:
    from dovecot import Dovecot

ANNA, CARLA, OLGA, PIA = (f"{one}@firm.example" for one in ("anna", "carla", "olga", "pia"))
BERT, DARIO = "bert@beta.example", "dario@beta.example"
_PATIENCE_S: Final = 300
_TRIPPED: Final = "breaker_tripped"
_NAMES: Final = ("autoreply.sent", "autoreply.suppressed", "mailbox.autoreplies_halted")


@dataclass(frozen=True, slots=True)
class Firm:
    """An instance whose colleagues are all away."""

    home: Home
    carteggio: Carteggio

    def told(self, address: str) -> Counter[str]:
        """Count what was decided for mail to somebody: sent, or why not."""
        box = mailbox_id(self.carteggio.identity_key, address)
        found: Counter[str] = Counter()
        for one in self.carteggio.journal.read(0, limit=100_000, names=_NAMES):
            event = one.event
            if one.stream == box:
                found[_TRIPPED] += 1
            elif isinstance(event, AutoreplySent) and event.mailbox == box:
                found["sent"] += 1
            elif isinstance(event, AutoreplySuppressed) and event.mailbox == box:
                found[event.why.value] += 1
        return found


@contextmanager
def firm(dovecot: "Dovecot", office: PostOffice, port: int, *people: str) -> Iterator[Firm]:
    """Make an instance, send its people away, and let it work until the block is left."""
    domain = people[0].partition("@")[2]
    with (
        instance() as home,
        compose(home, Settings()) as carteggio,
        folder() as directory,
    ):
        rows = [f"{one.partition('@')[0]},{one},sales" for one in people]
        files = {
            "company.json": f'{{"name": "{domain}", "domains": ["{domain}"]}}',
            "colleagues.csv": "\n".join(["name,email,role", *rows, ""]),
            "mailboxes.csv": "\n".join(["address", *people, ""]),
        }
        for name, text in files.items():
            (directory / name).write_text(text)
        import_directory(carteggio, directory)
        for one in people:
            office.mailboxes[one] = dovecot.add_user()
            enter(carteggio, one, office.mailboxes[one])
            server = EnteredSending(
                one, "127.0.0.1", port, "plain", "none", mails_per_minute=100_000
            )
            configure_sending(carteggio, server)
            away = Said(Span(date(2026, 1, 1)), answers=True, texts=(("it", "Sono assente."),))
            whose = colleague_at(carteggio, one)
            set_absence(carteggio, AbsenceId(uuid7()), whose, away, by_operator())
        with _working(home):
            yield Firm(home, carteggio)


@contextmanager
def _working(home: Home) -> Iterator[None]:
    process = subprocess.Popen(command(home, "work"), stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def answers_everything(office: PostOffice, mail: EmailMessage, whom: str) -> None:
    """Answer whatever comes to whoever wrote it, and tell by nothing that a program does."""
    office.write(whom, mail["From"].addresses[0].addr_spec, f"Re: {mail['Subject']}")


class Storm:
    """Answers each mail with three, each from another address."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def __call__(self, office: PostOffice, mail: EmailMessage, whom: str) -> None:
        for _ in range(3):
            author = f"s{next(self._numbers)}@{whom.partition('@')[2]}"
            office.write(author, mail["From"].addresses[0].addr_spec, "Storm")


def until_quiet(office: PostOffice, people: Sequence[tuple[Firm, str]]) -> None:
    """Wait until all mail that came was decided on, and all that was sent has left."""
    began, same, before = time.monotonic(), 0, ()
    while same < 5:  # what left may be under way to who answers it
        if time.monotonic() - began > _PATIENCE_S:
            raise SystemExit(f"it is never quiet: {office.delivered} came, {office.left} left")
        now, quiet = [], True
        for one, address in people:
            told = one.told(address)
            came = office.delivered.get(address, 0)
            now += [told.total() - told[_TRIPPED], came, office.left.get(address, 0)]
            quiet &= now[-3] == came and told["sent"] == now[-1]
        same = same + 1 if quiet and before == tuple(now) else 0
        before = tuple(now)
        time.sleep(0.3)


def main() -> None:
    os.environ["CARTEGGIO_MAIL_NETWORKS_ALLOWED"] = "127.0.0.0/8"
    set_up_logs("error")
    watch, promises, office = Stopwatch(), Promises(), PostOffice()
    office.responders = {"hostile.example": answers_everything, "storm.example": Storm()}
    office.forgetful = {CARLA, DARIO}
    with ExitStack() as stack:
        dovecot, port = stack.enter_context(mail_server()), stack.enter_context(office.opened())
        ours = stack.enter_context(firm(dovecot, office, port, ANNA, CARLA, OLGA, PIA))
        theirs = stack.enter_context(firm(dovecot, office, port, BERT, DARIO))
        say("everybody is away; now they are written to")
        office.write(BERT, ANNA, "Angebot")
        office.write(DARIO, CARLA, "Angebot")
        office.write("mallory@hostile.example", OLGA, "Angebot")
        office.write("s0@storm.example", PIA, "Angebot")
        faced = [(ours, ANNA), (theirs, BERT), (ours, CARLA), (theirs, DARIO), (ours, OLGA), (ours, PIA)]  # fmt: skip
        until_quiet(office, faced)
        told = {address: one.told(address) for one, address in faced}
    for address in (ANNA, BERT, CARLA, DARIO, OLGA):
        promises.keep(told[address]["sent"] <= 1, f"{address} answered more than once")
    for address in (ANNA, CARLA, DARIO, OLGA):
        promises.keep(told[address]["sent"] == 1, f"{address} did not answer once")
    storm = told[PIA]
    promises.keep(storm["sent"] <= MOST_OF_A_MAILBOX, "a storm was answered without end")
    promises.keep(storm[_TRIPPED] == 1, "a storm did not halt the mailbox, or was told again")
    figures = {address.partition("@")[0]: dict(one) for address, one in told.items()}
    mails = sum(office.delivered.values())
    promises.conclude(
        "autoresponders", {**figures, "mails": mails, "seconds": round(watch.seconds)}
    )


if __name__ == "__main__":
    main()
