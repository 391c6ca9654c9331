"""The outbox: mail that waits to leave, or of which nobody knows whether it left."""

from datetime import datetime
from enum import Enum
from typing import Any

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql.access import requires
from api.graphql.asking import Asking, asked_page, nodes_of
from api.graphql.deliverytypes import SentMail
from api.graphql.ids import Kind, encoded, of_kind
from api.graphql.paging import Connection, connection, given
from api.graphql.sentobjects import sent_objects
from api.work.queued import DUE_FIRST, OutboxRow, Queued, QueuedFilter, Standing, queued_in
from domain.access import Scope


@strawberry.enum(description="How a mail in the outbox stands.")
class OutboxState(Enum):
    WAITING = strawberry.enum_value(
        Standing.WAITING.value,
        description="Until it is due, be it tried for the first time or again.",
    )
    RESTING = strawberry.enum_value(
        Standing.RESTING.value, description="All mail of its mailbox waits; `said` tells why."
    )
    SENDING = strawberry.enum_value(Standing.SENDING.value, description="It is being sent.")
    UNCERTAIN = strawberry.enum_value(
        Standing.UNCERTAIN.value, description="Nobody knows whether it left."
    )


@strawberry.type(description="A mail in the outbox.")
class OutboxMail:
    mail_id: ID = strawberry.field(
        description="Its id (out_…), as messageCancel and sendingResolve take it."
    )
    mail: SentMail | None = strawberry.field(
        description="What is told of it; null where the read models have not reached it yet."
    )
    mailbox_id: ID = strawberry.field(description="From which mailbox.")
    state: OutboxState = strawberry.field(description="How it stands.")
    due_at: datetime = strawberry.field(description="When it is tried, or was due.")
    attempts: int = strawberry.field(
        description="How often it was tried: one that waits and was tried is put off."
    )
    recipients: list[str] = strawberry.field(description="Whom it has not reached yet.")
    subject: str = strawberry.field(description="Its subject.")
    said: str | None = strawberry.field(
        description="What was said last, by a server or of its mailbox."
    )


@strawberry.type
class OutboxQuery:
    @strawberry.field(
        description="Mail that waits to leave, is being sent, or of which nobody knows whether it "
        "left; what is due first comes first. It is told to who reads the mailbox from which it leaves.",
        **requires(Scope.READ_MAIL),
    )
    async def outbox(
        self,
        info: Info[Any, Any],
        states: list[OutboxState] | None = UNSET,
        mailbox_ids: list[ID] | None = UNSET,
        first: int | None = UNSET,
        after: str | None = UNSET,
    ) -> Connection[OutboxMail]:
        at = asked_page(info, DUE_FIRST, {"first": first, "after": after})
        boxes = tuple(of_kind(Kind.MAILBOX, one) for one in given(mailbox_ids) or ())
        wanted = QueuedFilter(
            frozenset(Standing(str(one.value)) for one in given(states) or ()), boxes
        )
        selected = nodes_of(info)
        async with Asking.by(info).reading() as read:
            found, told = await queued_in(
                info.context.carteggio, read.connection, read.reader, at, wanted, {}
            )
            mails: dict[Any, SentMail] = {}
            if "mail" in selected:
                mails = await sent_objects(
                    read, [one.mail for one in found.rows], selected["mail"]
                )
        return connection(
            found, DUE_FIRST, lambda row: _object(row, told[row.mail], mails.get(row.mail))
        )


def _object(row: OutboxRow, one: Queued, mail: SentMail | None) -> OutboxMail:
    return OutboxMail(
        mail_id=encoded(Kind.MAIL, row.mail),
        mail=mail,
        mailbox_id=encoded(Kind.MAILBOX, row.lane),
        state=OutboxState(one.state),
        due_at=one.due,
        attempts=one.attempts,
        recipients=list(one.recipients),
        subject=one.subject,
        said=one.said or None,
    )
