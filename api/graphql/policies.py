"""What is told to reception: whose mail stays out, who writes for others, whose word is taken."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any, Final, TypeVar
from uuid import UUID

import strawberry
from strawberry import ID

from adapters.journal import Decider
from api.graphql.context import Context
from api.graphql.ids import Kind, encoded, of_kind
from api.graphql.node import Audited, Node
from api.graphql.paging import given
from api.work import excluding, webforms
from api.work.excluding import Count, Exclusions
from domain.exclusion import ExclusionAdded
from domain.recorded import Envelope
from domain.values import MailboxId, Rejected
from domain.webform import WebFormDeclared
from projections import company
from projections.authentication import TrustedRow, trusted
from projections.reader import Order

S = TypeVar("S")
C = TypeVar("C")


@strawberry.enum(description="At which end of a mail an address counts.")
class ExclusionSide(Enum):
    SENDER = strawberry.enum_value(
        "sender",
        description="It wrote the mail, or sent it: From, Sender, or who stands in certified "
        "mail; not Reply-To.",
    )
    RECIPIENT = strawberry.enum_value("recipient", description="The mail was for it.")
    EITHER = strawberry.enum_value("either", description="At any of both.")


BY_PATTERN: Final = Order(
    "exclusions.pattern_asc", ("pattern", "id"), descending=False, kinds="su"
)
BY_ADDRESS: Final = Order("web_forms.address_asc", ("address", "id"), descending=False, kinds="su")
BY_SERVER: Final = Order("servers.name_asc", ("server", "id"), descending=False, kinds="su")
NOTE_AT_MOST: Final = 1_000


@strawberry.type(description="Whose mail is not taken in: nothing of it is kept, it is counted.")
class Exclusion(Audited):
    pattern: str = strawberry.field(
        description="An address, or a domain, which stands for all below it."
    )
    side: ExclusionSide = strawberry.field(description="At which end of a mail it counts.")
    mailbox_id: ID | None = strawberry.field(description="The one mailbox; null: every one.")
    note: str = strawberry.field(description="Why.")
    passed_over: int = strawberry.field(
        description="How many mails were passed over so far, in the mailboxes that are managed; "
        "one that is offered twice counts once."
    )
    last_passed_over_on: date | None = strawberry.field(description="When that last happened.")


@strawberry.type(description="An address that writes for others, who stand in Reply-To.")
class WebForm(Audited):
    address: str = strawberry.field(description="The address in From of the form's mail.")
    mailbox_id: ID | None = strawberry.field(
        description="Only mail that was seen in this mailbox; null: in any."
    )
    note: str = strawberry.field(description="Which form it is.")


@strawberry.type(description="A mail server of ours that is believed about senders (RFC 8601).")
class TrustedServer(Audited):
    server: str = strawberry.field(
        description="Its name, as it stands first in Authentication-Results."
    )


@dataclass(frozen=True, slots=True)
class ExclusionRow:
    """An entry of the do-not-capture list, and how much it kept out."""

    id: UUID
    pattern: str
    rule: ExclusionAdded
    count: Count | None


@dataclass(frozen=True, slots=True)
class FormRow:
    """A web form that stands."""

    id: UUID
    address: str
    form: WebFormDeclared


# ---- what is managed


def manages_all(context: Context) -> None:
    """Refuse who manages some mailboxes only what concerns all of them."""
    if context.viewer.manages.mailboxes is not None:
        sentence = "this concerns every mailbox, and this token manages some only: name one"
        raise Rejected("FORBIDDEN", sentence)


def knows(context: Context, mailbox: UUID | None) -> bool:
    """Say whether the viewer is told what concerns this mailbox, or with None all of them."""
    boxes = context.viewer.manages.mailboxes
    return mailbox is None or boxes is None or mailbox in boxes


async def concerned(context: Context, mailbox_id: ID | None) -> MailboxId | None:
    """Read which mailbox a command concerns: one that is managed; None is every one."""
    if mailbox_id is None:
        manages_all(context)
        return None
    box = of_kind(Kind.MAILBOX, mailbox_id)
    async with context.read() as asked:
        if not await company.mailboxes_by_ids(*asked, context.viewer.manages, [box]):
            raise Rejected("NOT_FOUND", "there is no such mailbox")
    return MailboxId(box)


def check_changeable(context: Context, mailbox: UUID | None, what: str) -> None:
    """Refuse to change what concerns mailboxes that the viewer does not manage."""
    if not knows(context, mailbox):
        raise Rejected("NOT_FOUND", f"there is no such {what}")
    if mailbox is None:
        manages_all(context)


def note_of(text: str | None) -> str:
    """Read a note that is kept with a policy."""
    note = (given(text) or "").strip()
    if len(note) > NOTE_AT_MOST:
        raise Rejected("INVALID", f"note: {NOTE_AT_MOST} characters at most")
    return note


async def state_of(context: Context, id: UUID, rules: Decider[S, Any]) -> S:
    """Give how a stream stands, whatever the read models know of it."""

    def read() -> S:
        state = rules.initial
        for recorded in context.carteggio.journal.stream(id):
            state = rules.evolve(state, recorded.event)
        return state

    return await asyncio.to_thread(read)


def giving(
    context: Context, id: UUID, rules: Decider[Any, C], command: C
) -> Callable[[Envelope], int | None]:
    """Give what records a command on a stream."""
    return lambda envelope: context.carteggio.journal.record(id, rules, command, envelope)


# ---- rows


async def exclusion_rows(context: Context) -> list[ExclusionRow]:
    """Give the do-not-capture list, as far as the viewer is told."""

    def read() -> list[ExclusionRow]:
        carteggio, boxes = context.carteggio, context.viewer.manages.mailboxes
        rules = [
            one for one in Exclusions(carteggio.journal).rules() if knows(context, one[1].mailbox)
        ]
        with carteggio.database.pool.connection() as connection:
            counted = excluding.counts(connection, [id for id, _ in rules], boxes)
        return [ExclusionRow(id, rule.pattern, rule, counted.get(id)) for id, rule in rules]

    return await asyncio.to_thread(read)


async def form_rows(context: Context, these: Collection[UUID] | None = None) -> list[FormRow]:
    """Give the web forms that stand, as far as the viewer is told."""
    wanted = None if these is None else list(these)
    found = await asyncio.to_thread(webforms.declared, context.carteggio, wanted)
    return [FormRow(id, one.address, one) for id, one in found if knows(context, one.mailbox)]


async def server_rows(context: Context) -> list[TrustedRow]:
    """Give the servers that are believed."""
    async with context.read() as asked:
        return await trusted(*asked, context.viewer.manages)


# ---- objects


def exclusion_object(row: ExclusionRow, asking: Any) -> Exclusion:
    """Show an entry of the do-not-capture list."""
    return Exclusion(
        id=encoded(Kind.EXCLUSION, row.id),
        key=row.id,
        asking=asking,
        pattern=row.pattern,
        side=ExclusionSide(row.rule.side.value),
        mailbox_id=_mailbox_id(row.rule.mailbox),
        note=row.rule.note,
        passed_over=row.count.messages if row.count else 0,
        last_passed_over_on=row.count.last if row.count else None,
    )


def form_object(row: FormRow, asking: Any) -> WebForm:
    """Show a web form."""
    return WebForm(
        id=encoded(Kind.WEB_FORM, row.id),
        key=row.id,
        asking=asking,
        address=row.address,
        mailbox_id=_mailbox_id(row.form.mailbox),
        note=row.form.note,
    )


def server_object(row: TrustedRow, asking: Any) -> TrustedServer:
    """Show a server that is believed."""
    return TrustedServer(
        id=encoded(Kind.SERVER, row.id), key=row.id, asking=asking, server=row.server
    )


def _mailbox_id(mailbox: UUID | None) -> ID | None:
    return None if mailbox is None else encoded(Kind.MAILBOX, mailbox)


async def policy_objects(context: Context, kind: Kind, asking: Any) -> dict[UUID, Node]:
    """Give what stands of a kind, by id: exclusions, web forms or trusted servers."""
    match kind:
        case Kind.EXCLUSION:
            rules = await exclusion_rows(context)
            return {row.id: exclusion_object(row, asking) for row in rules}
        case Kind.WEB_FORM:
            forms = await form_rows(context)
            return {row.id: form_object(row, asking) for row in forms}
        case _:
            servers = await server_rows(context)
            return {row.id: server_object(row, asking) for row in servers}
