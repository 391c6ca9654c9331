"""People say which messages belong together: what each such order means for the mail there is."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final
from uuid import UUID

from api.work.generations import active_names
from api.work.instance import PROJECTIONS, Carteggio
from domain import regrouping
from domain.identity import regrouping_id
from domain.recorded import Envelope
from domain.regrouping import (
    ConversationRegrouped,
    Regroup,
    RegroupingKind,
    UndoRegrouping,
)
from domain.values import MessageId, Rejected
from projections.regrouping import Foreseen, foresee

_NOTHING_STAYS: Final = (
    "these messages are, with the replies that follow them, the whole conversation: nothing would "
    "stay behind; choose fewer, or withReplies: false"
)
Said = Callable[[], ConversationRegrouped]


def regroup(carteggio: Carteggio, command_id: str, say: Said, envelope: Envelope) -> int | None:
    """Record a regrouping once for a command id; give the position of its event."""
    stream = regrouping_id(carteggio.company, command_id)
    if past := carteggio.journal.stream(stream):
        return past[0].position
    return carteggio.journal.record(stream, regrouping, Regroup(say()), envelope)


def undo(carteggio: Carteggio, which: UUID, note: str, envelope: Envelope) -> int | None:
    """Take a regrouping back; give the position of the event, None if it was so already."""
    return carteggio.journal.record(which, regrouping, UndoRegrouping(note), envelope)


def merged(conversations: Sequence[Collection[UUID]], note: str) -> ConversationRegrouped:
    """Say that the messages of conversations belong together."""
    everybody = dict.fromkeys(one for each in conversations for one in each)
    return ConversationRegrouped(RegroupingKind.MERGE, joined=_ids(everybody), note=note)


def split(
    carteggio: Carteggio, messages: Collection[UUID], note: str, *, with_replies: bool
) -> ConversationRegrouped:
    """Say that messages are a conversation of their own."""
    foreseen = _foreseen(carteggio, messages)
    if not foreseen.stay and (with_replies or not foreseen.follow):
        raise Rejected("INVALID", _NOTHING_STAYS)
    staying, stayed = _staying(foreseen, with_replies=with_replies)
    leaving = _leaving(messages, foreseen, with_replies=with_replies)
    return ConversationRegrouped(RegroupingKind.SPLIT, leaving, (), staying, stayed, note)


def moved(
    carteggio: Carteggio,
    messages: Collection[UUID],
    to: Collection[UUID],
    note: str,
    *,
    with_replies: bool,
) -> ConversationRegrouped:
    """Say that messages belong to another conversation, of which `to` are."""
    if not set(messages).isdisjoint(to):
        raise Rejected("INVALID", "messageIds: some of these are in that conversation already")
    foreseen = _foreseen(carteggio, messages)
    staying, stayed = _staying(foreseen, with_replies=with_replies)
    leaving = _leaving(messages, foreseen, with_replies=with_replies)
    return ConversationRegrouped(RegroupingKind.MOVE, leaving, _ids(to), staying, stayed, note)


def _foreseen(carteggio: Carteggio, messages: Collection[UUID]) -> Foreseen:
    with carteggio.database.pool.connection() as connection:
        return foresee(connection, active_names(connection, PROJECTIONS), messages)


def _leaving(
    messages: Collection[UUID], foreseen: Foreseen, *, with_replies: bool
) -> tuple[MessageId, ...]:
    """Give who is set apart: replies follow by themselves, unless people joined them with others."""
    return _ids([*messages, *(foreseen.held if with_replies else ())])


def _staying(
    foreseen: Foreseen, *, with_replies: bool
) -> tuple[tuple[MessageId, ...], tuple[MessageId, ...]]:
    """Give who would follow and is to stay, and with whom."""
    if with_replies or not foreseen.follow:
        return (), ()
    return _ids(foreseen.follow), _ids(foreseen.stay)


def _ids(messages: Iterable[UUID]) -> tuple[MessageId, ...]:
    return tuple(map(MessageId, messages))
