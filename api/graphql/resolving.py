"""Whose each address of a message is, as it is known now."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from adapters.owning import Own
from api.graphql.context import Context
from api.graphql.parts import AddressResolution, AddressState
from api.graphql.people import ParticipantRole
from api.graphql.reading import Reading, party_objects
from api.graphql.selection import Selection
from domain.choosing import TargetKind
from domain.correspondents import Ours
from domain.message import LinkState
from domain.values import Address
from projections import addresses, links, merges
from projections.addresses import RESOLVED
from projections.contents import ParticipantRow
from projections.history import LinkRow

_WAITS = (LinkState.SUGGESTED.value, LinkState.AMBIGUOUS.value)


async def ours(context: Context) -> Ours:
    """Give what the company calls its own; read once a request."""

    def look_up() -> Ours:
        with context.carteggio.database.pool.connection() as connection:
            return Own(connection).all()

    async def read() -> Ours:
        return await asyncio.to_thread(look_up)

    return await context.once("ours", read)


async def resolutions_of(
    read: Reading, people: Mapping[UUID, Sequence[ParticipantRow]], wanted: Selection
) -> dict[UUID, list[AddressResolution]]:
    """Give for the addresses in each message whose they are: contacts', else by its links."""
    own = await ours(read.asking.context)
    keys = {one.address_key for found in people.values() for one in found}
    known = await _parties_at(read, keys)
    said = await links.links_of(*read.asked, list(people))
    whose = {
        (message, one.address_key): known.get(one.address_key)
        or links.candidates(said.get(message, ()), one.address_key, only_by_it=True)
        for message, found in people.items()
        for one in found
    }
    every = {one for these in whose.values() for one in these}
    shown = await party_objects(read, every, wanted["parties"])
    return {
        message: [
            AddressResolution(
                address=one.address,
                name=one.name or None,
                role=ParticipantRole(one.role),
                state=_state(one, own, known, said.get(message, ())),
                parties=[shown[id] for id in whose[message, one.address_key] if id in shown],
            )
            for one in _each_once(found)
        ]
        for message, found in people.items()
    }


async def _parties_at(read: Reading, keys: Collection[str]) -> dict[str, list[UUID]]:
    """Give the parties as which those count that have contacts with these addresses."""
    found = await addresses.parties_at(*read.asked, keys)
    every = {one for these in found.values() for one in these}
    counted = await merges.survivors_of(*read.asked, list(every))
    return {
        key: list(dict.fromkeys(counted.get(one, one) for one in these))
        for key, these in found.items()
    }


def _state(
    one: ParticipantRow, own: Ours, known: Mapping[str, list[UUID]], said: Iterable[LinkRow]
) -> AddressState:
    if own.holds(Address(one.address)):
        return AddressState.OURS
    if one.address_key in known:
        several = len(known[one.address_key]) > 1
        return AddressState.AMBIGUOUS if several else AddressState.MATCHED
    by_it = [
        link
        for link in said
        if link.kind == TargetKind.PARTY.value and link.evidence.casefold() == one.address_key
    ]
    if any(link.state not in _WAITS for link in by_it):
        return AddressState.MATCHED
    return AddressState.AMBIGUOUS if len(by_it) > 1 else AddressState.UNKNOWN


def _each_once(people: Iterable[ParticipantRow]) -> list[ParticipantRow]:
    there = sorted(
        (one for one in people if one.role in RESOLVED),
        key=lambda one: (RESOLVED.index(one.role), one.ordinal),
    )
    return list({(one.role, one.address_key): one for one in there}.values())
