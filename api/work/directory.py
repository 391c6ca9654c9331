"""Master data is taken over from CSV files: only what changed is recorded, and is said."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import UUID

from adapters.csvfiles import BadFile, BadLine, Line, decoded, read_lines
from adapters.ids import uuid7
from adapters.journal import Conflict, Decider, NewEvent
from api.work.instance import Carteggio
from api.work.records import BadRecord, Maker
from domain import company, document, party
from domain.company import CompanyDescribed, Own, TakeOver
from domain.document import DocumentChanged, DocumentRegistered, RegisterDocument
from domain.identity import colleague_id, company_stream, mailbox_id
from domain.party import (
    ContactRegistered,
    ContactRemoved,
    Party,
    PartyChanged,
    PartyRegistered,
    RegisterParty,
    SetContacts,
)
from domain.recorded import Envelope, Origin, Recorded
from domain.values import Actor, ActorKind, ContactId, Rejected

FILES: Final = (
    "company.json",
    "mailboxes.csv",
    "colleagues.csv",
    "parties.csv",
    "contacts.csv",
    "documents.csv",
)
_AT_ONCE: Final = 500
_ATTEMPTS: Final = 20

S = TypeVar("S")
C = TypeVar("C")
Contacts = dict[UUID, dict[ContactId, tuple[int, ContactRegistered]]]
Given = Mapping[UUID, tuple[int, Callable[[S], C]]]
"""What a file orders for each stream, as a function of what is known, and the line that says so."""


class NoDirectory(Exception):
    """There is no master data at that place; the sentence says why."""


@dataclass(slots=True)
class Outcome:
    """What became of one file's rows."""

    file: str
    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    bad: list[BadLine] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        """Count what was recorded."""
        for name in ("new", "changed", "unchanged", "removed"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.bad.extend(other.bad)

    def refuse(self, number: int, reason: str) -> None:
        """Count a row that cannot be used."""
        self.bad.append(BadLine(self.file, number, reason))


def import_directory(
    carteggio: Carteggio,
    folder: Path,
    source: str = "erp",
    report: Callable[[], None] = lambda: None,
) -> list[Outcome]:
    """Take over what the files of a folder say; rows that cannot be used leave the others alone."""
    if not folder.is_dir():
        raise NoDirectory(f"{folder}: there is no such folder")
    there = [name for name in FILES if (folder / name).is_file()]
    if not there:
        raise NoDirectory(f"{folder}: none of these files is in it: {', '.join(FILES)}")
    taking = _Taking(carteggio, folder, source, report)
    return [outcome for name in there if (outcome := taking.file(name)) is not None]


class _Taking:
    """One run over a folder's files."""

    def __init__(
        self, carteggio: Carteggio, folder: Path, source: str, report: Callable[[], None]
    ) -> None:
        self._carteggio, self._folder, self._report = carteggio, folder, report
        self._maker = Maker(carteggio.company, source, carteggio.identity_key)
        self._parties_given: set[UUID] = set()
        self._certified: dict[UUID, tuple[int, ContactRegistered]] = {}

    def file(self, name: str) -> Outcome:
        """Take one file over."""
        outcome = Outcome(name)
        take = {
            "company.json": self._company,
            "mailboxes.csv": self._mailboxes,
            "colleagues.csv": self._colleagues,
            "parties.csv": self._parties,
            "contacts.csv": self._contacts,
            "documents.csv": self._documents,
        }[name]
        try:
            take(outcome)
        except BadFile as trouble:
            outcome.refuse(1, str(trouble))
        return outcome

    # ---- files

    def _company(self, outcome: Outcome) -> None:
        described = _description(self._folder / outcome.file)
        outcome.rows = 1
        given = {company_stream(self._carteggio.company): (1, _always(TakeOver(described)))}
        self._take(company, given, outcome)

    def _mailboxes(self, outcome: Outcome) -> None:
        def read(line: Line) -> tuple[UUID, TakeOver]:
            record = self._maker.mailbox(line.values)
            return mailbox_id(self._maker.key, record.address), TakeOver(record)

        # One line for each folder of a mailbox: that they say the same is no fault.
        given = self._given(outcome, ("address",), read, repeated=True)
        self._take(company, given, outcome)

    def _colleagues(self, outcome: Outcome) -> None:
        def read(line: Line) -> tuple[UUID, TakeOver]:
            record = self._maker.colleague(line.values)
            return colleague_id(self._maker.key, record.address), TakeOver(record)

        self._take(company, self._given(outcome, ("email",), read), outcome)

    def _parties(self, outcome: Outcome) -> None:
        def read(line: Line) -> tuple[UUID, RegisterParty]:
            id, record = self._maker.party_of(line.values), self._maker.party(line.values)
            if certified := self._maker.certified_contact(line.values):
                self._certified[id] = line.number, certified
            return id, RegisterParty(record)

        given = self._given(outcome, ("party_id", "kind", "name"), read)
        self._take(party, given, outcome)
        self._parties_given.update(given)
        if self._certified and not (self._folder / "contacts.csv").is_file():
            found = {id: {one.contact: (at, one)} for id, (at, one) in self._certified.items()}
            self._set_contacts(found, set(), Outcome("parties.csv"))

    def _contacts(self, outcome: Outcome) -> None:
        found: Contacts = {id: {} for id in self._parties_given}
        unsure: set[UUID] = set()
        for line in self._lines(outcome, ("party_id", "email")):
            try:
                id = self._maker.party_of(line.values)
                contact = self._contact(line, id, unsure)
            except BadRecord as trouble:
                outcome.refuse(line.number, str(trouble))
                continue
            of_party = found.setdefault(id, {})
            if contact.contact in of_party:
                first = of_party[contact.contact][0]
                outcome.refuse(line.number, f"line {first} has this address already")
            of_party.setdefault(contact.contact, (line.number, contact))
        for party_id, (at, certified) in self._certified.items():
            found[party_id].setdefault(certified.contact, (at, certified))
        self._set_contacts(found, set(found) - unsure, outcome)

    def _contact(self, line: Line, id: UUID, unsure: set[UUID]) -> ContactRegistered:
        """Read a contact; a party with a bad line keeps the contacts that it has."""
        try:
            return self._maker.contact(line.values)
        except BadRecord:
            unsure.add(id)
            raise

    def _documents(self, outcome: Outcome) -> None:
        def read(line: Line) -> tuple[UUID, RegisterDocument]:
            id, registered = self._maker.document(line.values)
            return id, RegisterDocument(registered)

        self._take(document, self._given(outcome, ("doc_id", "type", "number"), read), outcome)

    # ---- the same for all

    def _lines(self, outcome: Outcome, needed: tuple[str, ...]) -> Iterator[Line]:
        for line in read_lines(self._folder / outcome.file, needed):
            outcome.rows += 1
            if isinstance(line, BadLine):
                outcome.bad.append(line)
            else:
                yield line

    def _given(
        self,
        outcome: Outcome,
        needed: tuple[str, ...],
        read: Callable[[Line], tuple[UUID, C]],
        *,
        repeated: bool = False,
    ) -> dict[UUID, tuple[int, Callable[[Any], C]]]:
        given: dict[UUID, tuple[int, Callable[[Any], C]]] = {}
        for line in self._lines(outcome, needed):
            try:
                id, command = read(line)
            except BadRecord as trouble:
                outcome.refuse(line.number, str(trouble))
                continue
            if id in given and repeated:
                outcome.rows -= 1
            elif id in given:
                outcome.refuse(line.number, f"line {given[id][0]} is about the same record")
            given.setdefault(id, (line.number, _always(command)))
        return given

    def _set_contacts(self, found: Contacts, whole: Collection[UUID], outcome: Outcome) -> None:
        """Set the contacts of parties; those not in `whole` keep what they have besides."""

        def ordering(id: UUID) -> Callable[[Party], SetContacts]:
            given = {key: contact for key, (_, contact) in found[id].items()}

            def order(known: Party) -> SetContacts:
                kept = {} if id in whole else dict(known.contacts)
                return SetContacts(tuple((kept | given).values()))

            return order

        first = {id: min((at for at, _ in found[id].values()), default=0) for id in found}
        sizes = {id: len(of_party) for id, of_party in found.items()}
        given = {id: (first[id], ordering(id)) for id in found}
        self._take(party, given, outcome, sizes)

    def _take(
        self,
        decider: Decider[S, C],
        given: Given[S, C],
        outcome: Outcome,
        sizes: Mapping[UUID, int] | None = None,
    ) -> None:
        """Record what changes, some hundred streams in a transaction."""
        rest = iter(given)
        while streams := list(islice(rest, _AT_ONCE)):
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    self._take_some(decider, {id: given[id] for id in streams}, outcome, sizes)
                    break
                except Conflict:
                    if attempt == _ATTEMPTS:
                        raise
            self._report()

    def _take_some(
        self,
        decider: Decider[S, C],
        given: Given[S, C],
        outcome: Outcome,
        sizes: Mapping[UUID, int] | None,
    ) -> None:
        journal, counted = self._carteggio.journal, Outcome(outcome.file)
        keys = journal.prepare(given)
        past = _by_stream(journal.streams(given))
        events: list[NewEvent] = []
        for id, (line, order) in given.items():
            state, size = decider.initial, 1 if sizes is None else sizes[id]
            for recorded in past.get(id, ()):
                state = decider.evolve(state, recorded.event)
            try:
                if id not in keys:
                    raise Rejected("ERASED", "it was erased, and does not come back")
                happened = decider.decide(state, order(state))
            except Rejected as no:
                counted.refuse(line, no.sentence)
                continue
            _count(counted, state, happened, size)
            version = len(past.get(id, ()))
            events.extend(
                NewEvent(id, event, _envelope(), version + at)
                for at, event in enumerate(happened, 1)
            )
        with journal.writing() as writing:
            writing.seal(events)
            writing.append(events)
        outcome.add(counted)


def _always(command: C) -> Callable[[Any], C]:
    return lambda _: command


def _by_stream(past: Iterable[Recorded]) -> dict[UUID, list[Recorded]]:
    found: dict[UUID, list[Recorded]] = {}
    for recorded in past:
        found.setdefault(recorded.stream, []).append(recorded)
    return found


def _count(outcome: Outcome, state: object, happened: Sequence[object], size: int) -> None:
    known = state.contacts if isinstance(state, Party) else {}
    for event in happened:
        match event:
            case ContactRemoved():
                outcome.removed += 1
            case ContactRegistered(contact=contact):
                outcome.changed += contact in known
                outcome.new += contact not in known
            case PartyChanged() | DocumentChanged():
                outcome.changed += 1
            case PartyRegistered() | DocumentRegistered():
                outcome.new += 1
            case _:
                before = isinstance(state, Own) and state.record is not None
                outcome.changed += before
                outcome.new += not before
    outcome.unchanged += max(0, size - sum(not isinstance(e, ContactRemoved) for e in happened))


def _envelope() -> Envelope:
    actor = Actor(ActorKind.SYSTEM, "directory")
    return Envelope(uuid7(), datetime.now(UTC), actor, Origin("import"))


def _description(path: Path) -> CompanyDescribed:
    """Read company.json: name, own domains, aliases and distribution lists."""
    try:
        said = json.loads(decoded(path.read_bytes()))
        return CompanyDescribed(
            name=_text(said["name"]),
            domains=tuple(_text(one).casefold() for one in said["domains"]),
            aliases=tuple(
                (_text(alias), _text(address))
                for alias, address in sorted(said.get("aliases", {}).items())
            ),
            lists=tuple(
                (_text(name), tuple(map(_text, members)))
                for name, members in sorted(said.get("distribution_lists", {}).items())
            ),
        )
    except OSError as trouble:
        raise BadFile(f"it cannot be read: {trouble.strerror or trouble}") from trouble
    except json.JSONDecodeError as trouble:
        raise BadFile(f"it is no JSON: {trouble}") from trouble
    except KeyError as missing:
        raise BadFile(f"{missing} is missing; name and domains are needed") from None
    except (TypeError, AttributeError, ValueError):
        raise BadFile("it has another form than name, domains, aliases, …") from None


def _text(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError(value)
    return value.strip()
