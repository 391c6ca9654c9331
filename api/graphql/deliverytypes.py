"""How it is told what became of a mail that left."""

from datetime import datetime
from enum import Enum

import strawberry
from strawberry import ID

from api.graphql.node import Node
from domain.missing import Level
from domain.outgoing import RecipientRole


@strawberry.enum(description="How far a mail came for a recipient.")
class DeliveryState(Enum):
    QUEUED = strawberry.enum_value("queued", description="It waits to leave.")
    SENDING = strawberry.enum_value("sending", description="It is being sent.")
    UNCERTAIN = strawberry.enum_value("uncertain", description="Nobody knows whether it left.")
    ACCEPTED = strawberry.enum_value("accepted", description="Our server took it over.")
    PEC_ACCEPTED = strawberry.enum_value(
        "pec_accepted", description="Our provider took it over, and proves it."
    )
    RELAYED = strawberry.enum_value(
        "relayed",
        description="A server took it over that tells nothing further, or another provider.",
    )
    DEFERRED = strawberry.enum_value(
        "deferred", description="A server put it off, and tries again."
    )
    PEC_LATE = strawberry.enum_value(
        "pec_late", description="Our provider warns that it was not delivered yet."
    )
    CANCELLED = strawberry.enum_value(
        "cancelled", description="Somebody took it back before it left."
    )
    GIVEN_UP = strawberry.enum_value(
        "given_up", description="It was put off for too long, or somebody gave it up."
    )
    REFUSED = strawberry.enum_value("refused", description="Our server did not take it.")
    DELIVERED = strawberry.enum_value(
        "delivered", description="A server reports that it was delivered."
    )
    PEC_DELIVERED = strawberry.enum_value(
        "pec_delivered", description="His provider proves that it is in the recipient's mailbox."
    )
    BOUNCED = strawberry.enum_value(
        "bounced", description="A server behind ours could not deliver it."
    )
    PEC_FAILED = strawberry.enum_value(
        "pec_failed", description="A provider says that it is not delivered."
    )


strawberry.enum(RecipientRole, description="Where a recipient stands.")
strawberry.enum(
    Level,
    name="MissingReceipt",
    description="A PEC has no receipt of delivery for 12 hours (WARNING), or for 24 (ALARM).",
)


@strawberry.type(description="What became of a mail for one of its recipients.")
class Delivery:
    recipient: str = strawberry.field(description="The address.")
    name: str | None = strawberry.field(description="The name that was written to.")
    role: RecipientRole = strawberry.field(description="Where he stands.")
    state: DeliveryState = strawberry.field(description="How far it came.")
    at: datetime = strawberry.field(description="Since when.")
    code: int | None = strawberry.field(description="The reply code of a server (RFC 5321).")
    status: str | None = strawberry.field(description="The enhanced status code (RFC 3463).")
    text: str | None = strawberry.field(description="What a server, or a provider, said.")
    is_pec: bool | None = strawberry.field(
        description="Whether the address is certified mail (RFC 6109); null if no receipt tells."
    )
    missing_receipt: Level | None = strawberry.field(
        description="What was told because no receipt came; it stays when one comes later."
    )
    receipt: Node | None = strawberry.field(
        description="The Message that proves it: a delivery report, a PEC receipt. Null where our own "
        "server said so, or it may not be seen."
    )
    answered_by: Node | None = strawberry.field(
        description="The first Message by which the recipient himself answered, if it may be seen."
    )
    answered_at: datetime | None = strawberry.field(description="When that was received.")


@strawberry.type(
    description="A mail that left, or is to leave. Its id (out_…) is the one that sending answered."
)
class SentMail(Node):
    message_id: ID = strawberry.field(
        description="The message as which its copy is known, once it left."
    )
    message: Node | None = strawberry.field(
        description="That Message; null as long as it has not left."
    )
    mailbox_id: ID = strawberry.field(description="From which mailbox.")
    queued_at: datetime = strawberry.field(description="When it was given to be sent.")
    subject: str = strawberry.field(description="Its subject.")
    is_certified: bool = strawberry.field(description="Whether it goes out as PEC (RFC 6109).")
    deliveries: list[Delivery] = strawberry.field(
        description="What became of it for each recipient."
    )


@strawberry.type(description="An address at which nobody is reached, by mail that came back.")
class UndeliverableAddress:
    address: str = strawberry.field(description="The address, in lower case.")
    is_sure: bool = strawberry.field(
        description="Whether it was found on two days or more; once may be a fault of a server."
    )
    times: int = strawberry.field(description="How often.")
    at: datetime = strawberry.field(description="When last.")
    status: str = strawberry.field(description="The status code then (RFC 3463).")
    text: str | None = strawberry.field(description="What was said then.")
    expires_at: datetime = strawberry.field(description="When it counts no longer.")
    message_id: ID = strawberry.field(description="Our message that could not be delivered.")
    receipt: Node | None = strawberry.field(
        description="The Message that says so; null where our own server refused it."
    )
