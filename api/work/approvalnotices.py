"""Who may approve is told by mail that a draft waits, and who wrote it what came of that.

    approval.asked ─▶ who may decide, and is told (api/work/approvals.py `told`) ─▶ a mail each
    approval.approved, approval.refused ─▶ its authors, but for who decided ─▶ a mail each

What was decided, changed or taken back meanwhile is told no more as waiting.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from api.ids import Kind, decoded
from api.work.alarmaudience import People, people_of
from api.work.approvals import approvers
from api.work.instance import Carteggio
from api.work.noticing import OLDEST, Notice, Notices, write
from domain.approval import ApprovalAsked, ApprovalGiven, ApprovalRefused, ApprovalState
from domain.approving import SUBJECT_ASKED, Told, asked_text, decided_subject, decided_text
from domain.recorded import Recorded
from domain.values import Rejected
from projections.approvals import ApprovalRow, approvals_in
from projections.reader import EVERYTHING

NAME: Final = "approvalnotices"


@dataclass(frozen=True, slots=True)
class _Approvals:
    """The approvals that are told of, who is told that each waits, and the people."""

    rows: Mapping[UUID, ApprovalRow]
    waits_for: Mapping[UUID, tuple[list[UUID], list[UUID]]]
    people: People

    def name(self, colleague: UUID | None) -> str:
        """Give somebody's name."""
        known = self.people.known.get(colleague) if colleague is not None else None
        return known.name if known is not None else "Somebody"


async def _tell(carteggio: Carteggio, batch: Sequence[Recorded], now: datetime) -> None:
    recent = [one for one in batch if one.envelope.at > now - OLDEST]
    found = await _read(carteggio, recent)
    for one in recent:
        row = found.rows.get(one.stream)
        if row is None:
            continue
        for notice in _notices(carteggio, found, row, one):
            await write(carteggio, found.people, NAME, notice, now)


async def _read(carteggio: Carteggio, batch: Sequence[Recorded]) -> _Approvals:
    async with carteggio.reading() as asked:
        rows = await approvals_in(*asked, EVERYTHING, ids=list({one.stream for one in batch}))
        waits_for = await approvers(asked, EVERYTHING, rows)
        people = await people_of(asked)
    return _Approvals({row.id: row for row in rows}, waits_for, people)


def _notices(
    carteggio: Carteggio, found: _Approvals, row: ApprovalRow, one: Recorded
) -> list[Notice]:
    by = one.envelope.on_behalf_of or one.envelope.actor
    match one.event:
        case ApprovalAsked(note=note) if row.state == ApprovalState.ASKED:
            asker, whom = _colleague(by.id), found.waits_for[row.id][1]
            words: Callable[[Told], str] = asked_text
            subject = SUBJECT_ASKED
        case ApprovalGiven(approver, note) | ApprovalRefused(approver, note):
            approved = isinstance(one.event, ApprovalGiven)
            asker, whom = approver, [who for who in _authors(row) if who != approver]
            words = partial(decided_text, approved=approved)
            subject = decided_subject(approved=approved)
        case _:
            return []
    box = found.people.boxes.get(row.mailbox)
    at = one.envelope.at.astimezone(carteggio.settings.zone)
    mailbox = box.address if box else "a mailbox"
    return [
        Notice(
            command=f"approval-{one.stream.hex}-{one.position}-{who.hex}",
            to=who,
            subject=subject,
            text=words(
                Told(found.name(asker), mailbox, at, note if found.people.is_inside(who) else "")
            ),
            there=[row.mailbox],
        )
        for who in whom
        if who in found.people.known
    ]


def _authors(row: ApprovalRow) -> list[UUID]:
    """Give the colleagues among those who wrote it, or asked."""
    some = map(_colleague, (*row.authors, row.asked_by))
    return list(dict.fromkeys(who for who in some if who is not None))


def _colleague(id: str) -> UUID | None:
    try:
        kind, found = decoded(id)
    except Rejected:
        return None
    return found if kind is Kind.COLLEAGUE else None


NOTICES: Final = Notices(
    NAME,
    ("approval.asked", "approval.approved", "approval.refused"),
    ("approvals", "company", "access", "permission"),
    _tell,
)
run, tell = NOTICES.run, NOTICES.tell
