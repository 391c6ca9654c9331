"""What the signed tokens in the messages of a docket name, looked up for all of them at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from api.work.masterdata import Tables
from domain.claims import Voucher
from domain.correspondents import Ours
from domain.facts import Facts, names_of, speaking_in
from domain.message import MessageThreaded
from domain.rules import TOKEN
from domain.signedtoken import Named, Names, Seen, Signing
from domain.values import MessageId
from domain.vouching import takes_part

Read = Mapping[UUID, list[tuple[Seen, Named]]]


@dataclass(slots=True)
class Vouched:
    """What genuine tokens lead to, message by message.

    `documents` are those named; `threads` tell of the message gone on with. `offers` name one that
    the writer takes no part in: what that is linked to is suggested.
    """

    documents: dict[UUID, tuple[Voucher, ...]] = field(default_factory=dict)
    threads: dict[UUID, MessageThreaded] = field(default_factory=dict)
    offers: dict[UUID, tuple[UUID, Seen]] = field(default_factory=dict)

    @property
    def parents(self) -> dict[UUID, UUID]:
        """Give which message each goes on with."""
        threads = self.threads.items()
        return {one: thread.parent for one, thread in threads if thread.parent is not None}

    @property
    def offered(self) -> set[UUID]:
        """Give the messages whose links are suggested."""
        return {named for named, _ in self.offers.values()}


def vouched(
    tables: Tables,
    facts: Mapping[UUID, Facts],
    ours: Ours,
    referred: Mapping[UUID, UUID],
    signing: Signing,
) -> Vouched:
    """Read the tokens in messages; those that refer to a known one go on with that, not by a token."""
    read: dict[UUID, list[tuple[Seen, Named]]] = {}
    for message, one in facts.items():
        if one.tokens:
            found = ((seen, signing.read(seen)) for seen in one.tokens)
            read[message] = [(seen, named) for seen, named in found if named is not None]
    told = Vouched()
    if any(read.values()):
        told.documents = _documents(tables, read)
        _messages(tables, facts, ours, referred, read, told)
    return told


def _documents(tables: Tables, read: Read) -> dict[UUID, tuple[Voucher, ...]]:
    asked = {named.id for _, _, named in _each(read, Names.DOCUMENT)}
    known = tables.documents.parties(asked) if asked else {}
    told: dict[UUID, dict[UUID, Voucher]] = {}
    for message, seen, named in _each(read, Names.DOCUMENT):
        if named.id in known:
            voucher = Voucher(seen.where, seen.text, named.id, known[named.id])
            told.setdefault(message, {}).setdefault(named.id, voucher)
    return {message: tuple(found.values()) for message, found in told.items()}


def _messages(
    tables: Tables,
    facts: Mapping[UUID, Facts],
    ours: Ours,
    referred: Mapping[UUID, UUID],
    read: Read,
    told: Vouched,
) -> None:
    """Of several messages that a mail names, the one received last is the nearest."""
    sought = [
        (message, seen, named.id)
        for message, seen, named in _each(read, Names.MESSAGE)
        if message not in referred and named.id != message
    ]
    known = tables.lookups.facts({named for _, _, named in sought}) if sought else {}
    near = [one for one in sought if one[2] in known]
    loops = _loops(tables, facts, near)
    for message, seen, named in sorted(near, key=lambda one: (known[one[2]].at, one[2])):
        if (message, named) in loops:
            continue
        own = facts[message]
        who = speaking_in(own, ours.within(own.mailboxes))
        if takes_part(who, known[named].content):
            told.threads[message] = MessageThreaded(
                MessageId(named), TOKEN.name, TOKEN.version, 98, seen.where, seen.text
            )
        else:
            told.offers[message] = (named, seen)
    for message in told.threads:
        told.offers.pop(message, None)


def _loops(
    tables: Tables, facts: Mapping[UUID, Facts], near: list[tuple[UUID, Seen, UUID]]
) -> set[tuple[UUID, UUID]]:
    """Give those pairs of which the second message names the first in turn."""
    named_so = {
        (name, other): (message, other)
        for message, _, other in near
        for name in names_of(message, facts[message].content)
    }
    return {named_so[one] for one in tables.lookups.naming(named_so)} if named_so else set()


def _each(read: Read, kind: Names) -> Iterator[tuple[UUID, Seen, Named]]:
    for message, found in read.items():
        for seen, named in found:
            if named.kind is kind:
                yield message, seen, named
