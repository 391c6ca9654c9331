"""Access tokens: who may ask the API, and which mailboxes are seen through them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, assert_never

from domain.classes import dataclass
from domain.values import ColleagueId, MailboxId, Personal, Rejected


class Scope(StrEnum):
    """What a token may do."""

    READ_MAIL = "read_mail"
    CLOSE_MAIL = "close_mail"
    MARK_MAIL = "mark_mail"
    LINK_MAIL = "link_mail"
    MERGE_PARTIES = "merge_parties"
    READ_AUDIT = "read_audit"
    MANAGE_MAILBOXES = "manage_mailboxes"
    SEND_MAIL = "send_mail"
    MANAGE_TEMPLATES = "manage_templates"
    MANAGE_SENDING = "manage_sending"
    WRITE_NOTES = "write_notes"
    MANAGE_WEBHOOKS = "manage_webhooks"
    MANAGE_ABSENCES = "manage_absences"
    MANAGE_RULES = "manage_rules"
    APPROVE_MAIL = "approve_mail"


@dataclass(frozen=True, slots=True)
class TokenIssued:
    """A token was issued. Only a keyed hash of its secret is kept.

    `mailboxes` None means every mailbox, also those to come. A token of a `colleague` sees those
    that are shared with him, as they are shared then; `mailboxes` is empty.
    """

    secret_hash: str
    scopes: tuple[Scope, ...]
    mailboxes: tuple[MailboxId, ...] | None
    expires_at: datetime | None
    name: Annotated[str, Personal]
    colleague: ColleagueId | None = None


@dataclass(frozen=True, slots=True)
class TokenRevoked:
    """A token is no longer accepted."""


TokenEvent = TokenIssued | TokenRevoked


@dataclass(frozen=True, slots=True)
class IssueToken:
    """Let a program or person in."""

    issued: TokenIssued


@dataclass(frozen=True, slots=True)
class RevokeToken:
    """Shut it out."""


TokenCommand = IssueToken | RevokeToken


@dataclass(frozen=True, slots=True)
class Token:
    """What decisions ask of a token."""

    issued: bool = False
    revoked: bool = False


initial = Token()


def evolve(token: Token, event: object) -> Token:
    """Give the token after an event."""
    match event:
        case TokenIssued():
            return Token(issued=True)
        case TokenRevoked():
            return Token(issued=True, revoked=True)
        case _:
            return token


def decide(token: Token, command: TokenCommand) -> list[TokenEvent]:
    """Return what happens. An empty list means that it has happened already."""
    match command:
        case IssueToken(issued):
            if not issued.name.strip():
                raise Rejected("INVALID", "a token needs a name: who or what will use it")
            if issued.colleague is not None and issued.mailboxes != ():
                sentence = "a colleague's token sees what is shared with him: name no mailboxes"
                raise Rejected("INVALID", sentence)
            return [] if token.issued else [issued]
        case RevokeToken():
            if not token.issued:
                raise Rejected("NOT_FOUND", "there is no such token; see: carteggio token list")
            return [] if token.revoked else [TokenRevoked()]
        case _ as never:
            assert_never(never)
