"""Who may send: what is asked before any mail is queued, and what is said about it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from adapters.ids import uuid7
from api.ids import Kind
from api.work.generations import active_names
from api.work.instance import PROJECTIONS, Carteggio
from api.work.sharing import check_registered
from domain import sendingrules
from domain.identity import company_stream
from domain.permission import Allowed, Refused, may_send
from domain.recorded import Envelope, Origin
from domain.sendingrules import (
    CompanySendingSwitched,
    RecordRefusal,
    SayOfColleague,
    SayOfCompany,
    SayOfMailbox,
    SendingRefused,
    SendingRuleSet,
    SendRightGiven,
    SendRightTaken,
)
from domain.values import Actor, ActorKind, ColleagueId, DocumentId, MailboxId, Rejected
from projections.permission import Asked, standing

_LONGEST_REASON = 2_000
_LONGEST_KIND = 100


def permitted(
    carteggio: Carteggio,
    *,
    colleague: ColleagueId | None,
    mailbox: MailboxId,
    documents: Sequence[DocumentId] = (),
) -> Allowed | Refused:
    """Say whether a mail may be sent from a mailbox; nothing is recorded.

    `colleague` None is a program, or the operator: what they may is said by scope and mailboxes of
    the token. `documents` are what the mail presents (domain/presenting.py): all have to be allowed.
    """
    return _decided(carteggio, colleague, mailbox, documents)[0]


def refuse_unpermitted(
    carteggio: Carteggio,
    *,
    colleague: ColleagueId | None,
    mailbox: MailboxId,
    documents: Sequence[DocumentId] = (),
    envelope: Envelope | None = None,
) -> Allowed:
    """Let pass who may send, else record the refusal and raise Rejected (FORBIDDEN, DISABLED).

    `envelope` tells who asks and by which way; its command id is left to the mail. Of what was to
    be sent nothing is kept.
    """
    found, document = _decided(carteggio, colleague, mailbox, documents)
    if isinstance(found, Allowed):
        return found
    refused = SendingRefused(mailbox, found.ground, colleague, document)
    told = envelope or _by(colleague)
    told = replace(told, event_id=uuid7(), command_id=None)
    carteggio.journal.record(uuid7(), sendingrules, RecordRefusal(refused), told)
    raise found.rejected()


def _decided(
    carteggio: Carteggio,
    colleague: ColleagueId | None,
    mailbox: MailboxId,
    documents: Sequence[DocumentId],
) -> tuple[Allowed | Refused, DocumentId | None]:
    """Decide about each document; give the first refusal, and about which it is."""
    company = company_stream(carteggio.company)
    with carteggio.database.pool.connection() as connection:
        names = active_names(connection, PROJECTIONS)

        def about(document: DocumentId | None) -> tuple[Allowed | Refused, DocumentId | None]:
            asked = Asked(company, colleague, mailbox, document)
            return may_send(*standing(connection, names, asked)), document

        found = [about(one) for one in documents or (None,)]
    return next((one for one in found if isinstance(one[0], Refused)), found[0])


def say_of_company(
    carteggio: Carteggio, said: CompanySendingSwitched | SendingRuleSet, envelope: Envelope
) -> int | None:
    """Say something that holds for the company; give the event's position, None if it is so."""
    stream, command = company_stream(carteggio.company), SayOfCompany(said)
    _check(said.reason)
    return carteggio.journal.record(stream, sendingrules, command, envelope)


def say_of_colleague(
    carteggio: Carteggio, colleague: UUID, command: SayOfColleague, envelope: Envelope
) -> int | None:
    """Say something about a colleague; Rejected where he is not registered."""
    _check(command.said.reason)
    return carteggio.journal.record(colleague, sendingrules, command, envelope)


def say_of_mailbox(
    carteggio: Carteggio, mailbox: UUID, said: SendRightGiven | SendRightTaken, envelope: Envelope
) -> int | None:
    """Say who may send from a mailbox; Rejected where there is none, or no such colleague."""
    _check(said.reason)
    if isinstance(said, SendRightGiven):
        check_registered(carteggio, said.colleague)
    return carteggio.journal.record(mailbox, sendingrules, SayOfMailbox(said), envelope)


def kind_named(text: str) -> str:
    """Read a kind of documents as people type it; `*` or `all` is every kind."""
    kind = " ".join(text.split()).casefold()
    if not kind or len(kind) > _LONGEST_KIND:
        raise Rejected(
            "INVALID", f"name a kind of documents, of {_LONGEST_KIND} letters at most, or *"
        )
    return sendingrules.EVERY_KIND if kind == "all" else kind


def _check(reason: str) -> None:
    if len(reason) > _LONGEST_REASON:
        raise Rejected("INVALID", f"reason: {_LONGEST_REASON} characters is the most")


def _by(colleague: ColleagueId | None) -> Envelope:
    actor = Actor(ActorKind.SYSTEM, "sending")
    if colleague is not None:
        actor = Actor(ActorKind.USER, f"{Kind.COLLEAGUE.value}_{colleague.hex}")
    return Envelope(uuid7(), datetime.now(UTC), actor, Origin("sending"))
