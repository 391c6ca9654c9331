"""Who corresponds in the messages that are decided on, and to which parties that leads."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from api.work.masterdata import Tables
from domain.announcing import Announcement, announced, surely, tellers
from domain.content import Content
from domain.correspondents import Ours, correspondents
from domain.facts import Facts, forged_in
from domain.freemail import company_domains
from domain.remembering import Choice, held_of
from domain.values import MessageId


@dataclass(slots=True)
class People:
    """Who corresponds, and to which parties the addresses lead."""

    addresses: Mapping[UUID, frozenset[str]]
    parties_at: Mapping[str, tuple[UUID, ...]]
    announced_by: Mapping[str, tuple[Announcement, ...]]
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


def people_in(tables: Tables, facts: Mapping[UUID, Facts], ours: Ours) -> People:
    """Look up for messages who corresponds in them, and whose the addresses are."""
    addresses = {
        message: frozenset(
            address.casefold()
            for _, address in correspondents(one.content, ours.within(one.mailboxes))
        )
        for message, one in facts.items()
    }
    everybody = frozenset[str]().union(*addresses.values())
    parties_at = tables.people.parties_at(everybody)
    strangers = everybody - parties_at.keys()
    announced_by = _announced(tables, strangers, ours) if strangers else {}
    others = tellers(list(announced_by.values())) - everybody
    parties_at |= tables.people.parties_at(others) if others else {}
    unsure = {one for one in strangers if not surely(announced_by.get(one, ()))}
    domains = {above for one in unsure for above in _domains(one)}
    of_domain = tables.people.parties_of_domains(domains) if domains else {}
    remembered = _remembered(tables, facts, addresses, everybody)
    return People(addresses, parties_at, announced_by, of_domain, remembered)


def _announced(
    tables: Tables, strangers: Collection[str], ours: Ours
) -> dict[str, tuple[Announcement, ...]]:
    """Give who told of addresses, unless a server of ours found him forged: by what is known now."""
    told = tables.people.announced_in(strangers)
    facts = tables.lookups.facts({one for found in told.values() for one in found}) if told else {}
    said = {
        message: {one.address.key: one.sure for one in announced(known.content)}
        for message, known in facts.items()
        if not forged_in(known, ours.within(known.mailboxes))
    }
    found = {
        address: tuple(
            Announcement(facts[one].content.authors[0].key, MessageId(one), said[one][address])
            for one in messages
            if address in said.get(one, ())
        )
        for address, messages in told.items()
    }
    return {address: by for address, by in found.items() if by}


def _remembered(
    tables: Tables,
    facts: Mapping[UUID, Facts],
    addresses: Mapping[UUID, frozenset[str]],
    everybody: Collection[str],
) -> dict[UUID, Mapping[str, tuple[Choice, ...]]]:
    said = tables.remembered.of(everybody)
    if not said:
        return {}
    held = {
        message: held_of(
            {one: said[one] for one in keys if one in said},
            facts[message].mailboxes,
            _subjects(facts[message].content),
        )
        for message, keys in addresses.items()
    }
    return {message: found for message, found in held.items() if found}


def _subjects(content: Content) -> tuple[str, ...]:
    """Where mail is passed on, its own subject counts too."""
    return content.subject, content.forwarded.subject if content.forwarded else ""


def _domains(address: str) -> tuple[str, ...]:
    return company_domains(address.rpartition("@")[2])
