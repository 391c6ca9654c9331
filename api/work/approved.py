"""Whether another colleague has to approve a mail, and did: asked before any mail is queued.

Mail that a program answers with by itself (Auto-Submitted) needs none: its words were entered
beforehand by whoever set it up, and nobody composes it.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow, args_row

from adapters.ids import uuid7
from api.work.generations import active_names
from api.work.instance import PROJECTIONS, Carteggio
from api.work.presented import presented_by
from api.work.tosend import ToSend
from domain import approval, sendingrules
from domain.approval import Approval, VoidApproval, exactly
from domain.approvalrules import ApprovalRuleSet, MailCase, rule_for
from domain.composing import Composed
from domain.identity import approval_id
from domain.inforce import Said
from domain.objections import Objection
from domain.recorded import Envelope, Origin
from domain.sendingrules import Ground, RecordRefusal, SendingRefused
from domain.values import Actor, ActorKind, Rejected
from projections.approvals import ApprovalWordRow
from projections.projection import Names
from projections.reader import columns_of

NOT_APPROVED = "NOT_APPROVED"


def refuse_unapproved(
    carteggio: Carteggio, wanted: ToSend, mail: Composed, envelope: Envelope
) -> UUID | None:
    """Give the approval under which a mail leaves; None: it needs none.

    Else the refusal is recorded, and Rejected (NOT_APPROVED) raised. `mail` names who sends it.
    """
    if rule_of(carteggio, wanted, envelope.at) is None:
        return None
    id = None if wanted.draft is None else approval_of(carteggio, wanted, mail)
    try:
        approval.refuse_unapproved(standing(carteggio, id))
    except Rejected:
        ground = Ground.NOT_APPROVED
        refused = SendingRefused(wanted.mailbox, ground, wanted.colleague, wanted.document)
        told = replace(envelope, event_id=uuid7(), command_id=None)
        carteggio.journal.record(uuid7(), sendingrules, RecordRefusal(refused), told)
        raise
    return id


def unapproved(
    carteggio: Carteggio, wanted: ToSend, mail: Composed, at: datetime
) -> list[Objection]:
    """Say that a mail is not approved, if it has to be; nothing is recorded."""
    if rule_of(carteggio, wanted, at) is None:
        return []
    id = None if wanted.draft is None else approval_of(carteggio, wanted, mail)
    try:
        approval.refuse_unapproved(standing(carteggio, id))
    except Rejected as refusal:
        return [Objection("approval", refusal.code, refusal.sentence)]
    return []


def standing(carteggio: Carteggio, id: UUID | None) -> Approval:
    """Give how an approval stands now, by its own events."""
    state = approval.initial
    for recorded in carteggio.journal.stream(id) if id is not None else ():
        state = approval.evolve(state, recorded.event)
    return state


def approval_of(carteggio: Carteggio, wanted: ToSend, mail: Composed) -> UUID:
    """Give the id of the approval of exactly this mail, made of a draft; `mail` names who sends it."""
    if wanted.draft is None:
        raise Rejected("INVALID", "approval is asked for a draft: save the mail as one")
    digests = {key: sha256(octets).hexdigest() for key, octets in wanted.contents.items()}
    said = exactly(replace(wanted.mail, submitted_by=mail.submitted_by), digests)
    return approval_id(carteggio.identity_key, wanted.draft, (str(wanted.mailbox), *said))


def rule_of(carteggio: Carteggio, wanted: ToSend, at: datetime) -> Said[ApprovalRuleSet] | None:
    """Give the rule by which a mail needs approval at a moment; None: it needs none."""
    if wanted.mail.automatic is not None:
        return None
    with carteggio.database.pool.connection() as connection:
        names = active_names(connection, PROJECTIONS)
        said = [row.said for row in _words(connection, names)]
    if not said:
        return None
    kinds = _kinds(carteggio, presented_by(carteggio, wanted))
    return rule_for(said, MailCase(wanted.mailbox, kinds, wanted.colleague), at)


def void(carteggio: Carteggio, id: UUID, by: str) -> None:
    """Let an approval count no more, as the draft says something else, or is gone."""
    kind = ActorKind.USER if by.startswith("col_") else ActorKind.CLIENT
    envelope = Envelope(uuid7(), carteggio.clock(), Actor(kind, by), Origin("drafts"))
    carteggio.journal.record(id, approval, VoidApproval(), envelope)


def _words(connection: Connection[TupleRow], names: Names) -> list[ApprovalWordRow]:
    query = names.sql("SELECT {columns} FROM {approval_word}", columns=columns_of(ApprovalWordRow))
    with connection.cursor(binary=True, row_factory=args_row(ApprovalWordRow)) as cursor:
        return cursor.execute(query).fetchall()


def _kinds(carteggio: Carteggio, documents: Sequence[UUID]) -> frozenset[str]:
    if not documents:
        return frozenset()
    with carteggio.database.pool.connection() as connection:
        names = active_names(connection, PROJECTIONS)
        query = names.sql("SELECT kind FROM {document} WHERE id = ANY(%s)")
        return frozenset(row[0] for row in connection.execute(query, (list(documents),)))
