"""How events fill the reactions' look-ups, and which messages they make due."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from adapters.matching import Lookups, ref
from domain.authentication import ServerDistrusted, ServerTrusted
from domain.company import ColleagueRegistered, CompanyDescribed, MailboxRegistered
from domain.content import Content
from domain.document import DocumentChanged, DocumentRecord, DocumentRegistered
from domain.matching import Facts, also_in, also_seen, facts_of, named_ids, own_ids
from domain.message import Further, MessageMoved, MessageReceived
from domain.party import ContactRegistered, ContactRemoved
from domain.recorded import Recorded
from domain.rereading import MessageReread, as_read_now
from domain.values import MailboxId
from domain.webform import WebFormDeclared, WebFormWithdrawn

HEARD = (
    "message.received",
    "message.copy_found",
    "message.completed",
    "message.moved",
    "message.reread",
    "party.contact_registered",
    "party.contact_removed",
    "document.registered",
    "document.changed",
    "company.described",
    "colleague.registered",
    "mailbox.registered",
    "web_form.declared",
    "web_form.withdrawn",
    "server.trusted",
    "server.distrusted",
)

_AT_ONCE: Final = 500
Past = Callable[[Collection[UUID]], Sequence[Recorded]]
"""Gives all that happened to messages."""


def fold(lookups: Lookups, batch: Sequence[Recorded], past: Past) -> None:
    """Bring the look-ups up to date; ask for a decision on every message that is concerned."""
    _messages(lookups, batch)
    _reread(lookups, batch, past)
    _contacts(lookups, batch)
    for recorded in batch:
        match recorded.event:
            case DocumentRegistered(record=record) | DocumentChanged(record=record):
                _document(lookups, recorded, record)
            case CompanyDescribed() | ColleagueRegistered() | MailboxRegistered():
                _own(lookups, recorded)
            case WebFormDeclared():
                _forms(lookups, recorded, recorded.event)
                if recorded.event.mailbox is not None:
                    _places(lookups, recorded.event.address, batch[-1].position, past)
            case WebFormWithdrawn():
                _forms(lookups, recorded)
            case ServerTrusted(server):
                lookups.own.set_servers(recorded.stream, [server])
                lookups.due_everywhere(recorded.envelope.event_id)
            case ServerDistrusted():
                lookups.own.set_servers(recorded.stream, [])
                lookups.due_everywhere(recorded.envelope.event_id)
            case _:
                pass


def _messages(lookups: Lookups, batch: Sequence[Recorded]) -> None:
    copies = {one.stream for one in batch if isinstance(one.event, Further | MessageMoved)}
    facts: dict[UUID, Facts] = lookups.facts(copies)
    received: list[tuple[UUID, Content]] = []
    for recorded in batch:
        event = recorded.event
        if isinstance(event, MessageReceived):
            facts[recorded.stream] = facts_of(event)
            received.append((recorded.stream, event.content))
        elif isinstance(event, MessageMoved) and recorded.stream in facts:
            facts[recorded.stream] = also_in(facts[recorded.stream], event.role)
        elif isinstance(event, Further) and recorded.stream in facts:
            known = facts[recorded.stream]
            facts[recorded.stream] = also_seen(known, event)
            if event.content is not None:
                received.append((recorded.stream, event.content))
    if facts:
        lookups.keep_facts(facts)
        _names(lookups, received)
        _due(lookups, batch, facts, received)


def _reread(lookups: Lookups, batch: Sequence[Recorded], past: Past) -> None:
    """Let messages that were read anew be known as if they had been read so at first."""
    messages = {one.stream for one in batch if isinstance(one.event, MessageReread)}
    if not messages:
        return
    before = lookups.facts(messages)
    happened: dict[UUID, list[object]] = {one: [] for one in before}
    for recorded in past(before):
        if recorded.position <= batch[-1].position:
            happened[recorded.stream].append(recorded.event)
    now: dict[UUID, Facts] = {}
    received: list[tuple[UUID, Content]] = []
    for message, events in happened.items():
        for copy in as_read_now(events):
            if isinstance(copy, MessageReceived):
                now[message] = facts_of(copy)
            elif message in now:
                now[message] = also_seen(now[message], copy)
            if copy.content is not None:
                received.append((message, copy.content))
    _forget_names(lookups, before)
    lookups.keep_facts(now)
    _names(lookups, received)
    _due(lookups, batch, now, [*_contents(before), *received])


def _forget_names(lookups: Lookups, facts: Mapping[UUID, Facts]) -> None:
    known = list(_contents(facts))
    lookups.forget_names(
        [(one, message) for message, content in known for one in own_ids(content)],
        [(one, message) for message, content in known for one in named_ids(content)],
        [(key, message) for message, content in known for key in _addresses(content)],
    )


def _contents(facts: Mapping[UUID, Facts]) -> Iterator[tuple[UUID, Content]]:
    return ((message, form.content) for message, one in facts.items() for form in one.forms)


def _names(lookups: Lookups, received: Sequence[tuple[UUID, Content]]) -> None:
    lookups.keep_ids(
        [(one, message) for message, content in received for one in own_ids(content)],
        [(one, message) for message, content in received for one in named_ids(content)],
    )
    lookups.keep_addresses(
        [(key, message) for message, content in received for key in _addresses(content)]
    )


def _due(
    lookups: Lookups,
    batch: Sequence[Recorded],
    facts: Iterable[UUID],
    received: Sequence[tuple[UUID, Content]],
) -> None:
    """Messages that were captured, and those that name one of them: they may inherit now."""
    cause = batch[-1].envelope.event_id
    lookups.due(facts, cause)
    lookups.due_naming([one for _, content in received for one in own_ids(content)], cause)


def _addresses(content: Content) -> set[str]:
    people = (*content.authors, *content.reply_to, *content.to, *content.cc, *content.bcc)
    passed_on = content.forwarded.sender if content.forwarded else None
    single = (content.sender, content.pec_sender, passed_on)
    return {one.key for one in (*people, *single) if one is not None and one.spec}


def _contacts(lookups: Lookups, batch: Sequence[Recorded]) -> None:
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
    touched = lookups.set_contacts(kept) if kept else []
    touched += lookups.remove_contacts([key for key, one in now.items() if one is None])
    touched += [ref(address) for _, address, _ in kept]
    lookups.due_with_addresses(touched, batch[-1].envelope.event_id)


def _document(lookups: Lookups, recorded: Recorded, record: DocumentRecord) -> None:
    numbers = (record.number, record.party_reference)
    before = lookups.set_numbers(recorded.stream, record.party, numbers)
    parties = {*before, *([record.party] if record.party else [])}
    lookups.due_linked(parties, recorded.envelope.event_id)


def _forms(lookups: Lookups, recorded: Recorded, now: WebFormDeclared | None = None) -> None:
    addresses, mailbox = ([now.address], now.mailbox) if now else ([], None)
    touched = {*addresses, *lookups.own.set_forms(recorded.stream, addresses, mailbox)}
    lookups.due_with_addresses([ref(one) for one in touched], recorded.envelope.event_id)


def _places(lookups: Lookups, address: str, upto: int, past: Past) -> None:
    """Find in which mailboxes the mail of an address was seen: of old mail that is not kept."""
    messages = lookups.with_address(address)
    for begin in range(0, len(messages), _AT_ONCE):
        some = messages[begin : begin + _AT_ONCE]
        seen: dict[UUID, set[MailboxId]] = {one: set() for one in some}
        for recorded in past(some):
            event = recorded.event
            if recorded.position <= upto and isinstance(event, MessageReceived | Further):
                seen[recorded.stream].add(event.mailbox)
        facts = lookups.facts(some)
        lookups.keep_facts(
            {id: replace(one, mailboxes=tuple(sorted(seen[id]))) for id, one in facts.items()}
        )


def _own(lookups: Lookups, recorded: Recorded) -> None:
    cause, event = recorded.envelope.event_id, recorded.event
    if isinstance(event, ColleagueRegistered | MailboxRegistered):
        address = event.address.casefold()
        lookups.own.set_ours(recorded.stream, [], [address])
        lookups.due_with_addresses([ref(address)], cause)
    elif isinstance(event, CompanyDescribed):
        own = [one.casefold() for pair in event.aliases for one in pair]
        own += [one.casefold() for name, _ in event.lists for one in (name,)]
        lookups.own.set_ours(recorded.stream, [one.casefold() for one in event.domains], own)
        lookups.due_everywhere(cause)
