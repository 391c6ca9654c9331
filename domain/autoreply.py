"""May a mail be answered automatically: RFC 3834 2-5 and RFC 5230 4, the first line that speaks against.

Whether a machine wrote it says domain/machine.py; here are the further reasons for which no program
answers. What was decided is an event of the message, once for each person who is away.

    too old, archived ─▶ not from outside ─▶ nobody to answer ─▶ a machine, a list ─▶ asked not to
    ─▶ of our own ─▶ not addressed ─▶ answered before, too many, halted ─▶ may be answered
"""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final, assert_never
from uuid import UUID

from domain.authentication import is_forged
from domain.classes import dataclass
from domain.content import Content
from domain.correspondents import Ours
from domain.machine import nobody_reads, recognise
from domain.message import Direction
from domain.signedtoken import without_token
from domain.values import AbsenceId, Address, ColleagueId, MailboxId, Personal

ONCE_IN: Final = timedelta(days=7)
"""So long a responder answers a sender once (RFC 3834 2, RFC 5230 4.1)."""
AN_HOUR: Final = timedelta(hours=1)
MOST_AN_HOUR: Final = 5
"""So many answers an hour a sender gets, from all responders together."""
MOST_OF_A_MAILBOX: Final = 60
"""So many answers an hour leave a mailbox; then it is halted."""
HALTED_FOR: Final = timedelta(hours=6)
OLD: Final = timedelta(days=1)
_PROGRAMS: Final = re.compile(
    r"owner-.*|.*-(?:request|owner|bounces?)(?:[+=].*)?|listserv|majordomo|.*\+bounces?",
    re.IGNORECASE,
)
_SUPPRESSED: Final = frozenset({"oof", "autoreply", "all"})


class Why(StrEnum):
    """Why a mail is not answered automatically."""

    ARCHIVED = "archived"
    """It came with the first import of a folder, or a file."""
    OLD = "old"
    """It is older than a day, or than the absence."""
    NOT_INBOUND = "not_inbound"
    NO_RETURN_PATH = "no_return_path"
    """Its copy does not say, or not in one word, where notices go (RFC 3834 4)."""
    NULL_RETURN_PATH = "null_return_path"
    PROGRAM_ADDRESS = "program_address"
    """owner-*, *-request, MAILER-DAEMON, no-reply and the like."""
    MACHINE = "machine"
    LIST = "list"
    CALENDAR = "calendar"
    CERTIFIED = "certified"
    SPAM = "spam"
    FORGED = "forged"
    ASKED_NOT = "asked_not"
    """X-Auto-Response-Suppress."""
    OWN_MAIL = "own_mail"
    """It was written here, and came back."""
    OWN_ADDRESS = "own_address"
    NOT_ADDRESSED = "not_addressed"
    """No address of the person is in To or Cc."""
    ANSWERED_BEFORE = "answered_before"
    TOO_MANY = "too_many"
    HALTED = "halted"
    """So many answers left the mailbox that something is wrong."""
    NOT_SENDABLE = "not_sendable"
    """The mailbox cannot send it, or may not."""


# ---- events


@dataclass(frozen=True, slots=True)
class AutoreplySent:
    """The message was answered automatically for somebody who is away; `mail` is in the outbox."""

    responder: ColleagueId
    mailbox: MailboxId
    absence: AbsenceId
    mail: UUID


@dataclass(frozen=True, slots=True)
class AutoreplySuppressed:
    """It was not; `evidence` are the words that decided."""

    responder: ColleagueId
    mailbox: MailboxId
    absence: AbsenceId
    why: Why
    evidence: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class AutorepliesHalted:
    """So many automatic answers left a mailbox within an hour that none do until a moment."""

    sent: int
    until: datetime


AutoreplyEvent = AutoreplySent | AutoreplySuppressed | AutorepliesHalted


# ---- commands


@dataclass(frozen=True, slots=True)
class TellAutoreply:
    """Keep what was decided on a message, for one person once."""

    told: AutoreplySent | AutoreplySuppressed


@dataclass(frozen=True, slots=True)
class HaltAutoreplies:
    """Let none leave a mailbox for a while."""

    sent: int
    now: datetime


AutoreplyCommand = TellAutoreply | HaltAutoreplies


@dataclass(frozen=True, slots=True)
class Autoreplies:
    """What decisions ask of a message or a mailbox."""

    decided: frozenset[ColleagueId] = frozenset()
    until: datetime | None = None


initial = Autoreplies()


def evolve(state: Autoreplies, event: object) -> Autoreplies:
    """Give the state after an event."""
    match event:
        case AutoreplySent(responder=responder) | AutoreplySuppressed(responder=responder):
            return replace(state, decided=state.decided | {responder})
        case AutorepliesHalted(until=until):
            return replace(state, until=until)
        case _:
            return state


def decide(state: Autoreplies, command: AutoreplyCommand) -> list[AutoreplyEvent]:
    """Return what happens. An empty list means that it was decided already."""
    match command:
        case TellAutoreply(told):
            return [] if told.responder in state.decided else [told]
        case HaltAutoreplies(sent, now):
            halted = state.until is not None and now < state.until
            return [] if halted else [AutorepliesHalted(sent, now + HALTED_FOR)]
        case _ as never:
            assert_never(never)


# ---- may it be answered


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message as the copies of it tell, and how it came into the responder's mailbox."""

    content: Content
    traces: tuple[tuple[str, str], ...]
    direction: Direction
    received_at: datetime
    archived: bool = False

    @property
    def return_paths(self) -> frozenset[str]:
        """Give where notices about it go, without brackets; empty is the null return path."""
        said = (value for name, value in self.traces if name == "return-path")
        return frozenset(one.strip().strip("<>").strip() for one in said)


