"""What became of mail that left: asked by message, document or party."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql.access import requires
from api.graphql.asking import Asking, asked_page
from api.graphql.deliverytypes import SentMail, UndeliverableAddress
from api.graphql.ids import Kind, encoded, of_kind
from api.graphql.letters import message_objects
from api.graphql.mail import Message
from api.graphql.paging import Connection, connection, given
from api.graphql.reading import Reading, document_objects, party_objects
from api.graphql.selection import Selection
from api.graphql.sentobjects import made_sent
from domain.access import Scope
from domain.aliveness import Invalid
from domain.values import Rejected
from projections import delivered, merges
from projections.delivered import NEWEST_FIRST, SentFilter

_MOST: Final = 200


@strawberry.input(description="Which mail that left; nothing given means all.")
class SentMailFilter:
    document_id: ID | None = strawberry.field(default=UNSET, description="Of this document.")
    party_id: ID | None = strawberry.field(default=UNSET, description="With this party.")
    mailbox_ids: list[ID] | None = strawberry.field(
        default=UNSET, description="From these mailboxes."
    )
    failed: bool | None = strawberry.field(
        default=UNSET, description="True: only what failed for a recipient at least."
    )
    is_certified: bool | None = strawberry.field(
        default=UNSET, description="Only PEC, or only other mail."
    )


@strawberry.type
class DeliveryQuery:
    @strawberry.field(
        description="Mail that left, or is to leave, with what became of it for each recipient; the "
        "newest first. It is told to who reads the mailbox from which it left.",
        **requires(Scope.READ_MAIL),
    )
    async def sent_mails(
        self,
        info: Info[Any, Any],
        filter: SentMailFilter | None = UNSET,
        first: int | None = UNSET,
        after: str | None = UNSET,
    ) -> Connection[SentMail]:
        at = asked_page(info, NEWEST_FIRST, {"first": first, "after": after})
        selected = Selection.of(info)["edges"]["node"]
        async with Asking.by(info).reading() as read:
            wanted = await _wanted(read, given(filter) or SentMailFilter())
            found = await delivered.sent_mail(*read.asked, at, wanted)
            made = await made_sent(read, found.rows, selected)
        return connection(found, NEWEST_FIRST, lambda row: made[row.mail])

    @strawberry.field(
        description="At which of these addresses (200 at most), or of all, nobody is reached: by mail "
        "that came back in the last 180 days, unless the address wrote or got mail since. A mailbox "
        "that is full, and mail that was not wanted, say nothing about it.",
        **requires(Scope.READ_MAIL),
    )
    async def undeliverable_addresses(
        self, info: Info[Any, Any], addresses: list[str] | None = UNSET
    ) -> list[UndeliverableAddress]:
        these = given(addresses)
        if these is not None and len(these) > _MOST:
            raise Rejected("INVALID", f"{len(these)} addresses; {_MOST} is the most")
        selected = Selection.of(info)
        async with Asking.by(info).reading() as read:
            now = datetime.now(UTC)
            found = await delivered.invalid_addresses(*read.asked, these, now)
            proofs: Mapping[UUID, Message] = {}
            if "receipt" in selected:
                ids = {one.evidence.proof for one in found.values() if one.evidence.proof}
                proofs = await message_objects(read, ids, selected["receipt"])
        return [_undeliverable(key, found[key], proofs) for key in sorted(found)]


async def _wanted(read: Reading, filter: SentMailFilter) -> SentFilter:
    """Say it in the read model's words; of what may not be seen there is no mail."""
    document, party = given(filter.document_id), given(filter.party_id)
    target: UUID | None = None
    if document is not None and party is not None:
        raise Rejected("INVALID", "filter: a document or a party, not both")
    if document is not None:
        target = of_kind(Kind.DOCUMENT, document)
        _seen(target, await document_objects(read, [target], Selection()))
    elif party is not None:
        asked = of_kind(Kind.PARTY, party)
        _seen(asked, await party_objects(read, [asked], Selection()))
        target = await merges.survivor_of(*read.asked, asked)
    return SentFilter(
        target=target,
        mailboxes=tuple(of_kind(Kind.MAILBOX, one) for one in given(filter.mailbox_ids) or ()),
        failed=bool(given(filter.failed)),
        certified=given(filter.is_certified),
    )


def _seen(target: UUID, found: Collection[UUID]) -> None:
    if target not in found:
        raise Rejected("NOT_FOUND", "filter: there is no such document or party")


def _undeliverable(key: str, one: Invalid, proofs: Mapping[UUID, Message]) -> UndeliverableAddress:
    last = one.evidence
    return UndeliverableAddress(
        address=key,
        is_sure=one.sure,
        times=one.times,
        at=last.at,
        status=last.status,
        text=last.text or None,
        expires_at=one.expires_at,
        message_id=encoded(Kind.MESSAGE, last.message),
        receipt=proofs.get(last.proof) if last.proof else None,
    )
