"""Whether contacts and parties may be entered: they change whose mail is in every mailbox."""

from uuid import UUID

from api.graphql.context import Context
from api.work.contacts import NewParty
from domain.values import Rejected
from projections import parties
from projections.reader import EVERYTHING


def check_acts(context: Context) -> None:
    """Refuse who acts on no mailbox."""
    acts = context.viewer.acts.mailboxes
    if acts is not None and not acts:
        sentence = "you only read mailboxes: a member of one, or who sees all mail, may do this"
        raise Rejected("FORBIDDEN", sentence)


async def check_free(context: Context, address: str, party: UUID) -> None:
    """Refuse who acts on some mailboxes only what takes an address from another party."""
    if context.viewer.acts.mailboxes is None:
        return
    async with context.read() as (connection, names):
        rows = await parties.by_address(connection, names, EVERYTHING, address.strip())
    if any(row.id != party for row in rows):
        sentence = "another party has this address already: who acts on all mailboxes may do this"
        raise Rejected("FORBIDDEN", sentence)


async def check_new(context: Context, new: NewParty, party: UUID) -> None:
    """Refuse a code by which another party of its kind is known, whatever its source."""
    code, kind = new.code.strip(), new.kind.strip().casefold() or "lead"
    if not code:
        return
    async with context.read() as (connection, names):
        rows = await parties.by_erp_id(connection, names, EVERYTHING, code, kind)
    if any(row.id != party for row in rows):
        sentence = f"code: a {kind} has the code {code} already; add a contact to it instead"
        raise Rejected("INVALID", f"{sentence}, or choose another code")
