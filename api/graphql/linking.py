"""Commands: people say to whom and to what mail belongs; what they say stands above every rule."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import strawberry
from strawberry import ID, UNSET, Info

from adapters.ids import uuid7
from api.graphql.access import requires
from api.graphql.asking import Asking
from api.graphql.closing import LONGEST_NOTE
from api.graphql.commands import COMMAND_ID, check_command_id, user_error
from api.graphql.context import Context
from api.graphql.inputs import DocumentKey, PartyKey
from api.graphql.keys import contact_meant, everyone, target_of
from api.graphql.orders import MESSAGE_IDS, MOST, Asked, Do, MessagePayload, answered, named
from api.graphql.paging import given
from api.graphql.reading import Reading
from api.graphql.remembering import MAILBOX, WORDS, addresses_of, mailbox_to_say
from api.work.addressing import check_not_ours
from api.work.remembering import Said, context_of, remember
from domain import message as mail
from domain.access import Scope
from domain.choosing import ChooseLink, ChoosingCommand, Meant, TargetKind, WithdrawLinkChoice
from domain.recorded import Envelope
from domain.values import Rejected
from projections import threads
from projections.messages import by_ids

_WHOLE: Final = "All messages of their conversations that you see, 100 at most."


@strawberry.input(one_of=True, description="A party, a document, or somebody of a party.")
class LinkTargetKey:
    party: PartyKey | None = strawberry.field(default=UNSET, description="The party.")
    document: DocumentKey | None = strawberry.field(default=UNSET, description="The document.")
    contact: ID | None = strawberry.field(
        default=UNSET,
        description="A contact whom mail concerns though he neither wrote nor got it, by its id; it "
        "belongs to his party, too.",
    )


@strawberry.input(description="That all mail with an address belongs to the party, also to come.")
class RememberInput:
    address: str | None = strawberry.field(
        default=UNSET,
        description="The address; else the one by which each message may be the party's, or its "
        "writer's.",
    )
    mailbox_id: ID | None = strawberry.field(default=UNSET, description=MAILBOX)
    subject_words: str | None = strawberry.field(default=UNSET, description=WORDS)


@strawberry.input(description="To whom or what messages belong, or do not belong.")
class MessageLinkInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    message_ids: list[ID] = strawberry.field(description=MESSAGE_IDS)
    target: LinkTargetKey = strawberry.field(description="The party or document it is about.")
    whole_conversation: bool = strawberry.field(default=False, description=_WHOLE)
    note: str | None = strawberry.field(default=UNSET, description="Why; it is kept sealed.")
    remember: RememberInput | None = strawberry.field(
        default=UNSET, description="For messageLink and a party: always, for all such mail."
    )


@strawberry.input(description="For which messages rules decide again.")
class MessageLinkResetInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    message_ids: list[ID] = strawberry.field(description=MESSAGE_IDS)
    target: LinkTargetKey = strawberry.field(description="The party or document it is about.")
    whole_conversation: bool = strawberry.field(default=False, description=_WHOLE)


@strawberry.type
class LinkingMutation:
    @strawberry.mutation(
        description="Says that messages belong to a party or document: confirms what was found or "
        "suggested, or adds what no rule found. What answers them follows.",
        **requires(Scope.LINK_MAIL),
    )
    async def message_link(self, info: Info[Any, Any], input: MessageLinkInput) -> MessagePayload:
        return await _said(info, input, belongs=True)

    @strawberry.mutation(
        description="Says that messages do not belong to a party or document, whatever rules find.",
        **requires(Scope.LINK_MAIL),
    )
    async def message_unlink(
        self, info: Info[Any, Any], input: MessageLinkInput
    ) -> MessagePayload:
        return await _said(info, input, belongs=False)

    @strawberry.mutation(
        description="Takes back what people said about messages and a party or document: rules "
        "decide again.",
        **requires(Scope.LINK_MAIL),
    )
    async def message_link_reset(
        self, info: Info[Any, Any], input: MessageLinkResetInput
    ) -> MessagePayload:
        return await _said(info, input, belongs=None)


async def _said(
    info: Info[Any, Any], input: MessageLinkInput | MessageLinkResetInput, *, belongs: bool | None
) -> MessagePayload:
    context: Context = info.context
    try:
        check_command_id(input.command_id)
        note = checked_note(input.note) if isinstance(input, MessageLinkInput) else ""
        async with Asking(context).reading() as read:
            meant = await meant_by(read, context.carteggio.company, input.target)
        these = named(input.message_ids)
        messages = these
        if input.whole_conversation:
            messages = await _with_conversations(context, these)
        always = await _remembered(context, input, meant, these, belongs=belongs)
    except Rejected as refusal:
        return MessagePayload(messages=[], position=None, user_errors=[user_error(refusal)])
    order: ChoosingCommand = WithdrawLinkChoice(meant.kind, meant.target, meant.merged)
    if belongs is not None:
        order = ChooseLink(meant.kind, meant.target, belongs, note, meant.merged, meant.contact_of)
    ask = Asked(
        input.command_id,
        messages,
        (order, sorted(dict(always.values()).items())) if always else order,
        _doing(context, order, always),
        consequences=True,
        named=tuple(these),
    )
    return await answered(info, lambda: ask)


def _doing(context: Context, order: ChoosingCommand, always: Mapping[UUID, Said]) -> Do:
    """Say it of a message, and of all mail with its address where that is wanted."""

    def do(message: UUID, envelope: Envelope) -> int | None:
        position = context.carteggio.journal.record(message, mail, order, envelope)
        if message not in always:
            return position
        id, choice = always[message]
        whole = f"{envelope.command_id}".partition("#")[0]
        further = replace(envelope, event_id=uuid7(), command_id=f"{whole}#{id.hex}")
        last = remember(context.carteggio, id, choice, further)
        return max((one for one in (position, last) if one is not None), default=None)

    return do


async def _remembered(
    context: Context,
    input: MessageLinkInput | MessageLinkResetInput,
    meant: Meant,
    messages: Collection[UUID],
    *,
    belongs: bool | None,
) -> dict[UUID, Said]:
    """Read what is to be said of all mail with each message's address, if anything is."""
    asked = given(input.remember) if isinstance(input, MessageLinkInput) else None
    if asked is None:
        return {}
    if not belongs or meant.kind is not TargetKind.PARTY:
        raise Rejected("INVALID", "remember: only that mail belongs to a party is remembered")
    box = await mailbox_to_say(context, given(asked.mailbox_id))
    addresses = dict.fromkeys(messages, given(asked.address) or "")
    if not given(asked.address):
        async with Asking(context).reading() as read:
            addresses = await addresses_of(read, messages, (meant.target, *meant.merged))
    for address in set(addresses.values()):
        await asyncio.to_thread(check_not_ours, context.carteggio, address)
    words = given(asked.subject_words) or ""
    return {
        message: context_of(context.carteggio, address, box, words).belongs_to(meant.target)
        for message, address in addresses.items()
    }


