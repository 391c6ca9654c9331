"""Web forms: addresses that write for others, who stand in Reply-To."""

from typing import Annotated, assert_never

from domain.classes import dataclass
from domain.values import MailboxId, Personal, Rejected


@dataclass(frozen=True, slots=True)
class WebFormDeclared:
    """Mail written by an address comes from a form: whoever Reply-To names wrote it in truth.

    It counts for mail that was taken in before, too. `address` is in lower case. `mailbox` None
    means mail of every mailbox; else only a message that was seen in that one.
    """

    address: Annotated[str, Personal]
    note: Annotated[str, Personal] = ""
    mailbox: MailboxId | None = None


@dataclass(frozen=True, slots=True)
class WebFormWithdrawn:
    """The address writes for itself again."""


WebFormEvent = WebFormDeclared | WebFormWithdrawn


@dataclass(frozen=True, slots=True)
class DeclareWebForm:
    """Take an address for a form."""

    declared: WebFormDeclared


@dataclass(frozen=True, slots=True)
class WithdrawWebForm:
    """Take it for a person again."""


WebFormCommand = DeclareWebForm | WithdrawWebForm


@dataclass(frozen=True, slots=True)
class WebForm:
    """What stands; None if the address is no form."""

    standing: WebFormDeclared | None = None


initial = WebForm()


def evolve(form: WebForm, event: object) -> WebForm:
    """Give what stands after an event."""
    match event:
        case WebFormDeclared():
            return WebForm(event)
        case WebFormWithdrawn():
            return initial
        case _:
            return form


def decide(form: WebForm, command: WebFormCommand) -> list[WebFormEvent]:
    """Return what happens. An empty list means that it is so already."""
    match command:
        case DeclareWebForm(declared):
            return [] if form.standing == declared else [declared]
        case WithdrawWebForm():
            if form.standing is None:
                raise Rejected(
                    "NOT_FOUND",
                    "it is not among the web forms; see which are (form list, webForms)",
                )
            return [WebFormWithdrawn()]
        case _ as never:
            assert_never(never)
