"""Master data is taken over from CSV files: only what changed is recorded, and is said."""

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import UUID

from adapters.csvfiles import BadFile, BadLine, Line, read_lines
from adapters.journal import Decider
from api.work.instance import Carteggio
from api.work.records import CERTIFIED, BadRecord, Maker, description
from api.work.takeover import Given, Outcome, take_over
from domain import company, document, party
from domain.company import TakeOver
from domain.document import RegisterDocument
from domain.identity import colleague_id, company_stream, mailbox_id
from domain.party import ContactRegistered, Party, RegisterParty, SetContacts
from domain.values import ContactId

FILES: Final = (
    "company.json",
    "mailboxes.csv",
    "colleagues.csv",
    "parties.csv",
    "contacts.csv",
    "documents.csv",
)

S = TypeVar("S")
C = TypeVar("C")
Contacts = dict[UUID, dict[ContactId, tuple[int, ContactRegistered]]]


class NoDirectory(Exception):
    """There is no master data at that place; the sentence says why."""


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
        for told in (outcome.bad, outcome.odd):
            told.sort(key=lambda one: one.number)
        return outcome

    # ---- files

    def _company(self, outcome: Outcome) -> None:
        described = description(self._folder / outcome.file)
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
        attributed = 0
        for line in self._lines(outcome, ("party_id", "email")):
            try:
                id = self._maker.party_of(line.values)
                attributed += 1
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
        # A line that names no party may be anybody's: while there is one, nobody is removed.
        whole = set(found) - unsure if attributed == outcome.rows else set()
        self._set_contacts(found, whole, outcome)

    def _contact(self, line: Line, id: UUID, unsure: set[UUID]) -> ContactRegistered:
        """Read a contact; a party with a bad line keeps the contacts that it has."""
        try:
            return self._maker.contact(line.values)
        except BadRecord:
            unsure.add(id)
            raise

    def _documents(self, outcome: Outcome) -> None:
        named: dict[UUID, list[int]] = {}

        def read(line: Line) -> tuple[UUID, RegisterDocument]:
            id, registered = self._maker.document(line.values)
            if (owner := registered.record.party) is not None:
                named.setdefault(owner, []).append(line.number)
            return id, RegisterDocument(registered)

        given = self._given(outcome, ("doc_id", "type", "number"), read)
        self._take(document, given, outcome)
        for party_id in self._unknown(named):
            for number in named[party_id]:
                outcome.notice(
                    number, "its party is not known; until it is, no mail is linked to it"
                )

    def _unknown(self, parties: Collection[UUID]) -> set[UUID]:
        """Give those of which nothing was ever registered: a party that is erased is known."""
        asked = [one for one in parties if one not in self._parties_given]
        with self._carteggio.database.pool.connection() as connection:
            known = connection.execute(
                "SELECT originator_id FROM stored_events"
                " WHERE originator_id = ANY(%b) AND originator_version = 1",
                (asked,),
            )
            return set(asked) - {row[0] for row in known}

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
        """Set the contacts of parties; those not in `whole` keep what they have besides.

        A certified address is said by the party's own row, and stays while that is not given.
        """

        def ordering(id: UUID) -> Callable[[Party], SetContacts]:
            given = {key: contact for key, (_, contact) in found[id].items()}

            def order(known: Party) -> SetContacts:
                kept = {
                    key: contact
                    for key, contact in known.contacts.items()
                    if id not in whole
                    or (contact.role == CERTIFIED and id not in self._parties_given)
                }
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
        journal = self._carteggio.journal
        take_over(journal, decider, given, outcome, sizes=sizes, report=self._report)


def _always(command: C) -> Callable[[Any], C]:
    return lambda _: command