async def meant_by(read: Reading, company: str, key: LinkTargetKey) -> Meant:
    """Give the target that a key means; of a party all that count as it."""
    if (contact := given(key.contact)) is not None:
        return await contact_meant(read, contact)
    party, document = given(key.party), given(key.document)
    kind, target = await target_of(read, company, party, document)
    same = await everyone(read, [target]) if party is not None else ()
    return Meant(kind, target, tuple(sorted({*same} - {target})))


def checked_note(note: str | None) -> str:
    """Give a note; refuse one that is too long."""
    said = given(note) or ""
    if len(said) > LONGEST_NOTE:
        raise Rejected("INVALID", f"note: {LONGEST_NOTE} characters is the most")
    return said


async def _with_conversations(context: Context, messages: dict[UUID, int]) -> dict[UUID, int]:
    """Add the other messages of their conversations, each in the place of the one that named it."""
    reader = context.viewer.acts
    async with context.read() as (connection, names):
        groups = await threads.conversations_of(connection, names, reader, list(messages))
        found = dict(messages)
        for message, conversation in groups.items():
            members = await threads.members_of(connection, names, reader, conversation)
            seen = await by_ids(connection, names, reader, [one.message for one in members])
            for one in seen:
                found.setdefault(one, messages[message])
    if len(found) > MOST:
        raise Rejected(
            "INVALID",
            f"wholeConversation: these are {len(found)} messages; {MOST} are the most at once",
        )
    return found
