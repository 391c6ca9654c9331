"""What is entered about who may send."""

from typing import Final

import strawberry
from strawberry import ID, UNSET

from api.graphql.commands import COMMAND_ID
from domain.sendingrules import OfficeRole, Reach, SendingRule, SendRight

__all__ = [
    "MailboxSendRightSetInput", "OfficeRoleSetInput", "SendingCompanySwitchInput", "SendingGrantInput",
    "SendingRule", "SendingRuleSetInput", "SendingUserSwitchInput", "SendingWithdrawInput",
]  # fmt: skip

strawberry.enum(
    SendingRule,
    name="SendingRule",
    description="What a colleague needs beside the mailbox to send a document: OPEN nothing, STRICT "
    "that it is assigned to him, or a role or grant for it.",
)
strawberry.enum(
    Reach,
    name="SendingReach",
    description="Which documents of a kind a colleague may send: ASSIGNED as the rule says, ANY "
    "whoever is responsible.",
)
strawberry.enum(
    OfficeRole,
    name="OfficeRole",
    description="Who sends for others: DISPATCHER, COORDINATOR.",
)
strawberry.enum(
    SendRight,
    name="SendRight",
    description="How a colleague sends from a mailbox: SEND_AS as it, ON_BEHALF named as the one who "
    "sends it (RFC 5322 3.6.2).",
)
REASON: Final = "Why, in 2,000 characters at most; it is kept sealed."
_KIND: Final = "The kind, as the ERP calls it; `*` is every kind, and mail without a document."


@strawberry.input(description="Whether the company sends at all.")
class SendingCompanySwitchInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    is_on: bool = strawberry.field(description="False: nobody sends, programs neither.")
    reason: str | None = strawberry.field(default=UNSET, description=REASON)


@strawberry.input(description="What colleagues need to send a document.")
class SendingRuleSetInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    rule: SendingRule = strawberry.field(description="The rule.")
    reason: str | None = strawberry.field(default=UNSET, description=REASON)


@strawberry.input(description="Whether a colleague sends at all.")
class SendingUserSwitchInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    user_id: ID = strawberry.field(description="The colleague.")
    is_on: bool = strawberry.field(description="False: he sends nothing.")
    reason: str | None = strawberry.field(default=UNSET, description=REASON)


@strawberry.input(description="Which documents a colleague may send.")
class SendingGrantInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    user_id: ID = strawberry.field(description="The colleague.")
    kind: str = strawberry.field(description=_KIND)
    reach: Reach = strawberry.field(default=Reach.ASSIGNED, description="Which of that kind.")
    reason: str | None = strawberry.field(default=UNSET, description=REASON)


@strawberry.input(description="Which documents a colleague may send no more.")
class SendingWithdrawInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    user_id: ID = strawberry.field(description="The colleague.")
    kind: str = strawberry.field(description=_KIND)
    reason: str | None = strawberry.field(default=UNSET, description=REASON)


@strawberry.input(description="Whether a colleague sends for others.")
class OfficeRoleSetInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    user_id: ID = strawberry.field(description="The colleague.")
    role: OfficeRole = strawberry.field(description="The role.")
    is_given: bool = strawberry.field(
        description="False: it is taken; what master data says of him stays."
    )
    reason: str | None = strawberry.field(default=UNSET, description=REASON)


@strawberry.input(description="Whether a colleague sends from a mailbox without being a member.")
class MailboxSendRightSetInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    mailbox_id: ID = strawberry.field(description="The mailbox.")
    user_id: ID = strawberry.field(description="The colleague.")
    right: SendRight | None = strawberry.field(
        default=UNSET, description="How; null: it is taken. To be said in any case."
    )
    reason: str | None = strawberry.field(default=UNSET, description=REASON)
