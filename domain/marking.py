"""How a message is marked in a folder: read, flagged, moved away, by us or by other mail programs.

What a person orders here is an event at once, and is carried out at the mail server afterwards.
What others do there is an event when it is seen. The journal's order decides: of two changes of the
same mark the one recorded last counts (docs/decisions/0011).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated, assert_never

from domain.capture import CaptureEvent, FolderRole
from domain.classes import dataclass
from domain.values import BlobName, MailboxId, Personal, Rejected

MARKS = ("seen", "flagged", "answered")
"""What a person can order; a draft is one by being written."""


class FailureReason(StrEnum):
    """Why the mail server did not do what was ordered."""

    GONE = "gone"
    """The message no longer lies in the folder."""
    NO_FOLDER = "no_folder"
    """The folder is not there."""
    NOT_ALLOWED = "not_allowed"
    """The account may not change this folder."""
    FULL = "full"
    """No room is left there."""
    REFUSED = "refused"
    """The server says no, again and again, or for good."""
    TOO_LATE = "too_late"
    """The server could not be reached for too long."""
    ACCOUNT_REMOVED = "account_removed"
    """The mailbox is no longer fetched from a server, so nothing is done there any more."""


@dataclass(frozen=True, slots=True)
class MessageMarked:
    """In one folder a message was marked otherwise (read, flagged, …), left it, or came back.

    `flags` are those that it has now (of seen, flagged, answered, draft; RFC 9051 2.3.2),
    `flags_before` those it had; `gone`: it no longer lies there, though its raw bytes are kept. An
    order is told by its actor; the mail server is asked after it. `moved_to`: it was ordered here
    to go to this folder of the mailbox; that is `message.moved` now, and not recorded so any more.
    """

    mailbox: MailboxId
    folder: Annotated[str, Personal]
    flags: tuple[str, ...] = ()
    flags_before: tuple[str, ...] = ()
    gone: bool = False
    gone_before: bool = False
    moved_to: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class MessageMoved:
    """A message left one folder of a mailbox for another, where it lies from now on.

    `flags` are those it has there, `flags_before` those it had where it came from. `role` is what
    the folder is for into which it went; `known_there`: it had lain there before; `lay_there`: it
    lay there already, too, so that one place less is left. `raw`, `size` and `received_at` are those
    of the copy that was moved, which stay its own. An order is told by its actor; the mail server
    is asked after it.
    """

    mailbox: MailboxId
    role: FolderRole
    received_at: datetime
    size: int
    raw: BlobName
    folder: Annotated[str, Personal]
    moved_to: Annotated[str, Personal]
    flags: tuple[str, ...] = ()
    flags_before: tuple[str, ...] = ()
    known_there: bool = False
    lay_there: bool = False


@dataclass(frozen=True, slots=True)
class MessageOrderFailed:
    """What was ordered for a message in a folder could not be done at the mail server.

    `added` and `removed` are the flags that were to change; `moved_to` is the folder into which it
    was to go, empty where it was not to be moved; `said` are the server's words. How the message
    lies there in truth is told by `message.marked` beside it, where that is otherwise.
    """

    mailbox: MailboxId
    reason: FailureReason
    folder: Annotated[str, Personal]
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    moved_to: Annotated[str, Personal] = ""
    said: Annotated[str, Personal] = ""


MarkingEvent = MessageMarked | MessageMoved | MessageOrderFailed


@dataclass(frozen=True, slots=True)
class MarkMessage:
    """Say how a message is marked in a folder now; `gone`: it no longer lies there."""

    mailbox: MailboxId
    folder: str
    flags: tuple[str, ...] = ()
    gone: bool = False


Place = tuple[MailboxId, str]


@dataclass(frozen=True, slots=True)
class OrderMarks:
    """Mark a message otherwise in those of the `places` where it lies."""

    places: tuple[Place, ...]
    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class OrderMove:
    """Move a message from one folder of a mailbox into another, which is for `role`."""

    mailbox: MailboxId
    folder: str
    to: str
    role: FolderRole


@dataclass(frozen=True, slots=True)
class FailOrder:
    """Take back what the server did not do; `now` is how the message lies in `folder` in truth.

    `in_both`: a copy of it lies in the folder, too, into which it was to be moved.
    """

    failed: MessageOrderFailed
    now: "Marks"
    in_both: bool = False


MarkingCommand = MarkMessage | OrderMarks | FailOrder


@dataclass(frozen=True, slots=True)
class Marks:
    """How a message is marked in one folder; `moved_to`: by our order it left for another."""

    flags: tuple[str, ...]
    gone: bool = False
    moved_to: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """Flags that are ordered and not known to be carried out; `tried`: they may have been."""

    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    tried: bool = False

    def on(self, flags: frozenset[str]) -> frozenset[str]:
        """Give the flags as they are when it is granted."""
        return (flags | self.added) - self.removed


def decide(marks: Mapping[Place, Marks], command: MarkingCommand) -> Sequence[MarkingEvent]:
    """Return what happens. An empty list means that it has happened already."""
    match command:
        case MarkMessage():
            return _marked(marks, command)
        case OrderMarks():
            return _ordered(marks, command)
        case FailOrder():
            return _failed(marks, command)
        case _ as never:
            assert_never(never)


def _marked(marks: Mapping[Place, Marks], command: MarkMessage) -> Sequence[MessageMarked]:
    """Compare flags as sets; what is gone has none that anybody could see."""
    before = marks.get((command.mailbox, command.folder))
    if before is None:
        raise Rejected("NOT_FOUND", "the message was never seen in this folder")
    flags = before.flags if command.gone else command.flags
    if (before.gone, set(before.flags)) == (command.gone, set(flags)):
        return []
    return [_otherwise((command.mailbox, command.folder), before, flags, gone=command.gone)]


def _ordered(marks: Mapping[Place, Marks], command: OrderMarks) -> Sequence[MessageMarked]:
    """Mark where it lies; an order for flags that are so already is none."""
    there = [place for place in command.places if place in marks and not marks[place].gone]
    if not there:
        raise Rejected("NOT_FOUND", "the message no longer lies in any of these folders")
    wish = Wish(command.added, command.removed)
    then = {place: wish.on(frozenset(marks[place].flags)) for place in there}
    return [
        _otherwise(place, marks[place], in_order(flags))
        for place, flags in then.items()
        if flags != set(marks[place].flags)
    ]


def moved(
    marks: Mapping[Place, Marks], command: OrderMove, copies: Mapping[Place, CaptureEvent]
) -> Sequence[MessageMoved]:
    """Let a message leave one folder for the other, of which it may be there already."""
    place, target = (command.mailbox, command.folder), (command.mailbox, command.to)
    if place == target:
        return []
    before, there, copy = marks.get(place), marks.get(target), copies.get(place)
    if before is None or before.gone or copy is None:
        raise Rejected("NOT_FOUND", "the message no longer lies in this folder")
    lay_there = there is not None and not there.gone
    event = MessageMoved(
        mailbox=command.mailbox,
        role=command.role,
        received_at=copy.received_at,
        size=copy.size,
        raw=copy.raw,
        folder=command.folder,
        moved_to=command.to,
        flags=there.flags if there is not None and lay_there else before.flags,
        flags_before=before.flags,
        known_there=there is not None,
        lay_there=lay_there,
    )
    return [event]


def _failed(marks: Mapping[Place, Marks], command: FailOrder) -> Sequence[MarkingEvent]:
    """Tell it, and put right what the order had made of the message's places."""
    what, now = command.failed, command.now
    place = (what.mailbox, what.folder)
    if not what.moved_to:
        at = living(marks, place)
        return [what, *_marked(marks, MarkMessage(*at, now.flags, now.gone))]
    target = (what.mailbox, what.moved_to)
    there, before = marks.get(target), marks.get(place)
    if there is None or before is None or not before.gone or there.moved_to:
        return [what]
    gone = (
        []
        if there.gone or command.in_both
        else [_otherwise(target, there, there.flags, gone=True)]
    )
    back = [] if now.gone else [_otherwise(place, before, there.flags)]
    return [what, *gone, *back]


