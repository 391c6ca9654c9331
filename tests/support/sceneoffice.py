"""The office in which scenarios are played: an instance with its API, and mailboxes on real servers."""

import asyncio
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from scenes import OURS, Scene

if TYPE_CHECKING:
    from adapters.mime.worker import ReadingWorker
    from dovecot import MailAccount
    from serving import Api
    from submitting import Submitting

BEGINS = datetime(2019, 1, 1, tzinfo=UTC)
CUT_OFF = datetime(2026, 1, 30, tzinfo=UTC)
PEOPLE = {"rossi": "Anna Rossi", "bianchi": "Carlo Bianchi", "conti": "Dora Conti"}
SHARED = {"info": ("rossi", "bianchi"), "service": ("bianchi", "conti")}
_CONFIGURE = """mutation($input: AccountConfigureInput!) { accountConfigure(input: $input) {
  account { mailboxId } userErrors { message } } }"""
_SENDING = """mutation($input: AccountSendingConfigureInput!) {
  accountSendingConfigure(input: $input) { userErrors { message } } }"""
_SHARE = """mutation($input: MailboxShareInput!) { mailboxShare(input: $input) {
  userErrors { message } } }"""
_CALENDAR = """mutation($input: CalendarSaveInput!) { calendarSave(input: $input) {
  userErrors { message } } }"""
_TARGET = """mutation($input: TargetSetInput!) { targetSet(input: $input) {
  userErrors { message } } }"""
_PEOPLE = "{ colleagues { id email } mailboxes { id address } }"
_RECEIVED = """query($filter: MessageFilter!) { messages(filter: $filter, first: 100) {
  edges { node { id headerId } } } }"""


@dataclass
class Hands:
    """The hands of the office's clock, which scenarios set."""

    at: datetime = BEGINS

    def __call__(self) -> datetime:
        return self.at


@dataclass
class SceneOffice:
    """Everybody's mailboxes and tokens; ids are those of the API."""

    api: "Api"
    worker: "ReadingWorker"
    clock: Hands
    accounts: dict[str, "MailAccount"] = field(default_factory=dict)
    boxes: dict[str, str] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    composed: dict[str, str] = field(default_factory=dict)
    """The Message-IDs that mail of ours was given, by those of the scenarios."""

    def ordered(self, command: str, token: str | None = None, **input: Any) -> Any:
        """Give an order over the API that has to be carried out; give what it answers."""
        given = {"commandId": str(uuid4()), **input}
        (answer,) = self.api.ask(command, token, input=given).values()
        assert answer["userErrors"] == [], answer["userErrors"]
        return answer

    def take_in(self, addresses: Iterable[str]) -> None:
        """Look into accounts, and let what follows follow."""
        from api.work.sync import Sync  # noqa: PLC0415

        sync = Sync(self.api.carteggio, self.worker)
        for synced in asyncio.run(sync.all(sorted(addresses), CUT_OFF)):
            assert synced.trouble == "", synced.trouble
        self.settled()

    def leave(self, address: str) -> None:
        """Let what is due leave from a mailbox, and let what follows follow."""
        from domain.identity import mailbox_id  # noqa: PLC0415
        from outgoing import lane_of  # noqa: PLC0415

        box = mailbox_id(self.api.carteggio.identity_key, address)

        async def go() -> None:
            async with lane_of(self.api.carteggio, box, self.worker) as lane:
                await lane.drain()

        asyncio.run(go())
        self.settled()

    def tell_alarms(self) -> None:
        """Let be told what is at risk or late by the office's clock."""
        from api.work.alarms import look  # noqa: PLC0415

        async def go() -> None:
            while await look(self.api.carteggio, self.clock()):
                await asyncio.to_thread(self.settled)

        self.settled()
        asyncio.run(go())
        self.settled()

    def settled(self) -> None:
        """Let read models and decisions reach what was recorded."""
        from api.work.settling import settle  # noqa: PLC0415

        settle(self.api.carteggio, self.api.carteggio.journal.head())

    def learn(self, since: datetime, until: datetime) -> None:
        """Learn the ids of the messages received in a span."""
        span = {"from": since.isoformat(), "to": until.isoformat()}
        found = self.api.ask(_RECEIVED, filter=span)["messages"]["edges"]
        self.messages |= {one["node"]["headerId"]: one["node"]["id"] for one in found}


@contextmanager
def scene_office(
    played: Sequence[Scene], database: Any, folder: Path, server: "Submitting", worker: Any
) -> Iterator[SceneOffice]:
    """Open an office for these scenarios until the block is left."""
    from instances import opened_on  # noqa: PLC0415
    from serving import serving  # noqa: PLC0415

    clock = Hands()
    with (
        opened_on(database, folder / "home", clock=clock) as carteggio,
        serving(carteggio) as api,
    ):
        office = SceneOffice(api, worker, clock)
        _master_data(office, played, folder / "erp")
        for address in sorted(_mailboxes(played)):
            _open(office, server, address)
        _let_people_in(office)
        _open_hours(office)
        yield office


