"""Commands: to whom mail with an address belongs from now on is remembered, and forgotten."""

from collections.abc import Collection, Iterable
from typing import Any, Final
from uuid import UUID

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql.access import checks, marks, requires
from api.graphql.asking import Asking, asked_page, nodes_of
from api.graphql.choices import RememberedChoice, choice_objects, made_choices
from api.graphql.commands import COMMAND_ID, UserError, followed, user_error
from api.graphql.context import Context
from api.graphql.ids import Kind, of_kind
from api.graphql.inputs import LinkReason, PartyKey, rules_of
from api.graphql.keys import target_of
from api.graphql.paging import Connection, connection, given
from api.graphql.reading import Reading
from api.graphql.scalars import Position
from api.graphql.selection import Selection
from api.work.remembering import context_of, forget, remember
from domain.access import Scope
from domain.message import Direction, LinkState
from domain.values import Rejected
from projections import choices, company, links, messages
from projections.history import LinkRow

MAILBOX: Final = (
    "Only for mail that was seen in this mailbox; else in every one, which a token that sees some "
    "mailboxes only cannot say."
)
_BY_ADDRESS: Final = rules_of((LinkReason.ADDRESS, LinkReason.DOMAIN, LinkReason.REMEMBERED))
WORDS: Final = "Only for mail with all these words in its subject, in any order, 10 at most."


@strawberry.input(description="To whom mail with an address belongs.")
class ChoiceRememberInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    address: str = strawberry.field(description="The address, in any role of a message.")
    party: PartyKey = strawberry.field(description="The party to whom its mail belongs.")
    mailbox_id: ID | None = strawberry.field(default=UNSET, description=MAILBOX)
    subject_words: str | None = strawberry.field(default=UNSET, description=WORDS)


@strawberry.input(description="What is remembered no longer.")
class ChoiceForgetInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    choice_id: ID = strawberry.field(description="The remembered choice.")


@strawberry.type(description="What came of a command about a remembered choice.")
class ChoicePayload:
    choice: RememberedChoice | None = strawberry.field(
        description="The choice as it is now.",
        extensions=checks(Scope.READ_MAIL),
        directives=marks(Scope.READ_MAIL),
    )
    position: Position | None = strawberry.field(
        description="Where in the journal what followed ends; null if it was so already."
    )
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")


