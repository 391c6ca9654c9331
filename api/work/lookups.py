"""How events fill the reactions' look-ups, and which messages they make due."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from uuid import UUID

from adapters.matching import Lookups
from api.work.masterdata import (
    Tables,
    fold_choice,
    fold_closing,
    fold_contacts,
    fold_document,
    fold_documents,
    fold_forms,
    fold_merges,
    fold_own,
    fold_remembered,
)
from domain.aliases import ids_of_one
from domain.announcing import announced
from domain.authentication import ServerDistrusted, ServerTrusted
from domain.choosing import ChoosingEvent
from domain.company import ColleagueRegistered, CompanyDescribed, MailboxRegistered
from domain.content import Content
from domain.document import DocumentChanged, DocumentRegistered
from domain.facts import (
    Facts,
    also_in,
    also_seen,
    facts_of,
    named_ids,
    names_of,
    own_ids,
    ref_of,
)
from domain.freemail import company_domains
from domain.message import (
    Further,
    MessageClosed,
    MessageMoved,
    MessageReceived,
    MessageReopened,
    MessageThreaded,
)
from domain.recorded import Recorded
from domain.relinking import RelinkingOrdered
from domain.remembering import ChoiceForgotten, ChoiceRemembered
from domain.rereading import MessageReread, as_read_now
from domain.signedtoken import refs_claimed
from domain.topics import topics
from domain.webform import WebFormDeclared, WebFormWithdrawn

HEARD = (
    "message.received",
    "message.copy_found",
    "message.completed",
    "message.moved",
    "message.reread",
    "message.closed",
    "message.reopened",
    "message.threaded",
    "message.link_confirmed",
    "message.link_rejected",
    "message.link_choice_withdrawn",
    "message.link_moved",
    "party.contact_registered",
    "party.contact_removed",
    "party.merged",
    "party.merge_undone",
    "document.registered",
    "document.changed",
    "company.described",
    "colleague.registered",
    "mailbox.registered",
    "web_form.declared",
    "web_form.withdrawn",
    "server.trusted",
    "server.distrusted",
    "relinking.ordered",
    "choice.remembered",
    "choice.forgotten",
)

VERSION = 6
"""Raised when events fill the look-ups otherwise: then they are filled anew."""

Past = Callable[[Collection[UUID]], Sequence[Recorded]]
"""Gives all that happened to messages."""


def fold(tables: Tables, batch: Sequence[Recorded], past: Past) -> None:
    """Bring the look-ups up to date; ask for a decision on every message that is concerned."""
    _messages(tables, batch)
    _reread(tables, batch, past)
    fold_contacts(tables, batch)
    fold_documents(tables, batch)
    fold_merges(tables, batch)
    for recorded in batch:
        match recorded.event:
            case DocumentRegistered(record=record) | DocumentChanged(record=record):
                fold_document(tables, recorded, record)
            case CompanyDescribed() | ColleagueRegistered() | MailboxRegistered():
                fold_own(tables, recorded)
            case event if isinstance(event, ChoosingEvent):
                fold_choice(tables, recorded, event)
            case MessageClosed() | MessageReopened():
                fold_closing(tables, recorded)
            case WebFormDeclared():
                fold_forms(tables, recorded, recorded.event)
            case WebFormWithdrawn():
                fold_forms(tables, recorded)
            case ChoiceRemembered() | ChoiceForgotten():
                fold_remembered(tables, recorded, recorded.event)
            case MessageThreaded(parent=parent) if parent is not None:
                tables.lookups.keep_ids((), [(ref_of(parent), recorded.stream)])
            case RelinkingOrdered():
                tables.due.due_everywhere(recorded.envelope.event_id)
            case ServerTrusted(server):
                tables.lookups.own.set_servers(recorded.stream, [server])
                tables.due.due_everywhere(recorded.envelope.event_id)
            case ServerDistrusted():
                tables.lookups.own.set_servers(recorded.stream, [])
                tables.due.due_everywhere(recorded.envelope.event_id)
            case _:
                pass


def _messages(tables: Tables, batch: Sequence[Recorded]) -> None:
    copies = {one.stream for one in batch if isinstance(one.event, Further | MessageMoved)}
    facts: dict[UUID, Facts] = tables.lookups.facts(copies)
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
        _keep(tables, facts, received)
        _due(tables, batch, facts, received)


def _keep(
    tables: Tables, facts: Mapping[UUID, Facts], received: Sequence[tuple[UUID, Content]]
) -> None:
    tables.lookups.keep_facts(facts)
    _names(tables.lookups, facts, received)
    contents = {message: one.content for message, one in facts.items()}
    about = {key: (one.at, topics(contents[key], one.roles)) for key, one in facts.items()}
    tables.topics.keep(about, questions=False)
    told = [
        (address.key, message, content.authors[0].key)
        for message, content in contents.items()
        for address in announced(content)
    ]
    if told:
        tables.due.due_with_addresses(tables.people.keep_announced(told), told[0][1])


def _reread(tables: Tables, batch: Sequence[Recorded], past: Past) -> None:
    """Let messages that were read anew be known as if they had been read so at first."""
    messages = {one.stream for one in batch if isinstance(one.event, MessageReread)}
    if not messages:
        return
    before = tables.lookups.facts(messages)
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
    _forget_names(tables.lookups, before)
    tables.people.forget_announced(messages)
    _keep(tables, now, received)
    _due(tables, batch, now, [*_contents(before), *received])


def _forget_names(lookups: Lookups, facts: Mapping[UUID, Facts]) -> None:
    known = list(_contents(facts))
    lookups.keep_aliases({message: () for message, content in known if ids_of_one(content)})
    lookups.forget_names(
        [(one, message) for message, content in known for one in own_ids(content)],
        [*_named(known), *_claimed(facts)],
        [(key, message) for message, content in known for key in _addresses(content)],
    )


def _contents(facts: Mapping[UUID, Facts]) -> Iterator[tuple[UUID, Content]]:
    return ((message, form.content) for message, one in facts.items() for form in one.forms)


def _named(contents: Iterable[tuple[UUID, Content]]) -> Iterator[tuple[str, UUID]]:
    return ((one, message) for message, content in contents for one in named_ids(content))


def _claimed(facts: Mapping[UUID, Facts]) -> Iterator[tuple[str, UUID]]:
    """Give what tokens claim to name: whether they are ours is asked when a message is judged."""
    return ((one, key) for key, known in facts.items() for one in refs_claimed(known.tokens))


def _names(
    lookups: Lookups, facts: Mapping[UUID, Facts], received: Sequence[tuple[UUID, Content]]
) -> None:
    lookups.keep_ids(
        [(one, message) for message, content in received for one in own_ids(content)],
        [*_named(received), *_claimed(facts)],
    )
    told = {message: ids for message, content in received if (ids := ids_of_one(content))}
    if told:
        lookups.keep_aliases(told)
    lookups.keep_addresses(
        [(key, message) for message, content in received for key in _addresses(content)]
    )


def _due(
    tables: Tables,
    batch: Sequence[Recorded],
    facts: Collection[UUID],
    received: Sequence[tuple[UUID, Content]],
) -> None:
    """Messages that were captured, and those that name or go on with one: they may inherit now."""
    cause = batch[-1].envelope.event_id
    tables.due.due(facts, cause)
    names = [one for message, content in received for one in names_of(message, content)]
    told = [one for _, content in received for one in ids_of_one(content)]
    tables.due.due_naming([*names, *told], cause)
    tables.due.due_seeking(facts, cause)


def _addresses(content: Content) -> set[str]:
    people = (*content.authors, *content.reply_to, *content.to, *content.cc, *content.bcc)
    passed_on = content.forwarded.sender if content.forwarded else None
    single = (content.sender, content.pec_sender, passed_on)
    found = [one for one in (*people, *single) if one is not None and one.spec]
    domains = {above for one in found for above in company_domains(one.domain)}
    return {one.key for one in found} | {f"@{domain}" for domain in domains}
