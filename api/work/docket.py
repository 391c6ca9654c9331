"""The messages that are decided on together, with all that is looked up for them at once."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from adapters.matching import number_key
from adapters.matching_choices import Said
from api.work.ancestry import gone_on_with, may_be_apart, referred_to
from api.work.masterdata import Tables
from api.work.vouching import Vouched, vouched
from domain.apart import Earlier
from domain.claims import Voucher
from domain.content import Content
from domain.correspondents import Ours, correspondents
from domain.facts import Facts, numbers_in
from domain.freemail import company_domains
from domain.matching import (
    Surroundings,
    Verdict,
    changes,
    in_next_round,
    judge,
    parties_matched,
)
from domain.message import MessageThreaded
from domain.naming import NumberedDocument
from domain.numbers import Sighting
from domain.remembering import Choice, held_of
from domain.signedtoken import Signing
from domain.topics import GROUNDS, Topic
from domain.values import MessageId

_NOTHING = Said()
Numbers = tuple[tuple[str, tuple[Sighting, ...]], ...]


@dataclass(slots=True)
class People:
    """Who corresponds, and to which parties the addresses lead."""

    addresses: Mapping[UUID, frozenset[str]]
    parties_at: Mapping[str, tuple[UUID, ...]]
    announced_by: Mapping[str, tuple[str, ...]]
    of_domain: Mapping[str, tuple[UUID, ...]]
    remembered: Mapping[UUID, Mapping[str, tuple[Choice, ...]]]
    """What people said for all mail with an address, by messages for which it holds."""

    @property
    def parties(self) -> set[UUID]:
        """Give every party that one of the addresses may lead to."""
        found = (*self.parties_at.values(), *self.of_domain.values())
        held = (choices for of in self.remembered.values() for choices in of.values())
        chosen = {one.party for choices in held for one in choices}
        return chosen | {party for parties in found for party in parties}

    def known(self, message: UUID) -> bool:
        """Tell whether an address of a message leads to a party."""
        return message in self.remembered or any(
            one in self.parties_at
            or one in self.announced_by
            or any(above in self.of_domain for above in _domains(one))
            for one in self.addresses[message]
        )


@dataclass(slots=True)
class Docket:
    """What is decided on, and what comes of it."""

    due: Mapping[UUID, UUID]
    facts: Mapping[UUID, Facts]
    ours: Ours
    parents: dict[UUID, UUID]
    threads: dict[UUID, MessageThreaded]
    seeking: dict[UUID, tuple[datetime, Collection[Topic]]]
    people: People
    before: Mapping[UUID, Verdict]
    said: Mapping[UUID, Said]
    earlier: Mapping[UUID, Earlier] = field(default_factory=dict)
    numbers: Mapping[UUID, Numbers] = field(default_factory=dict)
    mentions: Mapping[UUID, Collection[str]] = field(default_factory=dict)
    documents_of: Mapping[UUID, tuple[NumberedDocument, ...]] = field(default_factory=dict)
    anywhere: tuple[NumberedDocument, ...] = ()
    vouched: Vouched = field(default_factory=Vouched)
    elsewhere: Mapping[UUID, Verdict] = field(default_factory=dict)
    """Verdicts on other messages that are newer than those that are kept."""
    judged: dict[UUID, Verdict] = field(default_factory=dict)
    changed: dict[UUID, Verdict] = field(default_factory=dict)

    def grounds(self, message: UUID) -> list[UUID]:
        """Give the messages whose links those of a message may rest on."""
        offer = self.vouched.offers.get(message)
        parent = self.parents.get(message)
        return [*([] if parent is None else [parent]), *([] if offer is None else [offer[0]])]

    def newest(self, message: UUID) -> Verdict | None:
        """Give what was decided last on a message."""
        now = self.judged.get(message) or self.elsewhere.get(message)
        return now or self.before.get(message)


def docket_of(
    tables: Tables,
    due: Mapping[UUID, UUID],
    signing: Signing,
    elsewhere: Callable[[Collection[UUID]], Mapping[UUID, Verdict]] = lambda _: {},
) -> Docket:
    """Look up what concerns the messages that are due, and judge each after what it goes on with.

    `elsewhere` gives verdicts that are newer than those that are kept.
    """
    facts, ours = tables.lookups.facts(due), tables.lookups.own.all()
    contents = {message: one.content for message, one in facts.items()}
    near = referred_to(tables.lookups, contents)
    referred = {message: others[0] for message, others in near.items()}
    told = vouched(tables, facts, ours, referred, signing)
    parents = referred | told.parents
    threads, seeking = _going_on(tables, facts, contents, ours, parents)
    parents |= {one: found.parent for one, found in threads.items() if found.parent is not None}
    concerned = {*facts, *parents.values(), *told.offered}
    docket = Docket(
        due,
        facts,
        ours,
        parents,
        threads=threads | told.threads,
        seeking=seeking,
        people=_people(tables, facts, ours),
        before=tables.lookups.verdicts(concerned),
        said=tables.choices.of(facts),
        earlier=may_be_apart(tables, contents, near),
        elsewhere=elsewhere(concerned),
        vouched=told,
    )
    order = _grounds_first(docket)
    _look_for_numbers(tables, docket, order, contents)
    for message in order:
        judge_in(docket, message)
    return docket


def _people(tables: Tables, facts: Mapping[UUID, Facts], ours: Ours) -> People:
    addresses = {
        message: frozenset(
            address.casefold()
            for _, address in correspondents(one.content, ours.within(one.mailboxes))
        )
        for message, one in facts.items()
    }
    everybody = set[str]().union(*addresses.values())
    parties_at = tables.people.parties_at(everybody)
    strangers = everybody - parties_at.keys()
    announced_by = tables.people.announced_by(strangers) if strangers else {}
    tellers = {teller for found in announced_by.values() for teller in found}
    parties_at |= tables.people.parties_at(tellers - everybody) if tellers else {}
    domains = {above for one in strangers - announced_by.keys() for above in _domains(one)}
    of_domain = tables.people.parties_of_domains(domains) if domains else {}
    said, remembered = tables.remembered.of(everybody), {}
    if said:
        held = {
            message: held_of(
                {one: said[one] for one in keys if one in said},
                facts[message].mailboxes,
                _subjects(facts[message].content),
            )
            for message, keys in addresses.items()
        }
        remembered = {message: found for message, found in held.items() if found}
    return People(addresses, parties_at, announced_by, of_domain, remembered)


def _subjects(content: Content) -> tuple[str, ...]:
    """Where mail is passed on, its own subject counts too."""
    return content.subject, content.forwarded.subject if content.forwarded else ""


def _domains(address: str) -> tuple[str, ...]:
    return company_domains(address.rpartition("@")[2])


def _look_for_numbers(
    tables: Tables, docket: Docket, order: Sequence[UUID], contents: Mapping[UUID, Content]
) -> None:
    """Numbers count among the documents of a message's parties; without any, among all.

    Which party a message inherits is known only when it is judged, so the documents of all parties
    that any of them may belong to are looked up: what is found must not depend on who else is due.
    """
    docket.numbers = {one: numbers_in(contents[one], docket.facts[one].quoted) for one in order}
    keys = {message: _keys(found) for message, found in docket.numbers.items()}
    docket.mentions = {one: () if docket.people.known(one) else keys[one] for one in order}
    alone = set[str]().union(*docket.mentions.values())
    docket.anywhere = tables.lookups.documents_anywhere(alone) if alone else ()
    parties = docket.people.parties
    verdicts = (*docket.before.values(), *docket.elsewhere.values())
    parties.update(one for verdict in verdicts for one in parties_matched(verdict))
    parties.update(one for said in docket.said.values() for _, one in said.confirmed)
    parties.update(one.party for one in docket.anywhere)
    vouchers = (one for found in docket.vouched.documents.values() for one in found)
    parties.update(one.party for one in vouchers if one.party is not None)
    docket.documents_of = tables.lookups.documents_named(parties, set[str]().union(*keys.values()))


def _keys(numbers: Numbers) -> set[str]:
    return {number_key(one.number) for _, seen in numbers for one in seen}


def _going_on(
    tables: Tables,
    facts: Mapping[UUID, Facts],
    contents: Mapping[UUID, Content],
    ours: Ours,
    parents: Collection[UUID],
) -> tuple[dict[UUID, MessageThreaded], dict[UUID, tuple[datetime, Collection[Topic]]]]:
    """Find what mail without known references goes on with, and what it seeks; the surest counts."""
    threads: dict[UUID, MessageThreaded] = {}
    seeking: dict[UUID, tuple[datetime, Collection[Topic]]]
    seeking = {message: (one.at, ()) for message, one in facts.items()}
    for ground in GROUNDS:
        sought = {
            message: (one.at, ground.under(contents[message], one.roles, ours))
            for message, one in facts.items()
            if message not in parents and message not in threads
        }
        for message, (at, under) in sought.items():
            seeking[message] = (at, (*seeking[message][1], *under))
        for message, parent in gone_on_with(tables, sought, contents, ground.window).items():
            threads[message] = ground.told(MessageId(parent), contents[message])
    return threads, seeking


def _grounds_first(docket: Docket) -> list[UUID]:
    """Give messages after those that they rest on, as far as these are among them.

    Without recursion: chains of thousands of replies exist.
    """
    order: dict[UUID, None] = {}
    begun: set[UUID] = set()
    waiting = list(docket.facts)[::-1]
    while waiting:
        message = waiting[-1]
        before = [] if message in begun else docket.grounds(message)
        begun.add(message)
        if first := [one for one in before if one in docket.facts and one not in begun]:
            waiting.extend(first)
        else:
            order.setdefault(waiting.pop())
    return list(order)


def judge_in(docket: Docket, message: UUID) -> None:
    """Judge a message by what is known now, anew if it was judged before."""
    parent = docket.parents.get(message)
    verdict = None if parent is None else docket.newest(parent)
    before, said = docket.before.get(message), docket.said.get(message, _NOTHING)
    around = Surroundings(
        ours=docket.ours.within(docket.facts[message].mailboxes),
        parties_at=docket.people.parties_at,
        documents_of=docket.documents_of,
        numbers=docket.numbers.get(message, ()),
        parent=None if parent is None or verdict is None else (MessageId(parent), verdict),
        thread=docket.threads.get(message),
        earlier=docket.earlier.get(message),
        parties_of_domain=docket.people.of_domain,
        announced_by=docket.people.announced_by,
        documents_anywhere=() if docket.people.known(message) else docket.anywhere,
        confirmed=said.confirmed,
        rejected=frozenset(said.rejected),
        remembered=docket.people.remembered.get(message, {}),
        vouchers=_vouchers(docket, message),
    )
    now = judge(docket.facts[message], around)
    docket.judged[message] = now
    docket.changed.pop(message, None)
    if changes(before, now):
        docket.judged[message] = docket.changed[message] = in_next_round(before, now)


def _vouchers(docket: Docket, message: UUID) -> tuple[Voucher, ...]:
    """Give the tokens of ours in a message, with what those they name are linked to now."""
    vouchers = docket.vouched.documents.get(message, ())
    offer = docket.vouched.offers.get(message)
    verdict = None if offer is None else docket.newest(offer[0])
    if offer is None or verdict is None:
        return vouchers
    _, seen = offer
    return (*vouchers, Voucher(seen.where, seen.text, links=verdict.claims()))