@dataclass(frozen=True, slots=True)
class Responder:
    """Who is away since when; `addresses` are all of his, in lower case."""

    addresses: frozenset[str]
    away_since: datetime


@dataclass(frozen=True, slots=True)
class History:
    """What was answered before: by him to this sender, by all in an hour, from the mailbox."""

    answered_at: datetime | None = None
    in_an_hour: int = 0
    from_mailbox: int = 0
    halted_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answerable:
    """It may be answered, to this address alone."""

    to: Address


@dataclass(frozen=True, slots=True)
class Refusal:
    """It may not, and the words that say so."""

    why: Why
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class _Case:
    arrived: Arrived
    responder: Responder
    ours: Ours
    history: History
    now: datetime

    @property
    def content(self) -> Content:
        return self.arrived.content

    @property
    def returns(self) -> str:
        return next(iter(self.arrived.return_paths), "")


def may_answer(
    arrived: Arrived, responder: Responder, ours: Ours, history: History, now: datetime
) -> Answerable | Refusal:
    """Say whether a mail may be answered automatically, and to whom; or why not."""
    case = _Case(arrived, responder, ours, history, now)
    for check in _CHECKS:
        if (refusal := check(case)) is not None:
            return refusal
    return Answerable(Address(case.returns))


def has_room(history: History, now: datetime) -> Refusal | None:
    """Say what speaks against a further answer in what was answered before."""
    if history.halted_until is not None and now < history.halted_until:
        return Refusal(Why.HALTED)
    if history.answered_at is not None and now < history.answered_at + ONCE_IN:
        return Refusal(Why.ANSWERED_BEFORE)
    if history.in_an_hour >= MOST_AN_HOUR:
        return Refusal(Why.TOO_MANY)
    return Refusal(Why.HALTED) if history.from_mailbox >= MOST_OF_A_MAILBOX else None


def _by_age(case: _Case) -> Refusal | None:
    if case.arrived.archived:
        return Refusal(Why.ARCHIVED)
    received = case.arrived.received_at
    old = received < case.now - OLD or received < case.responder.away_since
    return Refusal(Why.OLD) if old else None


def _by_direction(case: _Case) -> Refusal | None:
    outside = case.arrived.direction is Direction.INBOUND
    return None if outside else Refusal(Why.NOT_INBOUND)


def _by_return_path(case: _Case) -> Refusal | None:
    """RFC 3834 4: the answer goes to the return path, and nowhere if that is null or unknown."""
    paths = case.arrived.return_paths
    if "" in paths:
        return Refusal(Why.NULL_RETURN_PATH, "Return-Path: <>")
    if len(paths) != 1 or "@" not in case.returns:
        return Refusal(Why.NO_RETURN_PATH, ", ".join(sorted(paths)))
    for one in (Address(case.returns), *case.content.authors):
        local = one.spec.rpartition("@")[0]
        if _PROGRAMS.fullmatch(local) or nobody_reads(one):
            return Refusal(Why.PROGRAM_ADDRESS, one.spec)
    return None


def _by_writer(case: _Case) -> Refusal | None:
    machine = recognise(case.content, case.arrived.traces)
    if machine.automatic:
        return Refusal(Why.MACHINE, machine.evidence)
    # RFC 5230 4.6: any List-* field, whatever else the mail is.
    listed = next((name for name, _ in case.content.signals if name.startswith("list-")), "")
    if machine.listed or listed:
        return Refusal(Why.LIST, machine.evidence or listed)
    if case.content.calendar_method not in ("", "REQUEST"):
        return Refusal(Why.CALENDAR, case.content.calendar_method)
    if trasporto := case.content.signal("x-trasporto"):
        return Refusal(Why.CERTIFIED, trasporto)
    if case.content.signal("x-spam-flag").strip().lower().startswith("yes"):
        return Refusal(Why.SPAM)
    if is_forged(case.arrived.traces, case.ours.servers):
        return Refusal(Why.FORGED)
    return None


def _by_wish(case: _Case) -> Refusal | None:
    """MS-OXCMAIL 2.1.3.2.23: DR, NDR, RN and NRN ask for other things than this."""
    said = [value for name, value in case.content.signals if name == "x-auto-response-suppress"]
    words = {word.strip().lower() for one in said for word in one.split(",")}
    return Refusal(Why.ASKED_NOT, ", ".join(said)) if words & _SUPPRESSED else None


def _by_own(case: _Case) -> Refusal | None:
    """What we wrote comes back under another sender's name: by a list, or by who passes it on."""
    for id in (case.content.message_id, *case.content.also_known_as):
        if case.ours.holds(Address(id)):
            return Refusal(Why.OWN_MAIL, id)
    for one in (Address(case.returns), *case.content.authors):
        if case.ours.holds(one) or one.key in case.responder.addresses:
            return Refusal(Why.OWN_ADDRESS, one.spec)
    return None


def _by_addressees(case: _Case) -> Refusal | None:
    """RFC 5230 4.5: who is meant by a blind copy, a list or an alias nobody knows stays silent."""
    addressed = {without_token(one.key) for one in (*case.content.to, *case.content.cc)}
    return None if addressed & case.responder.addresses else Refusal(Why.NOT_ADDRESSED)


def _by_history(case: _Case) -> Refusal | None:
    return has_room(case.history, case.now)


_CHECKS: Final[tuple[Callable[[_Case], Refusal | None], ...]] = (
    _by_age, _by_direction, _by_return_path, _by_writer, _by_wish, _by_own, _by_addressees,
    _by_history,
)  # fmt: skip
