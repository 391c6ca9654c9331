"""Notes on messages, documents and conversations: shown where those are, and part of no mail."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

import strawberry
from strawberry import ID, Info
from strawberry.dataloader import DataLoader

from api.graphql.access import checks, marks, requires
from api.graphql.commands import COMMAND_ID, UserError, obeyed, user_error
from api.graphql.context import Context
from api.graphql.ids import Kind, encoded, of_kind
from api.graphql.node import Actor
from api.graphql.paging import text as clean
from api.graphql.scalars import Position
from api.work.notes import add, change, withdraw
from domain.access import Scope
from domain.note import LONGEST
from domain.recorded import Envelope
from domain.values import ActorKind, NoteId, Rejected
from projections import documents, messages
from projections.notes import NoteRow, note, notes_in, notes_of

_TEXT: Final = f"What is to be known, in {LONGEST:,} characters at most; it never leaves by mail."
Order = Callable[[Envelope], int | None]


@strawberry.type(description="An internal explanation; it never leaves by mail.")
class Note:
    id: ID = strawberry.field(description="Opaque; the same for ever.")
    text: str = strawberry.field(description="What it says now.")
    by: Actor = strawberry.field(description="Who wrote it.")
    at: datetime = strawberry.field(description="When.")
    changed_at: datetime | None = strawberry.field(
        description="When it was last changed; what it said before is told by `audit`."
    )


@strawberry.input(description="What is noted about a message.")
class MessageNoteAddInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    message_id: ID = strawberry.field(description="The message; a sent one, too.")
    text: str = strawberry.field(description=_TEXT)


@strawberry.input(description="What is noted about a document.")
class DocumentNoteAddInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    document_id: ID = strawberry.field(description="The document.")
    text: str = strawberry.field(description=_TEXT)


@strawberry.input(description="What a note says from now on.")
class NoteChangeInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    note_id: ID = strawberry.field(description="The note.")
    text: str = strawberry.field(description=_TEXT)


@strawberry.input(description="Which note is shown no more.")
class NoteWithdrawInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    note_id: ID = strawberry.field(description="The note.")


@strawberry.type(description="What came of a command about a note.")
class NotePayload:
    note: Note | None = strawberry.field(
        description="The note as it is now; null once it is withdrawn.",
        extensions=checks(Scope.READ_MAIL),
        directives=marks(Scope.READ_MAIL),
    )
    position: Position | None = strawberry.field(
        description="Where in the journal its event is; null if it was so already."
    )
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")


@strawberry.type
class Notable:
    """What notes can be on; all that are asked for in one request are read at once."""

    @strawberry.field(description="Notes on it that stand now, the oldest first.")
    async def notes(self: Any, info: Info[Any, Any]) -> list[Note]:
        return await (await _loader(info.context, notes_of)).load(self.key)


@strawberry.type
class NotableThread:
    """A conversation has the notes on its messages."""

    @strawberry.field(description="Notes on its messages that stand now, the oldest first.")
    async def notes(self: Any, info: Info[Any, Any]) -> list[Note]:
        return await (await _loader(info.context, notes_in)).load(self.key)


@strawberry.type
class NoteMutation:
    @strawberry.mutation(
        description="Notes something about a message, for whoever sees it; it never leaves by mail.",
        **requires(Scope.WRITE_NOTES),
    )
    async def message_note_add(
        self, info: Info[Any, Any], input: MessageNoteAddInput
    ) -> NotePayload:
        return await _added(info.context, input, Kind.MESSAGE, input.message_id)

    @strawberry.mutation(
        description="Notes something about a document, for whoever sees it; it never leaves by "
        "mail.",
        **requires(Scope.WRITE_NOTES),
    )
    async def document_note_add(
        self, info: Info[Any, Any], input: DocumentNoteAddInput
    ) -> NotePayload:
        return await _added(info.context, input, Kind.DOCUMENT, input.document_id)

    @strawberry.mutation(
        description="Lets a note say something else; what it said stays in the trail.",
        **requires(Scope.WRITE_NOTES),
    )
    async def note_change(self, info: Info[Any, Any], input: NoteChangeInput) -> NotePayload:
        context: Context = info.context

        def order(row: NoteRow) -> Order:
            said = clean(input.text)
            id = NoteId(row.id)
            return lambda envelope: change(context.carteggio, row.object, id, said, envelope)

        return await _done(context, input, order)

    @strawberry.mutation(
        description="Shows a note no more; what it said stays in the trail.",
        **requires(Scope.WRITE_NOTES),
    )
    async def note_withdraw(self, info: Info[Any, Any], input: NoteWithdrawInput) -> NotePayload:
        context: Context = info.context

        def order(row: NoteRow) -> Order:
            id = NoteId(row.id)
            return lambda envelope: withdraw(context.carteggio, row.object, id, envelope)

        return await _done(context, input, order)


async def _added(
    context: Context, input: MessageNoteAddInput | DocumentNoteAddInput, kind: Kind, named: ID
) -> NotePayload:
    try:
        about = of_kind(kind, named)
        if not await _is_seen(context, kind, about):
            raise Rejected("NOT_FOUND", f"there is no such {kind.name.lower()}")
        said = clean(input.text)
        # The same command again writes the same note.
        id = NoteId(uuid5(about, f"note\n{context.viewer.token}\n{input.command_id}"))
        position = await obeyed(
            context,
            input.command_id,
            lambda envelope: add(context.carteggio, about, id, said, envelope),
        )
    except Rejected as refusal:
        return _refused(refusal)
    return await _payload(context, id, position)


async def _done(
    context: Context,
    input: NoteChangeInput | NoteWithdrawInput,
    order: Callable[[NoteRow], Order],
) -> NotePayload:
    try:
        id = of_kind(Kind.NOTE, input.note_id)
        row = await _row(context, id)
        if row is None:
            raise Rejected("NOT_FOUND", "there is no such note")
        position = await obeyed(context, input.command_id, order(row))
    except Rejected as refusal:
        return _refused(refusal)
    return await _payload(context, id, position)


async def _is_seen(context: Context, kind: Kind, id: UUID) -> bool:
    read = messages.by_ids if kind is Kind.MESSAGE else documents.by_ids
    async with context.read() as asked:
        return id in await read(*asked, context.viewer.reader, [id])


async def _row(context: Context, id: UUID) -> NoteRow | None:
    async with context.read() as asked:
        return await note(*asked, context.viewer.reader, id)


async def _payload(context: Context, id: UUID, position: Position | None) -> NotePayload:
    row = await _row(context, id)
    shown = _note(row) if row and not row.withdrawn else None
    return NotePayload(note=shown, position=position, user_errors=[])


def _refused(refusal: Rejected) -> NotePayload:
    return NotePayload(note=None, position=None, user_errors=[user_error(refusal)])


def _note(row: NoteRow) -> Note:
    return Note(
        id=encoded(Kind.NOTE, row.id),
        text=row.text,
        by=Actor(kind=ActorKind(row.actor_kind), id=row.actor_id),
        at=row.at,
        changed_at=row.changed_at,
    )


_Read = Callable[..., Awaitable[dict[UUID, list[NoteRow]]]]
_Loader = DataLoader[UUID, list[Note]]


async def _loader(context: Context, read: _Read) -> _Loader:
    """Give what reads the notes of all that a request shows, together."""

    async def load(ids: Sequence[UUID]) -> list[list[Note]]:
        async with context.read() as asked:
            rows = await read(*asked, context.viewer.reader, ids)
        return [[_note(row) for row in rows.get(id, ())] for id in ids]

    async def made() -> _Loader:
        return DataLoader(load_fn=load)

    return await context.once(read.__name__, made)