def living(marks: Mapping[Place, Marks], place: Place) -> Place:
    """Follow a message from a folder to where our orders took it."""
    passed = {place}
    while (there := marks.get(place)) is not None and there.gone and there.moved_to:
        following = (place[0], there.moved_to)
        if following in passed or following not in marks:
            break
        passed.add(following)
        place = following
    return place


def reconciled(
    before: frozenset[str], now: frozenset[str], wishes: Sequence[Wish]
) -> tuple[frozenset[str], list[Wish]]:
    """Bring what the server has `now` together with what is ordered here and not done yet.

    `before` is what it had when last looked at. What others changed since was recorded later than
    the orders, so it counts: that much of an older wish is dropped. What a tried wish asked for is
    its own doing. Gives the flags as they are to be shown, and what is left of the wishes.
    """
    theirs = before ^ now
    for wish in wishes:
        if wish.tried:
            theirs -= (wish.added & now) | (wish.removed - now)
    left = [
        replace(one, added=one.added - (theirs - now), removed=one.removed - (theirs & now))
        for one in wishes
    ]
    shown = now
    for wish in left:
        shown = wish.on(shown)
    return shown, left


def in_order(flags: frozenset[str]) -> tuple[str, ...]:
    """Give flags as they are written: always in the same order."""
    return tuple(one for one in (*MARKS, "draft") if one in flags)


def _otherwise(
    place: Place, before: Marks, flags: tuple[str, ...], *, gone: bool = False
) -> MessageMarked:
    return MessageMarked(
        mailbox=place[0],
        folder=place[1],
        flags=flags,
        flags_before=before.flags,
        gone=gone,
        gone_before=before.gone,
    )