@strawberry.type
class ChoiceQuery:
    @strawberry.field(
        description="To whom mail with an address belongs by a person's word, the newest first. "
        "Who sees some mailboxes only is told what holds in these, or what mail there rests on.",
        **requires(Scope.READ_MAIL),
    )
    async def remembered_choices(
        self,
        info: Info[Any, Any],
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> Connection[RememberedChoice]:
        at = {"first": first, "after": after, "last": last, "before": before}
        asked = asked_page(info, choices.NEWEST_FIRST, at)
        async with Asking.by(info).reading() as read:
            found = await choices.page(*read.asked, asked)
            made = await made_choices(read, found.rows, nodes_of(info))
        return connection(found, choices.NEWEST_FIRST, lambda row: made[row.id])


@strawberry.type
class ChoiceMutation:
    @strawberry.mutation(
        description="Remembers to whom mail with an address belongs, for earlier mail too. The "
        "narrower context weighs more; where two contradict, a person chooses as before.",
        **requires(Scope.LINK_MAIL),
    )
    async def choice_remember(
        self, info: Info[Any, Any], input: ChoiceRememberInput
    ) -> ChoicePayload:
        context: Context = info.context
        try:
            async with Asking(context).reading() as read:
                key = context.carteggio.company, input.party, None
                _, party = await target_of(read, *key)
            box = await mailbox_to_say(context, given(input.mailbox_id))
            words = given(input.subject_words) or ""
            said = context_of(context.carteggio, input.address, box, words)
            id, choice = said.belongs_to(party)
            position = await followed(
                context,
                input.command_id,
                lambda envelope: remember(context.carteggio, id, choice, envelope),
            )
        except Rejected as refusal:
            return _refused(refusal)
        return await _told(info, id, position)

    @strawberry.mutation(
        description="Forgets such a choice: the other rules link its mail again.",
        **requires(Scope.LINK_MAIL),
    )
    async def choice_forget(self, info: Info[Any, Any], input: ChoiceForgetInput) -> ChoicePayload:
        context: Context = info.context
        try:
            id = of_kind(Kind.CHOICE, input.choice_id)
            await _check_own(context, id)
            position = await followed(
                context,
                input.command_id,
                lambda envelope: forget(context.carteggio, id, envelope),
            )
        except Rejected as refusal:
            return _refused(refusal)
        return await _told(info, id, position)


async def mailbox_to_say(context: Context, mailbox_id: ID | None) -> UUID | None:
    """Read for which mailbox something is said: one on whose mail the viewer acts; None: all."""
    acts = context.viewer.acts
    if mailbox_id is None:
        _acts_everywhere(context)
        return None
    box = of_kind(Kind.MAILBOX, mailbox_id)
    async with context.read() as asked:
        if not await company.mailboxes_by_ids(*asked, acts, [box]):
            raise Rejected("NOT_FOUND", "there is no such mailbox whose mail you link")
    return box


async def addresses_of(
    read: Reading, of: Collection[UUID], parties: Collection[UUID]
) -> dict[UUID, str]:
    """Give for messages the address that leads to one of the parties, in doubt before others.

    Where there is none, it is the writer's. Raises Rejected where it cannot be told. Links that
    were taken back count: the same is asked again once it is settled.
    """
    linked = await links.links_of(*read.asked, list(of), revoked=True)
    rows = await messages.by_ids(*read.asked, list(of))
    found = {}
    for message, row in rows.items():
        by = [one for one in linked.get(message, ()) if one.rule in _BY_ADDRESS and one.evidence]
        writer = {row.sender} if row.direction == Direction.INBOUND else set()
        addresses = _led(by, parties, doubtful=True) or _led(by, parties) or writer
        if len(addresses) != 1:
            raise Rejected("INVALID", "remember: name the address; the message does not tell one")
        found[message] = addresses.pop()
    return found


def _led(
    rows: Iterable[LinkRow], parties: Collection[UUID], *, doubtful: bool = False
) -> set[str]:
    if doubtful:
        wanted = [one for one in rows if one.state == LinkState.AMBIGUOUS]
        wanted = [one for one in wanted if not {one.target, *one.rejected}.isdisjoint(parties)]
    else:
        wanted = [one for one in rows if one.target in parties]
    return {one.evidence.casefold() for one in wanted}


def _acts_everywhere(context: Context) -> None:
    if context.viewer.acts.mailboxes is not None:
        sentence = "this concerns mail of every mailbox, and you see some only: name a mailbox"
        raise Rejected("FORBIDDEN", sentence)


async def _check_own(context: Context, id: UUID) -> None:
    """Refuse to change what holds for mail on which the viewer may not act."""
    async with context.read() as asked:
        row = (await choices.by_ids(*asked, context.viewer.reader, [id])).get(id)
    if row is None:
        raise Rejected("NOT_FOUND", "there is no such remembered choice")
    if row.mailbox is None:
        _acts_everywhere(context)
    elif (acts := context.viewer.acts.mailboxes) is not None and row.mailbox not in acts:
        raise Rejected("FORBIDDEN", "it holds in a mailbox on whose mail you may not act")


async def _told(info: Info[Any, Any], id: UUID, position: Position | None) -> ChoicePayload:
    context, wanted, shown = info.context, Selection.of(info), None
    if "choice" in wanted and Scope.READ_MAIL in context.viewer.scopes:
        async with Asking(context).reading() as read:
            shown = (await choice_objects(read, [id], wanted["choice"])).get(id)
    return ChoicePayload(choice=shown, position=position, user_errors=[])


def _refused(refusal: Rejected) -> ChoicePayload:
    return ChoicePayload(choice=None, position=None, user_errors=[user_error(refusal)])