def _master_data(office: SceneOffice, played: Sequence[Scene], folder: Path) -> None:
    from api.work.directory import import_directory  # noqa: PLC0415

    parties, contacts, papers = [], [], []
    for scene in played:
        for code, name, people, order in (
            ("A", "Acme SRL", ("ada", "otto"), "SO-1001"), ("B", "Beta GmbH", ("bert",), "SO-2002"),
        ):  # fmt: skip
            id, number = f"{code}{scene.number}", f"{order}-{scene.number}"
            domain = f"{name.split()[0].lower()}.example"
            parties.append(f"{id},customer,{name} {scene.number},{_sales_manager(scene)}")
            contacts += [f"{id},{one},{scene.address(f'{one}@{domain}')}" for one in people]
            papers.append(f"{number},sales_order,{number},{id},2026-02-02")
    own = {name for scene in played for name in _people(scene)}
    files = {
        "company.json": json.dumps({"name": "Firm", "domains": [OURS]}),
        "colleagues.csv": _csv("name,email,role", [f"{_called(one)},{one},sales" for one in own]),
        "mailboxes.csv": _csv("address", sorted(_mailboxes(played))),
        "parties.csv": _csv("party_id,kind,name,sales_manager", parties),
        "contacts.csv": _csv("party_id,name,email", contacts),
        "documents.csv": _csv("doc_id,type,number,party_id,date", papers),
    }
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    done = import_directory(office.api.carteggio, folder)
    assert [str(one) for part in done for one in part.bad] == []


def _csv(head: str, rows: Iterable[str]) -> str:
    return "\n".join([head, *rows]) + "\n"


def _sales_manager(scene: Scene) -> str:
    return scene.address(f"rossi@{OURS}")


def _people(scene: Scene) -> list[str]:
    return [scene.address(f"{one}@{OURS}") for one in PEOPLE]


def _called(address: str) -> str:
    return PEOPLE[re.split(r"[.@]", address, maxsplit=1)[0]]


def _mailboxes(played: Sequence[Scene]) -> set[str]:
    """Give the mailboxes that scenarios name, and the shared ones of all."""
    named = {
        scene.address(one)
        for scene in played
        for step in scene.steps
        for one in (*step.get("to", ()), *step.get("cc", ()), step.get("box", ""), step.get("mailbox", ""))
        if "do" not in step or one == step.get("mailbox")
        if isinstance(one, str) and one.endswith(f"@{OURS}")
    }  # fmt: skip
    return named | {f"{one}@{OURS}" for one in SHARED}


def _open(office: SceneOffice, server: "Submitting", address: str) -> None:
    """Add the account of a mailbox, which is fetched and sends."""
    dovecot = server.dovecot
    user = dovecot.add_user()
    done = office.ordered(
        _CONFIGURE, address=address, host=dovecot.host, port=dovecot.imap, security="PLAIN",
        user=user.user, password=user.password, check=False,
    )  # fmt: skip
    office.accounts[address], office.boxes[address] = user, done["account"]["mailboxId"]
    office.ordered(
        _SENDING, address=address, host=dovecot.host, port=server.submissions, security="TLS",
        login="PASSWORD", user=user.user, password=user.password, check=False,
        authorities=dovecot.authority.read_text(),
    )  # fmt: skip


def _let_people_in(office: SceneOffice) -> None:
    """Share the mailboxes, and issue each colleague's token."""
    from api.ids import decoded  # noqa: PLC0415
    from api.work.tokens import issue  # noqa: PLC0415
    from domain.values import ColleagueId  # noqa: PLC0415
    from serving import ALL  # noqa: PLC0415

    office.settled()
    found = office.api.ask(_PEOPLE)
    office.people = {one["email"]: one["id"] for one in found["colleagues"]}
    for address, box in office.boxes.items():
        local, _, rest = address.partition("@")
        name, dot, scene = local.partition(".")
        for who in SHARED.get(name, (name,)):
            whose = office.people[f"{who}{dot}{scene}@{rest}"]
            office.ordered(_SHARE, mailboxId=box, userId=whose, role="MEMBER")
    for address, id in office.people.items():
        bearer = issue(office.api.carteggio, address, ALL, (), None, ColleagueId(decoded(id)[1]))
        office.tokens[address] = str(bearer)
    office.settled()


def _open_hours(office: SceneOffice) -> None:
    office.ordered(
        _CALENDAR, name="Ufficio", zone="Europe/Rome", country="IT",
        hours="Mon-Fri 09:00-13:00 14:00-18:00", since="2019-01-01T00:00:00Z",
    )  # fmt: skip
    office.ordered(_TARGET, firstAnswer="PT4H", nextAnswer="PT2H", since="2019-01-01T00:00:00Z")
