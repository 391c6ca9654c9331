"""Web forms as whoever manages mailboxes has them: declared, withdrawn, listed."""

from collections.abc import Sequence
from uuid import UUID

from api.work.instance import Carteggio
from api.work.records import is_address
from domain import webform
from domain.identity import web_form_id
from domain.recorded import Envelope
from domain.values import MailboxId, Rejected
from domain.webform import DeclareWebForm, WebFormDeclared, WithdrawWebForm


def form_of(
    carteggio: Carteggio, address: str, note: str = "", mailbox: MailboxId | None = None
) -> tuple[UUID, WebFormDeclared]:
    """Read what people type; give the form with its stream's id, declared or not."""
    clean = address.strip().casefold()
    if not is_address(clean):
        raise Rejected("INVALID", f"{address!r} is no mail address")
    id = web_form_id(carteggio.identity_key, clean, mailbox)
    return id, WebFormDeclared(clean, note, mailbox)


def declare(
    carteggio: Carteggio, id: UUID, form: WebFormDeclared, envelope: Envelope
) -> int | None:
    """Take mail of an address for that of whoever stands in Reply-To."""
    return carteggio.journal.record(id, webform, DeclareWebForm(form), envelope)


def withdraw(carteggio: Carteggio, id: UUID, envelope: Envelope) -> int | None:
    """Take it for its own again; Rejected if it is no form."""
    return carteggio.journal.record(id, webform, WithdrawWebForm(), envelope)


def declared(
    carteggio: Carteggio, these: Sequence[UUID] | None = None
) -> list[tuple[UUID, WebFormDeclared]]:
    """Give those of the forms that stand, or all, by address."""
    streams = list(these or ()) if these is not None else _known(carteggio)
    forms = dict.fromkeys(streams, webform.initial)
    for recorded in carteggio.journal.streams(streams):
        forms[recorded.stream] = webform.evolve(forms[recorded.stream], recorded.event)
    standing = [(id, one.standing) for id, one in forms.items() if one.standing]
    return sorted(standing, key=lambda form: (form[1].address, form[0]))


def _known(carteggio: Carteggio) -> list[UUID]:
    with carteggio.database.pool.connection() as connection:
        rows = connection.execute("SELECT stream FROM matching_ours WHERE forms <> '{}'")
        return [row[0] for row in rows]
