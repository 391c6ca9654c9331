"""Approval of mail by a second pair of eyes, in plain English."""

from datetime import datetime
from typing import Final

from domain.approval import (
    ApprovalAsked,
    ApprovalDenied,
    ApprovalEvent,
    ApprovalGiven,
    ApprovalRefused,
    ApprovalVoided,
    ApprovalWithdrawn,
    DeniedGround,
)
from domain.approvalrules import ApprovalRuleSet, ApprovalRulesEvent, ApprovalScope

OfApprovals = ApprovalEvent | ApprovalRulesEvent
_GROUNDS: Final = {
    DeniedGround.AUTHOR: "he wrote it, or asked for it",
    DeniedGround.NOT_APPROVER: "the rule names others",
}


def of_approvals(event: OfApprovals) -> str:
    """Say what was said, asked or decided."""
    match event:
        case ApprovalVoided():
            return "the approval is void: the draft says something else since"
        case ApprovalDenied(ground=ground):
            return f"a colleague may not decide on this approval: {_GROUNDS[ground]}"
        case ApprovalAsked() | ApprovalGiven() | ApprovalRefused() | ApprovalWithdrawn():
            return _because(_decided(event), event.note)
        case ApprovalRuleSet(scope, since):
            needs = "needs the approval of a second person" if event.needed else "needs none"
            return _because(f"from {_when(since)} on {_of(scope)} {needs}", event.reason)
        case _:
            said = f"the rule of approval for {_of(event.scope)} ends {_when(event.since)}"
            return _because(said, event.reason)


def _decided(event: ApprovalAsked | ApprovalGiven | ApprovalRefused | ApprovalWithdrawn) -> str:
    match event:
        case ApprovalAsked(version=version):
            return f"approval of a draft was asked for, as it is in version {version}"
        case ApprovalGiven():
            return "the mail was approved as it is"
        case ApprovalRefused():
            return "the approval of the mail was refused"
        case _:
            return "the question for approval was withdrawn"


def _of(scope: ApprovalScope) -> str:
    what = f"mail with a document of the kind {scope.kind}" if scope.kind else "mail"
    whence = " from a mailbox" if scope.mailbox is not None else ""
    whose = " by a colleague" if scope.colleague is not None else ""
    return f"{what}{whence}{whose}"


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def _because(said: str, words: str) -> str:
    return f"{said}: {' '.join(words.split())}" if words.strip() else said
