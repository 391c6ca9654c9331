"""Mailboxes shared with colleagues, each of whom sees their mail from then on."""

from collections.abc import Callable, Mapping
from uuid import UUID

from api.work.instance import Carteggio
from domain import mailbox
from domain.company import ColleagueRegistered
from domain.identity import colleague_id
from domain.mailbox import RevokeShare, Role, ShareMailbox
from domain.recorded import Envelope
from domain.values import ColleagueId, Rejected


def share(
    carteggio: Carteggio, box: UUID, colleague: ColleagueId, role: Role, envelope: Envelope
) -> int | None:
    """Let a colleague see a mailbox in a role; give the event's position, None if it is so."""
    check_registered(carteggio, colleague)
    return carteggio.journal.record(box, mailbox, ShareMailbox(colleague, role), envelope)


def unshare(
    carteggio: Carteggio, box: UUID, colleague: ColleagueId, envelope: Envelope
) -> int | None:
    """Let a colleague see a mailbox no more; give the event's position, None if it is so."""
    return carteggio.journal.record(box, mailbox, RevokeShare(colleague), envelope)


def oversee(
    carteggio: Carteggio,
    manager: ColleagueId,
    team: Mapping[UUID, UUID],
    role: Role | None,
    stamp: Callable[[str], Envelope],
) -> int | None:
    """Let a manager see the own mailboxes of a team, or (None) no more; give the last position.

    `team` are the mailboxes by whose each is; the manager's own is left out. `stamp` makes the
    envelope of each part. Who joins the team later is not part of it: it is said again.
    """
    if role not in (None, Role.OBSERVER, Role.SUPERVISOR):
        raise Rejected("INVALID", "role: OBSERVER or SUPERVISOR oversees; null ends it")
    last = None
    for place, (who, box) in enumerate(sorted(team.items())):
        if who == manager:
            continue
        envelope = stamp(f".{place}")
        if role is None:
            position = unshare(carteggio, box, manager, envelope)
        else:
            position = share(carteggio, box, manager, role, envelope)
        last = position or last
    return last


def colleague_at(carteggio: Carteggio, address: str) -> ColleagueId:
    """Give the registered colleague who has an address."""
    colleague = colleague_id(carteggio.identity_key, address.strip())
    check_registered(carteggio, colleague, address.strip() or "an empty text")
    return colleague


def check_registered(carteggio: Carteggio, colleague: ColleagueId, name: str = "") -> None:
    """Raise Rejected where there is no such colleague."""
    past = carteggio.journal.stream(colleague)
    if not any(isinstance(one.event, ColleagueRegistered) for one in past):
        who = f"{name} is no registered colleague" if name else "there is no such colleague"
        raise Rejected("NOT_FOUND", f"{who}; colleagues.csv names them: import directory")
