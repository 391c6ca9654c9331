"""By what a lane's mail leaves now, and a mark that tells whether that was changed."""

import asyncio
import hashlib
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from adapters.smtp.values import SmtpAccount
from api.work.consent import Consents
from api.work.instance import Carteggio
from api.work.resting import NO_SERVER
from api.work.sendingside import SendingSide, sendings_of, smtp_of
from domain.identity import account_id
from domain.sendingside import Rates
from domain.values import MailboxId, Rejected

_SECRETS: Final = (
    "SELECT account, sha256(sealed) FROM account_secret WHERE account = ANY(%(ids)s)"
    " UNION ALL SELECT account, sha256(sealed) FROM sending_secret WHERE account = ANY(%(ids)s)"
)


@dataclass(frozen=True, slots=True)
class Way:
    """Where a lane's mail is handed over, and how much of it."""

    account: SmtpAccount
    rates: Rates


@dataclass(frozen=True, slots=True)
class Known:
    """How a lane's mailbox sends, if anything says so; `mark` changes with all of it."""

    sending: SendingSide | None
    mark: bytes


class Ways:
    """Looks up by what lanes send; one for each loop."""

    def __init__(self, carteggio: Carteggio) -> None:
        """Ask nobody yet."""
        self._carteggio = carteggio
        self.consents = Consents(carteggio)

    async def known(self, *lanes: UUID) -> dict[UUID, Known]:
        """Give how the mailboxes of lanes send, as it is configured now."""
        sending = {one.mailbox: one for one in await sendings_of(self._carteggio)}
        ids = {one: account_id(self._carteggio.identity_key, MailboxId(one)) for one in lanes}
        secrets = await asyncio.to_thread(self._secrets, list(ids.values()))
        return {
            lane: Known(
                one := sending.get(MailboxId(lane)),
                _mark(one, secrets.get(id, [])),
            )
            for lane, id in ids.items()
        }

    async def of(self, known: Known) -> Way:
        """Give what a session needs; Rejected: nothing says so, or the login is not here."""
        if known.sending is None:
            raise Rejected(NO_SERVER, "nothing says by which server this mailbox sends")
        account = await smtp_of(self._carteggio, self.consents, known.sending)
        return Way(account, known.sending.rates)

    def _secrets(self, ids: list[UUID]) -> dict[UUID, list[bytes]]:
        found: dict[UUID, list[bytes]] = {}
        with self._carteggio.database.pool.connection() as connection:
            for id, digest in connection.execute(_SECRETS, {"ids": ids}):
                found.setdefault(id, []).append(bytes(digest))
        return found


def _mark(sending: SendingSide | None, secrets: list[bytes]) -> bytes:
    configured = repr(sending.configured) if sending else ""
    return hashlib.sha256(b"".join((configured.encode(), *sorted(secrets)))).digest()
