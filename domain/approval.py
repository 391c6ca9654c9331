"""Approval of a mail by a second pair of eyes: asked for, given or refused, withdrawn, void.

    asked ─▶ approved ─▶ (the mail leaves, and names the approval)
      │ └──▶ refused
      └────▶ withdrawn │ void: the draft says something else since

An approval is of exactly what will leave: its stream's id is a keyed digest of recipients, subject,
text and files of one draft. An edited draft has another id, so nobody has approved it. Whoever wrote
or asked never approves: `may_decide` is the one place that says who does.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Final, assert_never
from uuid import UUID

from domain.approvalrules import ApproverRole
from domain.classes import dataclass
from domain.composing import Composed
from domain.values import ColleagueId, DocumentId, MailboxId, Personal, Rejected

LONGEST_NOTE: Final = 2_000


class ApprovalState(StrEnum):
    """How an approval stands."""

    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    VOID = "void"
    SENT = "sent"
    """The mail left, or waits in the outbox, under it."""


class DeniedGround(StrEnum):
    """Why somebody may not decide."""

    AUTHOR = "author"
    NOT_APPROVER = "not_approver"


# ---- events


@dataclass(frozen=True, slots=True)
class ApprovalAsked:
    """Somebody asked that a draft, as it is in a version, be approved; by which rule it has to be.

    `authors` are the ids, as the API gives them, of all who wrote it and of who asked: none of them
    approves. `roles` and `people` may; without any, whoever acts on the mailbox.
    """

    draft: UUID
    version: int
    mailbox: MailboxId
    document: DocumentId | None
    rule: UUID
    authors: tuple[str, ...]
    roles: tuple[ApproverRole, ...] = ()
    people: tuple[ColleagueId, ...] = ()
    note: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class ApprovalGiven:
    """A colleague who did not write it approved exactly what will leave."""

    approver: ColleagueId
    note: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class ApprovalRefused:
    """A colleague who did not write it says no, and why."""

    approver: ColleagueId
    note: Annotated[str, Personal]


@dataclass(frozen=True, slots=True)
class ApprovalWithdrawn:
    """It is asked for, or counts, no more, by the word of who wrote or asked."""

    note: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class ApprovalVoided:
    """The draft says something else since, or is gone: nobody approved what it says now."""


@dataclass(frozen=True, slots=True)
class ApprovalDenied:
    """Somebody tried to decide who may not; nothing changed."""

    ground: DeniedGround
    colleague: ColleagueId


ApprovalEvent = (
    ApprovalAsked
    | ApprovalGiven
    | ApprovalRefused
    | ApprovalWithdrawn
    | ApprovalVoided
    | ApprovalDenied
)


# ---- commands


@dataclass(frozen=True, slots=True)
class AskApproval:
    """Ask for it."""

    asked: ApprovalAsked


@dataclass(frozen=True, slots=True)
class Approver:
    """Who wants to decide: all ids by which he may have written, and what he is on the mailbox.

    `acts`: on its mail, as its own colleague, member or supervisor.
    """

    colleague: ColleagueId
    ids: tuple[str, ...]
    acts: bool = False
    roles: tuple[ApproverRole, ...] = ()


@dataclass(frozen=True, slots=True)
class DecideApproval:
    """Say yes or no."""

    by: Approver
    approved: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class WithdrawApproval:
    """Take the question, or what came of it, back."""

    by: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class VoidApproval:
    """The draft is another one now."""


ApprovalCommand = AskApproval | DecideApproval | WithdrawApproval | VoidApproval


@dataclass(frozen=True, slots=True)
class Approval:
    """What decisions ask: how it stands, what was asked, who approved."""

    state: ApprovalState | None = None
    asked: ApprovalAsked | None = None
    approver: ColleagueId | None = None


initial = Approval()
_OPEN: Final = frozenset({ApprovalState.ASKED, ApprovalState.APPROVED})


def evolve(approval: Approval, event: object) -> Approval:
    """Give how it stands after an event."""
    match event:
        case ApprovalAsked():
            return Approval(ApprovalState.ASKED, event)
        case ApprovalGiven(approver):
            return replace(approval, state=ApprovalState.APPROVED, approver=approver)
        case ApprovalRefused(approver):
            return replace(approval, state=ApprovalState.REFUSED, approver=approver)
        case ApprovalWithdrawn():
            return replace(approval, state=ApprovalState.WITHDRAWN)
        case ApprovalVoided():
            return replace(approval, state=ApprovalState.VOID)
        case _:
            return approval


def decide(approval: Approval, command: ApprovalCommand) -> list[ApprovalEvent]:
    """Return what happens. An empty list means that it is so already."""
    match command:
        case AskApproval(asked):
            _check(asked.note)
            return [] if approval.state in _OPEN else [asked]
        case VoidApproval():
            return [ApprovalVoided()] if approval.state in _OPEN else []
        case WithdrawApproval(by, note):
            return _withdrawn(approval, by, note)
        case DecideApproval():
            return _decided(approval, command)
        case _ as never:
            assert_never(never)


def _withdrawn(approval: Approval, by: str, note: str) -> list[ApprovalEvent]:
    _check(note)
    if approval.asked is None or by not in approval.asked.authors:
        raise Rejected("NOT_FOUND", "there is no such question of yours for approval")
    return [ApprovalWithdrawn(note.strip())] if approval.state in _OPEN else []


def _decided(approval: Approval, command: DecideApproval) -> list[ApprovalEvent]:
    by, note = command.by, command.note.strip()
    _check(note)
    if approval.asked is None:
        raise Rejected("NOT_FOUND", "there is no such question for approval")
    wanted = ApprovalState.APPROVED if command.approved else ApprovalState.REFUSED
    if approval.state is wanted and approval.approver == by.colleague:
        return []
    if (ground := may_decide(approval.asked, by)) is not None:
        return [ApprovalDenied(ground, by.colleague)]
    if approval.state is not ApprovalState.ASKED:
        state = approval.state.value if approval.state else "not asked"
        sentence = f"this is {state}; there is nothing to decide until it is asked for again"
        raise Rejected("CONFLICT", sentence)
    if command.approved:
        return [ApprovalGiven(by.colleague, note)]
    if not note:
        raise Rejected("INVALID", "note: say why not, so that it can be mended")
    return [ApprovalRefused(by.colleague, note)]


def may_decide(asked: ApprovalAsked, by: Approver) -> DeniedGround | None:
    """Say why somebody who sees the mailbox may not approve or refuse a mail; None: he may.

    Whoever wrote or asked never does, whatever role he has.
    """
    if not set(by.ids).isdisjoint(asked.authors):
        return DeniedGround.AUTHOR
    if not asked.roles and not asked.people:
        return None if by.acts else DeniedGround.NOT_APPROVER
    named = by.colleague in asked.people or not set(by.roles).isdisjoint(asked.roles)
    return None if named else DeniedGround.NOT_APPROVER


DENIED: Final[Mapping[DeniedGround, str]] = {
    DeniedGround.AUTHOR: "whoever wrote a mail, or asked for its approval, does not approve it: "
    "another colleague has to",
    DeniedGround.NOT_APPROVER: "the rule of approval names others: let one of them decide",
}
"""What is told to whoever may not decide."""


def refuse_unapproved(approval: Approval) -> None:
    """Raise Rejected (NOT_APPROVED) unless another colleague approved exactly this mail."""
    if approval.state is ApprovalState.APPROVED and approval.asked is not None:
        return
    raise Rejected("NOT_APPROVED", _WHY_NOT[approval.state])


_ASK: Final = "save it as a draft, and ask for approval (approvalAsk, approval ask)"
_WHY_NOT: Final[Mapping[ApprovalState | None, str]] = {
    None: f"another colleague has to approve this mail as it is before it leaves: {_ASK}",
    ApprovalState.ASKED: "nobody has approved this mail yet; it waits for another colleague",
    ApprovalState.REFUSED: "the approval of this mail was refused: change it, and ask again",
    ApprovalState.WITHDRAWN: f"the approval of this mail was withdrawn: {_ASK}",
    ApprovalState.VOID: f"this mail was changed since it was approved: {_ASK}",
}


def _check(note: str) -> None:
    if len(note) > LONGEST_NOTE:
        raise Rejected("INVALID", f"note: {LONGEST_NOTE:,} characters is the most")


# ---- what exactly is approved


def exactly(mail: Composed, digests: Mapping[str, str]) -> Iterator[str]:
    """Give all that a recipient sees of a mail, part by part; `digests` are those of its files.

    What is put in when it leaves (date, ids, marker) is none of it; nor is when it leaves.
    """
    sender = mail.sender
    yield f"from {sender.spec}\n{sender.name}\n{sender.company}"
    if mail.submitted_by is not None:
        yield f"sender {mail.submitted_by.spec}\n{mail.submitted_by.name}"
    for field in ("to", "cc", "bcc", "reply_to"):
        for one in getattr(mail, field):
            yield f"{field} {one.spec}\n{one.name}"
    for field in ("subject", "text", "html", "language"):
        yield f"{field} {getattr(mail, field)}"
    if mail.quote is not None:
        yield f"quote {mail.quote.text}"
        yield f"quoted {mail.quote.html}"
    for file in mail.files:
        yield f"file {digests[file.content]}\n{file.media_type}\n{file.content_id}\n{file.name}"
