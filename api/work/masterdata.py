"""How master data fills the reactions' look-ups, and which messages it makes due."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from adapters.matching import Lookups, number_keys, ref
from adapters.matching_choices import Choices
from adapters.matching_documents import Documents
from adapters.matching_due import Due
from adapters.matching_merges import Merges
from adapters.matching_people import People
from adapters.matching_remembered import Remembered
from adapters.matching_topics import Topics
from domain.choosing import ChoosingEvent, words
from domain.company import ColleagueRegistered, CompanyDescribed, MailboxRegistered
from domain.document import DocumentChanged, DocumentRecord, DocumentRegistered
from domain.facts import named_ids, own_ids
from domain.merging import PartyMerged, PartyMergeUndone
from domain.message import MessageClosed
from domain.party import ContactRegistered, ContactRemoved
from domain.recorded import Recorded
from domain.remembering import Choice, ChoiceForgotten, ChoiceRemembered, words_in
from domain.signedtoken import Named, Names
from domain.webform import WebFormDeclared


@dataclass(frozen=True, slots=True)
class Tables:
    """All look-ups, within one transaction."""

    lookups: Lookups
    people: People
    topics: Topics
    choices: Choices
    documents: Documents
    merges: Merges
    remembered: Remembered
    due: Due

    @classmethod
    def on(cls, connection: Connection[TupleRow], *, quiet: bool = False) -> "Tables":
        """Give those of a connection; `quiet`: what is folded makes no message due."""
        return cls(
            Lookups(connection),
            People(connection),
            Topics(connection),
            Choices(connection),
            Documents(connection),
            Merges(connection),
            Remembered(connection),
            Due(connection, quiet=quiet),
        )


def fold_contacts(tables: Tables, batch: Sequence[Recorded]) -> None:
    now: dict[UUID, tuple[UUID, str, UUID] | None] = {}
    for recorded in batch:
        match recorded.event:
            case ContactRegistered(contact=contact, address=address):
                now[contact] = (contact, address.casefold(), recorded.stream)
            case ContactRemoved(contact=contact):
                now[contact] = None
            case _:
                pass
    if not now:
        return
    kept = [one for one in now.values() if one is not None]
    touched = tables.people.set_contacts(kept) if kept else []
    touched += tables.people.remove_contacts([key for key, one in now.items() if one is None])
    touched += tables.people.told_of_by(touched)
    tables.due.due_with_addresses(touched, batch[-1].envelope.event_id)


def fold_documents(tables: Tables, batch: Sequence[Recorded]) -> None:
    """Take in whose documents are; signed tokens in earlier mail may name them."""
    parties = {
        one.stream: one.event.record.party
        for one in batch
        if isinstance(one.event, DocumentRegistered | DocumentChanged)
    }
    if parties:
        tables.documents.keep(parties)
        named = [Named(Names.DOCUMENT, one).ref for one in parties]
        tables.due.due_naming(named, batch[-1].envelope.event_id)


def fold_merges(tables: Tables, batch: Sequence[Recorded]) -> None:
    """Take in which parties are merged, and let all mail be decided on that this may concern."""
    now: dict[UUID, UUID | None] = {}
    for recorded in batch:
        match recorded.event:
            case PartyMerged(into):
                now[recorded.stream] = into
            case PartyMergeUndone():
                now[recorded.stream] = None
            case _:
                pass
    if not now:
        return
    cause, touched = batch[-1].envelope.event_id, tables.merges.set(now)
    tables.due.due_linked(touched, cause)
    tables.due.due_chosen(touched, cause)
    traces = tables.merges.traces(touched) + tables.remembered.addresses_of(touched)
    tables.due.due_with_addresses([*traces, *tables.people.told_of_by(traces)], cause)


def fold_document(tables: Tables, recorded: Recorded, record: DocumentRecord) -> None:
    before = tables.lookups.set_numbers(recorded.stream, record)
    parties = {*before, *([record.party] if record.party else [])}
    tables.due.due_linked(parties, recorded.envelope.event_id)
    tables.due.due_mentioning(number_keys(record), recorded.envelope.event_id)


def fold_forms(tables: Tables, recorded: Recorded, now: WebFormDeclared | None = None) -> None:
    """Take in which addresses write for others; `now` is absent where one does no longer."""
    addresses, mailbox = ([now.address], now.mailbox) if now else ([], None)
    touched = {*addresses, *tables.lookups.own.set_forms(recorded.stream, addresses, mailbox)}
    tables.due.due_with_addresses([ref(one) for one in touched], recorded.envelope.event_id)


def fold_own(tables: Tables, recorded: Recorded) -> None:
    cause, event = recorded.envelope.event_id, recorded.event
    if isinstance(event, ColleagueRegistered | MailboxRegistered):
        address = event.address.casefold()
        tables.lookups.own.set_ours(recorded.stream, [], [address])
        tables.due.due_with_addresses([ref(address)], cause)
    elif isinstance(event, CompanyDescribed):
        own = [one.casefold() for pair in event.aliases for one in pair]
        own += [one.casefold() for name, _ in event.lists for one in (name,)]
        tables.lookups.own.set_ours(
            recorded.stream, [one.casefold() for one in event.domains], own
        )
        tables.due.due_everywhere(cause)


def fold_choice(tables: Tables, recorded: Recorded, event: ChoosingEvent) -> None:
    """Take in what a person said about a link, or took back."""
    by = recorded.envelope.on_behalf_of or recorded.envelope.actor
    for meant, belongs in words(event):
        target = (meant.kind, meant.target)
        tables.choices.set(recorded.stream, target, by.id, meant.contact_of, belongs=belongs)
    tables.due.due([recorded.stream], recorded.envelope.event_id)


def fold_remembered(
    tables: Tables, recorded: Recorded, event: ChoiceRemembered | ChoiceForgotten
) -> None:
    """Take in what a person said for all mail with an address, or took back."""
    touched = tables.remembered.forget(recorded.stream)
    if isinstance(event, ChoiceRemembered):
        words = frozenset(words_in(event.words))
        choice = Choice(recorded.stream, event.party, event.mailbox, words)
        touched += tables.remembered.set(choice, event.address)
    tables.due.due_with_addresses(touched, recorded.envelope.event_id)


def fold_closing(tables: Tables, recorded: Recorded) -> None:
    """Take in that a person closed a message, or opened it again: what refers to it may begin anew."""
    closed = isinstance(recorded.event, MessageClosed)
    tables.choices.set_closed(recorded.stream, recorded.envelope.at if closed else None)
    facts = tables.lookups.facts([recorded.stream])
    contents = [form.content for one in facts.values() for form in one.forms]
    ids = [id for one in contents for id in (*own_ids(one), *named_ids(one))]
    tables.due.due_naming(ids, recorded.envelope.event_id)
