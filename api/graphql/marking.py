"""Commands: mail is marked, or moved into another folder, here and then at its mail server."""

from typing import Any

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql.access import requires
from api.graphql.commands import COMMAND_ID
from api.graphql.context import Context
from api.graphql.ids import Kind, of_kind
from api.graphql.orders import MESSAGE_IDS, Asked, MessagePayload, answered, asked
from api.graphql.paging import given
from api.work.accounts import accounts_of
from api.work.ordering import MarksWanted, MoveWanted, Ordering, folder_named
from domain.access import Scope
from domain.marking import MARKS
from domain.values import Rejected


@strawberry.input(description="How messages are to be marked; what is not given stays as it is.")
class MessageMarkInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    message_ids: list[ID] = strawberry.field(description=MESSAGE_IDS)
    mailbox_id: ID | None = strawberry.field(
        default=UNSET, description="Only there; else in every mailbox in which they lie."
    )
    folder: str | None = strawberry.field(default=UNSET, description="Only in this folder.")
    seen: bool | None = strawberry.field(default=UNSET, description="Whether as read.")
    flagged: bool | None = strawberry.field(default=UNSET, description="Whether as important.")
    answered: bool | None = strawberry.field(default=UNSET, description="Whether as answered.")


@strawberry.input(description="Into which folder messages go.")
class MessageMoveInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    message_ids: list[ID] = strawberry.field(description=MESSAGE_IDS)
    mailbox_id: ID = strawberry.field(description="The mailbox in which they are moved.")
    folder: str = strawberry.field(
        description="The folder they go to, as mail programs show its name."
    )
    from_folder: str | None = strawberry.field(
        default=UNSET, description="The folder they come from, where they lie in several."
    )


@strawberry.type
class MarkingMutation:
    @strawberry.mutation(
        description="Marks messages at once, and at the mail server as soon as it can be reached.",
        **requires(Scope.MARK_MAIL),
    )
    async def message_mark(self, info: Info[Any, Any], input: MessageMarkInput) -> MessagePayload:
        ordering = await _ordering(info.context)

        def ask() -> Asked:
            wanted = _marks(input)
            return asked(
                input.command_id,
                input.message_ids,
                wanted,
                lambda message, envelope: ordering.mark(message, wanted, envelope),
            )

        return await answered(info, ask)

    @strawberry.mutation(
        description="Moves messages at once, and at the mail server as soon as it can be reached.",
        **requires(Scope.MARK_MAIL),
    )
    async def message_move(self, info: Info[Any, Any], input: MessageMoveInput) -> MessagePayload:
        ordering = await _ordering(info.context)

        def ask() -> Asked:
            source = given(input.from_folder)
            wanted = MoveWanted(
                mailbox=of_kind(Kind.MAILBOX, input.mailbox_id),
                to=folder_named(input.folder),
                source=folder_named(source) if source else "",
            )
            return asked(
                input.command_id,
                input.message_ids,
                wanted,
                lambda message, envelope: ordering.move(message, wanted, envelope),
            )

        return await answered(info, ask)


async def _ordering(context: Context) -> Ordering:
    accounts = await accounts_of(context.carteggio)
    return Ordering(context.carteggio, accounts, context.viewer.acts.mailboxes)


def _marks(input: MessageMarkInput) -> MarksWanted:
    asked = {name: given(getattr(input, name)) for name in MARKS}
    added = tuple(name for name, wanted in asked.items() if wanted is True)
    removed = tuple(name for name, wanted in asked.items() if wanted is False)
    if not (added or removed):
        raise Rejected("INVALID", "say how to mark them: seen, flagged or answered is needed")
    mailbox, folder = given(input.mailbox_id), given(input.folder)
    return MarksWanted(
        added=added,
        removed=removed,
        mailbox=of_kind(Kind.MAILBOX, mailbox) if mailbox else None,
        folder=folder_named(folder) if folder else "",
    )
