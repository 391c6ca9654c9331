"""How a conversation stood from one moment to the next, by what was said of it and what was written."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.attention import (
    AttentionWord,
    HandedBecause,
    MessageHandedOver,
    MessageSnoozed,
    MessageTaken,
    MessageWaitContinued,
    MessageWaitPaused,
)
from domain.classes import dataclass
from domain.waitgroups import Attending


class Because(StrEnum):
    """Why a conversation is somebody's, or in hand."""

    NOTHING = ""
    TAKEN = "taken"
    HANDED_OVER = "handed_over"
    GIVEN_BACK = "given_back"
    RULE = "rule"
    ABSENCE = "absence"


class Happening(StrEnum):
    """What mail did, as far as it changes how a conversation stands."""

    ASKED = "asked"
    WROTE = "wrote"
    """They wrote, and want no answer."""
    ANSWERED = "answered"
    PASSED_ON = "passed_on"
    """Somebody of ours wrote to colleagues alone."""


@dataclass(frozen=True, slots=True)
class Said:
    """A word, from when it counts, and until when: then it was undone."""

    at: datetime
    position: int
    word: AttentionWord
    undone_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wrote:
    """A mail of the conversation, as what it counts; `position`: when it came to be known."""

    at: datetime
    position: int
    what: Happening


@dataclass(frozen=True, slots=True)
class Attention:
    """How a conversation stands, since when: whose it is, if anybody's own, and whether it rests.

    `owned_at`: when it became so. `passed_on`: it is in hand as a colleague was written to.
    """

    since: datetime
    until: datetime | None = None
    owner: UUID | None = None
    because: Because = Because.NOTHING
    owned_at: datetime | None = None
    note: str = ""
    in_hand: bool = False
    passed_on: bool = False
    snoozed: bool = False
    snoozed_until: datetime | None = None
    paused: bool = False
    reason: str = ""
    """Why it rests."""

    @property
    def until_they_write(self) -> bool:
        """Tell whether it rests without a time."""
        return self.snoozed and self.snoozed_until is None

    @property
    def state(self) -> Attending:
        """Give how it stands, if it waits: what rests is not shown as in hand."""
        if self.snoozed:
            return Attending.SNOOZED
        if self.paused:
            return Attending.PAUSED
        return Attending.IN_HAND if self.in_hand else Attending.WAITING


def course(said: Iterable[Said], mail: Iterable[Wrote]) -> list[Attention]:
    """Give how it stood, in order; before the first one nothing was said.

    What was undone counted until then: from that moment on all is as if it had not been said.
    """
    words, letters = list(said), list(mail)
    undone = sorted({one.undone_at for one in words if one.undone_at is not None})
    found: list[Attention] = []
    begins: datetime | None = None
    for ends in [*undone, None]:
        counts = [
            one
            for one in words
            if one.undone_at is None or begins is None or one.undone_at > begins
        ]
        found += _between(list(_run(counts, letters)), begins, ends)
        begins = ends
    return _joined(found)


def _between(
    spans: Sequence[Attention], begins: datetime | None, ends: datetime | None
) -> Iterator[Attention]:
    """Give what of the spans lies between two moments."""
    for one in spans:
        since = one.since if begins is None else max(one.since, begins)
        until = one.until if ends is None else min(one.until or ends, ends)
        if until is None or since < until:
            yield replace(one, since=since, until=until)


def _joined(spans: Sequence[Attention]) -> list[Attention]:
    """Join spans that say the same; leave out those in which nothing holds."""
    found: list[Attention] = []
    for one in spans:
        last = found[-1] if found else None
        same = last is not None and replace(one, since=last.since, until=last.until) == last
        if last is not None and same and last.until == one.since:
            found[-1] = replace(last, until=one.until)
        else:
            found.append(one)
    return [one for one in found if one != Attention(one.since, one.until)]


def _run(said: Sequence[Said], mail: Sequence[Wrote]) -> Iterator[Attention]:
    """Go through all that happened, in order, as if nothing were undone."""
    steps: list[tuple[datetime, int, int, Said | Wrote]] = [
        *((one.at, 0, one.position, one) for one in mail),
        *((one.at, 1, one.position, one) for one in said),
    ]
    now, is_open, heard = None, False, 0
    for at, _, _, step in sorted(steps, key=lambda one: one[:3]):
        before = now or Attention(at)
        if before.snoozed_until is not None and before.snoozed_until <= at:
            yield from _until(before, before.snoozed_until)
            before = _woken(replace(before, since=before.snoozed_until))
        if isinstance(step, Wrote):
            after = _written(before, step.what, is_open=is_open)
            is_open = _opened(step.what, is_open=is_open)
            heard = max(heard, step.position if step.what in _THEIRS else 0)
        elif isinstance(step.word, MessageSnoozed) and heard > step.position:
            after = before  # whoever let it rest did not know of that mail
        else:
            after = _told(before, step.word, at)
        yield from _until(before, at)
        now = replace(after, since=at)
    if now is not None and now.snoozed_until is not None:
        yield from _until(now, now.snoozed_until)
        now = _woken(replace(now, since=now.snoozed_until))
    if now is not None:
        yield now


def _until(span: Attention, at: datetime) -> Iterator[Attention]:
    if span.since < at:
        yield replace(span, until=at)


def _woken(now: Attention) -> Attention:
    reason = now.reason if now.paused and not now.snoozed else ""
    return replace(now, snoozed=False, snoozed_until=None, reason=reason)


def _opened(what: Happening, *, is_open: bool) -> bool:
    if what in (Happening.ASKED, Happening.ANSWERED):
        return what is Happening.ASKED
    return is_open


def _written(now: Attention, what: Happening, *, is_open: bool) -> Attention:
    """Give how it stands after a mail."""
    match what:
        case Happening.ASKED | Happening.WROTE:
            return _woken(now) if now.snoozed else now
        case Happening.ANSWERED:
            reason = now.reason if now.snoozed else ""
            return replace(now, in_hand=False, passed_on=False, paused=False, reason=reason)
        case Happening.PASSED_ON:
            return replace(now, in_hand=True, passed_on=True) if is_open else now


def _told(now: Attention, word: AttentionWord, at: datetime) -> Attention:
    """Give how it stands after a word: who gets it has to see it, so it rests no more."""
    match word:
        case MessageTaken(colleague=colleague):
            mine = replace(
                _woken(now), owner=colleague, because=Because.TAKEN, owned_at=at, note=""
            )
            return replace(mine, in_hand=True, passed_on=False)
        case MessageHandedOver(to=to, because=because, note=note):
            why = _BECAUSE.get(because, Because.HANDED_OVER if to else Because.GIVEN_BACK)
            owned = replace(_woken(now), owner=to, because=why, owned_at=at, note=note)
            return replace(owned, in_hand=False, passed_on=False)
        case MessageSnoozed(until=until, reason=reason):
            return replace(now, snoozed=True, snoozed_until=until, reason=reason)
        case MessageWaitPaused(reason=reason):
            return replace(now, paused=True, reason=reason)
        case MessageWaitContinued():
            return replace(now, paused=False, snoozed=False, snoozed_until=None, reason="")


_THEIRS = (Happening.ASKED, Happening.WROTE)
_BECAUSE = {HandedBecause.RULE: Because.RULE, HandedBecause.ABSENCE: Because.ABSENCE}
