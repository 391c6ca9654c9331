"""What was said about who may send, in plain English."""

from typing import Final

from domain.sendingrules import (
    EVERY_KIND,
    ColleagueSendingSwitched,
    CompanySendingSwitched,
    Ground,
    OfficeRoleGiven,
    OfficeRoleTaken,
    Reach,
    SendingGranted,
    SendingRefused,
    SendingRuleSet,
    SendingRulesEvent,
    SendingWithdrawn,
    SendRight,
    SendRightGiven,
    SendRightTaken,
)

_GROUNDS: Final = {
    Ground.COMPANY_OFF: "sending is off for the company",
    Ground.COLLEAGUE_OFF: "sending is off for the colleague",
    Ground.NO_RIGHT: "he has no right on the mailbox",
    Ground.KIND_OFF: "his permission for the kind of document was withdrawn",
    Ground.NOT_ASSIGNED: "the document is not assigned to him",
    Ground.NOT_APPROVED: "no other colleague has approved it",
}


def of_permission(event: SendingRulesEvent) -> str:
    """Say what was said, or refused."""
    match event:
        case SendingRefused(ground=ground):
            return f"sending was refused: {_GROUNDS[ground]}"
        case _:
            return _said(event) + (f": {' '.join(event.reason.split())}" if event.reason else "")


def _said(event: SendingRulesEvent) -> str:
    match event:
        case CompanySendingSwitched(on):
            return f"sending was switched {'on' if on else 'off'} for the company"
        case SendingRuleSet(rule):
            return f"the rule of sending is {rule.value}"
        case ColleagueSendingSwitched(on):
            return f"sending was switched {'on' if on else 'off'} for the colleague"
        case SendingGranted(kind, reach):
            whose = "whoever is responsible" if reach is Reach.ANY else "as the rule says"
            return f"may send {_kind(kind)}, {whose}"
        case SendingWithdrawn(kind):
            return f"may not send {_kind(kind)}"
        case OfficeRoleGiven(role):
            return f"is {role.value} from now on"
        case OfficeRoleTaken(role):
            return f"is no longer {role.value}"
        case SendRightGiven(_, right):
            how = "as it" if right is SendRight.SEND_AS else "on its behalf"
            return f"a colleague may send {how}"
        case SendRightTaken():
            return "a colleague's right to send from it was taken back"
        case _:
            return "sending was refused"


def _kind(kind: str) -> str:
    return "anything" if kind == EVERY_KIND else f"documents of the kind {kind}"
