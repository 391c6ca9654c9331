"""Objects of any kind by their ids, and what happened to them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final
from uuid import UUID

import orjson
from strawberry import ID

from api.graphql.accounts import account_object, overviews
from api.graphql.choices import choice_objects
from api.graphql.ids import Kind, encoded
from api.graphql.letters import message_objects
from api.graphql.mailrules import rule_objects
from api.graphql.node import Actor, AuditEntry, Node
from api.graphql.people import colleagues, user_object
from api.graphql.policies import policy_objects
from api.graphql.reading import (
    Reading,
    conversations_by_id,
    document_objects,
    mailbox_objects,
    party_objects,
    regroupings_by_id,
)
from api.graphql.scalars import Position
from api.graphql.selection import Selection
from api.graphql.sentobjects import sent_objects
from api.graphql.templates import template_objects
from domain.access import Scope
from domain.values import ActorKind
from projections.trail import EntryRow

Named = tuple[Kind, UUID]

_OF_STREAMS: Final[Mapping[str, Kind]] = {
    "message": Kind.MESSAGE, "party": Kind.PARTY, "document": Kind.DOCUMENT,
    "mailbox": Kind.MAILBOX, "colleague": Kind.COLLEAGUE, "account": Kind.ACCOUNT,
    "token": Kind.TOKEN, "exclusion": Kind.EXCLUSION, "web_form": Kind.WEB_FORM,
    "server": Kind.SERVER, "choice": Kind.CHOICE, "conversation": Kind.REGROUPING,
    "template": Kind.TEMPLATE, "webhook": Kind.WEBHOOK, "absence": Kind.COLLEAGUE,
    "autoreply": Kind.MESSAGE, "rule": Kind.RULE,
    "approval": Kind.APPROVAL, "approval_rule": Kind.APPROVAL_RULE,
    "reading": Kind.READING, "outgoing": Kind.MAIL,
}  # fmt: skip


async def node_objects(
    read: Reading, named: Collection[Named], wanted: Selection
) -> dict[Named, Node]:
    """Give objects of any kind, as far as they may be seen; one statement or few a kind."""
    of: dict[Kind, list[UUID]] = {}
    for kind, id in set(named):
        of.setdefault(kind, []).append(id)
    found: dict[Named, Node] = {}
    for kind, ids in of.items():
        found.update(
            {(kind, id): one for id, one in (await _of_kind(read, kind, ids, wanted)).items()}
        )
    return found


async def _of_kind(
    read: Reading, kind: Kind, ids: list[UUID], wanted: Selection
) -> Mapping[UUID, Node]:
    match kind:
        case Kind.MESSAGE:
            return await message_objects(read, ids, wanted)
        case Kind.MAIL:
            return await sent_objects(read, ids, wanted)
        case Kind.PARTY:
            return await party_objects(read, ids, wanted)
        case Kind.DOCUMENT:
            return await document_objects(read, ids, wanted)
        case Kind.CHOICE:
            return await choice_objects(read, ids, wanted)
        case Kind.TEMPLATE:
            return await template_objects(read, ids, wanted)
        case Kind.RULE:
            return await rule_objects(read.asking, ids)
        case Kind.MAILBOX:
            return await mailbox_objects(read, ids)
        case Kind.REGROUPING:
            return await regroupings_by_id(read, ids)
        case Kind.CONVERSATION:
            return await conversations_by_id(read, ids)
        case Kind.ACCOUNT if Scope.MANAGE_MAILBOXES in read.asking.context.viewer.scopes:
            found = (await overviews(read.asking.context)).values()
            shown = [account_object(one, read.asking) for one in found]
            return {one.key: one for one in shown if one.key in ids}
        case Kind.EXCLUSION | Kind.WEB_FORM | Kind.SERVER if (
            Scope.MANAGE_MAILBOXES in read.asking.context.viewer.scopes
        ):
            standing = await policy_objects(read.asking.context, kind, read.asking)
            return {id: standing[id] for id in ids if id in standing}
        case Kind.COLLEAGUE:
            people = await colleagues(read.asking.context)
            return {id: user_object(people[id], read.asking) for id in ids if id in people}
        case _:
            return {}


async def made_entries(
    read: Reading, rows: Sequence[EntryRow], wanted: Selection
) -> dict[int, AuditEntry]:
    """Make entries of rows, by their positions; `subject` is read only if it is wanted."""
    subjects: Mapping[Named, Node] = {}
    if "subject" in wanted:
        named = {(_kind(row), row.stream) for row in rows}
        subjects = await node_objects(read, named, wanted["subject"])
    return {row.position: _entry(row, subjects.get((_kind(row), row.stream))) for row in rows}


def subject_id(row: EntryRow) -> ID:
    """Give the id of what an entry's event happened to."""
    return encoded(_kind(row), row.stream)


def _kind(row: EntryRow) -> Kind:
    return _OF_STREAMS.get(row.name.partition(".")[0], Kind.OBJECT)


def _entry(row: EntryRow, subject: Node | None) -> AuditEntry:
    return AuditEntry(
        position=Position(row.position),
        at=row.recorded_at,
        actor=Actor(kind=ActorKind(row.actor_kind), id=row.actor_id),
        on_behalf_of=_principal(row.on_behalf_of),
        channel=row.channel,
        event=row.name,
        subject_id=subject_id(row),
        subject=subject,
        summary=row.summary or None,
        data=orjson.loads(row.data) if row.data else None,
        is_erased=row.erased,
        command_id=row.command_id.partition("#")[0] if row.command_id else None,
        correlation_id=ID(row.correlation.hex) if row.correlation else None,
    )


def _principal(text: str) -> Actor | None:
    kind, _, id = text.partition(":")
    return Actor(kind=ActorKind(kind), id=id) if kind else None
