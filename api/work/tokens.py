"""Access tokens: `cgt_<id>_<secret>`. The secret is shown once; a keyed hash of it is kept."""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from adapters.ids import uuid7
from adapters.keyring import Keyring
from api.work.instance import Carteggio
from domain import access
from domain.access import IssueToken, RevokeToken, Scope, TokenIssued
from domain.recorded import Envelope, Origin
from domain.values import Actor, ActorKind, ColleagueId, MailboxId

PREFIX: Final = "cgt"


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token as it is presented."""

    id: UUID
    secret: str = field(repr=False)

    def __str__(self) -> str:
        return f"{PREFIX}_{self.id.hex}_{self.secret}"


def parsed(text: str) -> Bearer | None:
    """Read a token; None if it has not the form of one."""
    prefix, _, rest = text.strip().partition("_")
    id, _, secret = rest.partition("_")
    if prefix != PREFIX or not secret or len(id) != 32:
        return None
    try:
        return Bearer(UUID(hex=id), secret)
    except ValueError:
        return None


def secret_hash(keyring: Keyring, secret: str) -> str:
    """Give the keyed hash under which a secret is kept; it is drawn, so no slow hash is needed."""
    key = hmac.digest(keyring.index_key, b"access token", "sha256")
    return hmac.digest(key, secret.encode(), "sha256").hex()


def is_right(keyring: Keyring, bearer: Bearer, kept: str) -> bool:
    """Tell whether a presented secret is the one that was issued."""
    return hmac.compare_digest(secret_hash(keyring, bearer.secret), kept)


def issue(
    carteggio: Carteggio,
    name: str,
    scopes: Sequence[Scope],
    mailboxes: Sequence[MailboxId] | None,
    expires_at: datetime | None,
    colleague: ColleagueId | None = None,
) -> Bearer:
    """Issue a token; `mailboxes` None means all of them, also those to come.

    A colleague's sees what is shared with him, and names no mailboxes.
    """
    bearer = Bearer(uuid7(), secrets.token_urlsafe(32))
    issued = TokenIssued(
        secret_hash=secret_hash(carteggio.keyring, bearer.secret),
        scopes=tuple(dict.fromkeys(scopes)),
        mailboxes=None if mailboxes is None else tuple(mailboxes),
        expires_at=expires_at,
        name=name,
        colleague=colleague,
    )
    carteggio.journal.record(bearer.id, access, IssueToken(issued), by_operator())
    return bearer


def revoke(carteggio: Carteggio, token: UUID) -> None:
    """Shut a token out."""
    carteggio.journal.record(token, access, RevokeToken(), by_operator())


def by_operator() -> Envelope:
    """Give the envelope of what is done at the command line."""
    actor = Actor(ActorKind.SYSTEM, "operator")
    return Envelope(uuid7(), datetime.now(UTC), actor, Origin("cli"))
