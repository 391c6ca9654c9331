"""Which earlier mail the messages of a docket refer to, may be apart from, or go on with."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from adapters.matching import Lookups
from adapters.matching_topics import On
from api.work.masterdata import Tables
from domain.apart import Earlier, may_begin_anew
from domain.content import Content
from domain.facts import named_ids, own_ids
from domain.values import MessageId


def referred_to(lookups: Lookups, contents: Mapping[UUID, Content]) -> dict[UUID, list[UUID]]:
    """Find for each message the known ones that it concerns or answers, the nearest first.

    One that names this message in turn is none: a loop would be its own ground.
    """
    named = {message: named_ids(one) for message, one in contents.items()}
    known = lookups.known_as({one for ids in named.values() for one in ids})
    near = {
        message: [other for one in ids for other in known.get(one, ()) if other != message]
        for message, ids in named.items()
    }
    own = {message: own_ids(contents[message]) for message, found in near.items() if found}
    loops = lookups.naming(
        {(one, other) for message, ids in own.items() for one in ids for other in near[message]}
    )
    found: dict[UUID, list[UUID]] = {
        message: [one for one in near[message] if loops.isdisjoint((id, one) for id in ids)]
        for message, ids in own.items()
    }
    return {message: others for message, others in found.items() if others}


def _closed(
    tables: Tables, contents: Mapping[UUID, Content], referred: Mapping[UUID, list[UUID]]
) -> dict[UUID, datetime]:
    """Tell when what messages refer to was closed last, or another that refers to the same."""
    named = {message: named_ids(contents[message]) for message in referred}
    by_id = tables.choices.closed_naming({one for ids in named.values() for one in ids})
    closed = tables.choices.closed({one for near in referred.values() for one in near})
    found = {
        message: [
            *(closed[one] for one in near if one in closed),
            *(by_id[one] for one in named[message] if one in by_id),
        ]
        for message, near in referred.items()
    }
    return {message: max(times) for message, times in found.items() if times}


def may_be_apart(
    tables: Tables, contents: Mapping[UUID, Content], referred: Mapping[UUID, list[UUID]]
) -> dict[UUID, Earlier]:
    """Give what is asked of the nearest messages by those that may be about something else."""
    closed = _closed(tables, contents, referred)
    asked = {
        message: (near[0], closed.get(message))
        for message, near in referred.items()
        if message in closed or may_begin_anew(contents[message])
    }
    facts = tables.lookups.facts({one for one, _ in asked.values()}) if asked else {}
    return {
        message: Earlier(MessageId(one), facts[one].content, facts[one].at, at)
        for message, (one, at) in asked.items()
        if one in facts
    }


def gone_on_with(
    tables: Tables, sought: On, contents: Mapping[UUID, Content], window: timedelta
) -> dict[UUID, UUID]:
    """Find the message before on the same topic; one that names this message goes on with it."""
    found = tables.topics.nearest_before(sought, window)
    own = {message: own_ids(contents[message]) for message in found}
    loops = tables.lookups.naming(
        {(id, other) for message, near in found.items() for id in own[message] for other in near}
    )
    first = {
        message: [other for other in near if loops.isdisjoint((id, other) for id in own[message])]
        for message, near in found.items()
    }
    return {message: near[0] for message, near in first.items() if near}
