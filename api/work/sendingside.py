"""The sending side of accounts: by which server, as whom, how fast. Secrets lie sealed, in no event."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, cast
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from adapters.mailservers import Tokens
from adapters.reach import Reach
from adapters.smtp.values import SmtpAccount
from api.work.accounts import (
    Account,
    Security,
    Stamp,
    accounts_of,
    by_operators,
    carried_out,
    password_of,
    vouching,
)
from api.work.consent import Consents
from api.work.importing import register_mailbox
from api.work.instance import Carteggio
from domain import account
from domain.account import refuse_pin
from domain.identity import account_id, mailbox_id
from domain.recorded import Envelope
from domain.sendingside import (
    NOBODY,
    PASSWORD,
    AccountSendingConfigured,
    ChangeSendingCredentials,
    ConfigureSending,
    Rates,
    RemoveSending,
    rates_of,
    wants_reports,
)
from domain.values import MailboxId, Rejected
from projections import company
from projections.projection import Names
from projections.reader import EVERYTHING, Reader
from projections.sendingside import SendingSideRow, sendings

SMTP_PORTS: Final[Mapping[str, int]] = {"tls": 465, "starttls": 587, "plain": 25}
_KIND: Final = "smtp"


@dataclass(frozen=True, slots=True)
class SendingSide:
    """How mail of a mailbox is sent, as it is configured now."""

    id: UUID
    address: str
    configured: AccountSendingConfigured

    @property
    def mailbox(self) -> MailboxId:
        """Give the mailbox whose mail it is."""
        return self.configured.mailbox

    @property
    def rates(self) -> Rates:
        """Give how much the server takes."""
        return rates_of(self.configured)

    def may_send_as(self, sender: str) -> bool:
        """Say whether mail may go out under an address: the mailbox's own, or one that was named."""
        own = (self.address, *self.configured.senders)
        return sender.strip().casefold() in {one.casefold() for one in own}

    def smtp(self, user: str, password: str, tokens: Tokens | None, reach: Reach) -> SmtpAccount:
        """Give what the session needs."""
        one = self.configured
        return SmtpAccount(
            host=one.host,
            port=one.port,
            security=cast("Security", one.security),
            user=user,
            password=password,
            ca_file=vouching(one.ca_file, one.authorities),
            pin=one.pin,
            tokens=tokens,
            reach=reach,
            called=_called(self.address),
        )


@dataclass(frozen=True, slots=True)
class EnteredSending:
    """What an operator enters; `password` is the one of its own, where there is one."""

    address: str
    host: str
    port: int
    security: Security
    login: str
    user: str = ""
    password: str = field(default="", repr=False)
    senders: tuple[str, ...] = ()
    sent_copy: str = "auto"
    mails_per_minute: int | None = None
    recipients_per_day: int | None = None
    connections: int | None = None
    ca_file: str = ""
    pin: str = ""
    authorities: str = ""
    reply_to: str = ""
    delivery_reports: str = "auto"

    def configured(self, mailbox: MailboxId) -> AccountSendingConfigured:
        """Give what is recorded of it."""
        return AccountSendingConfigured(
            mailbox=mailbox,
            port=self.port,
            security=self.security,
            login=self.login,
            host=self.host,
            user=self.user if self.login != NOBODY else "",
            senders=self.senders,
            sent_copy=self.sent_copy,
            mails_per_minute=self.mails_per_minute,
            recipients_per_day=self.recipients_per_day,
            connections=self.connections,
            ca_file=self.ca_file,
            pin=self.pin,
            authorities=self.authorities,
            reply_to=self.reply_to,
            delivery_reports=self.delivery_reports,
        )


class TriedTokens:
    """Tokens of which it is only told that a server refuses them: no consent is taken away by that.

    A consent may be for fetching alone, or a company may have turned this login off for sending.
    """

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    async def current(self) -> str:
        """Give a token that can be used now."""
        return await self._tokens.current()

    async def renewed(self, refused: str) -> str:
        """Give another one."""
        return await self._tokens.renewed(refused)

    async def gave_up(self, token: str, sentence: str) -> None:
        """Leave the consent as it is; what the server said is told."""


def configure_sending(
    carteggio: Carteggio,
    entered: EnteredSending,
    stamp: Stamp = by_operators,
    *,
    secret: bool = True,
) -> int | None:
    """Keep how mail of a mailbox is sent, and its own password; give the last event's position.

    Without a new `secret` the one that is kept stays; a login that is shared, or nobody's, keeps
    none. None: all was so already.
    """
    mailbox = register_mailbox(carteggio, entered.address, stamp("#mailbox"))
    id = account_id(carteggio.identity_key, mailbox)
    command = ConfigureSending(entered.configured(mailbox))
    position = carteggio.journal.record(id, account, command, stamp(""))
    if entered.login != PASSWORD:
        _forget(carteggio, id)
        return position
    if not secret:
        return position
    return _change_secret(carteggio, id, entered.password, stamp("#secret"))


def remove_sending(carteggio: Carteggio, id: UUID, envelope: Envelope) -> int | None:
    """Send no more by an account, and destroy the password of its own; fetching goes on."""
    try:
        return carteggio.journal.record(id, account, RemoveSending(), envelope)
    finally:  # also where this was cut off after the event, and is tried again
        state = account.initial
        for one in carteggio.journal.stream(id):
            state = account.evolve(state, one.event)
        if state.sending is None:
            _forget(carteggio, id)


def _change_secret(carteggio: Carteggio, id: UUID, secret: str, envelope: Envelope) -> int | None:
    """Store a secret, then say that it was; not again where the same command did it already."""
    if envelope.command_id is None or not carried_out(carteggio, envelope.command_id):
        sealed = carteggio.keyring.seal_secret(id, secret.encode(), _KIND)
        with carteggio.database.pool.connection() as connection:
            connection.execute(
                "INSERT INTO sending_secret (account, sealed) VALUES (%s, %s)"
                " ON CONFLICT (account) DO UPDATE SET sealed = excluded.sealed",
                (id, sealed),
            )
    mark = hashlib.sha256(secret.encode()).hexdigest()
    return carteggio.journal.record(id, account, ChangeSendingCredentials(mark), envelope)


def _forget(carteggio: Carteggio, id: UUID) -> None:
    with carteggio.database.pool.connection() as connection:
        connection.execute("DELETE FROM sending_secret WHERE account = %s", (id,))


def sending_password_of(carteggio: Carteggio, id: UUID) -> str:
    """Open the password that an account has for sending alone."""
    with carteggio.database.pool.connection() as connection:
        query = "SELECT sealed FROM sending_secret WHERE account = %s"
        row = connection.execute(query, (id,)).fetchone()
    if row is None:
        do = "give it anew (account sending, accountSendingConfigure)"
        raise Rejected("NO_PASSWORD", f"no password is kept for sending; {do}")
    return carteggio.keyring.open_secret(id, row[0], _KIND).decode()


async def sending_of(carteggio: Carteggio, address: str) -> SendingSide | None:
    """Give how mail of a mailbox is sent; None where nothing says so."""
    wanted = address.strip().casefold()
    found = await sendings_of(carteggio)
    return next((one for one in found if one.address.casefold() == wanted), None)


async def sendings_in(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader
) -> list[SendingSide]:
    """Give how mail is sent of the mailboxes that the reader sees, by address."""
    asked = connection, names, reader
    boxes = {one.id: one.address for one in await company.mailboxes(*asked)}
    rows = await sendings(*asked)
    found = [_sending(row, boxes.get(row.mailbox, str(row.mailbox))) for row in rows]
    return sorted(found, key=lambda one: one.address)


async def sendings_of(carteggio: Carteggio) -> list[SendingSide]:
    """Give how mail is sent of every mailbox, by address."""
    async with carteggio.reading() as asked:
        return await sendings_in(*asked, EVERYTHING)


async def smtp_of(carteggio: Carteggio, consents: Consents, sending: SendingSide) -> SmtpAccount:
    """Give what a session needs to send, with its secret; Rejected: there is none, or no consent."""
    accounts = await accounts_of(carteggio)
    fetched = next((one for one in accounts if one.id == sending.id), None)
    account = await _let_in(carteggio, consents, sending, fetched)
    asks = wants_reports(sending.configured, is_fetched=fetched is not None)
    return replace(account, asks_delivered=asks)


async def _let_in(
    carteggio: Carteggio, consents: Consents, sending: SendingSide, fetched: Account | None
) -> SmtpAccount:
    match sending.configured.login:
        case "same":
            return await asyncio.to_thread(_shared, carteggio, consents, sending, fetched)
        case "password":
            secret = await asyncio.to_thread(sending_password_of, carteggio, sending.id)
            return sending.smtp(sending.configured.user, secret, None, carteggio.reach)
        case _:
            return sending.smtp("", "", None, carteggio.reach)


async def smtp_entered(
    carteggio: Carteggio, consents: Consents, entered: EnteredSending
) -> SmtpAccount:
    """Give the same of what somebody entered, before anything of it is kept."""
    mailbox = mailbox_id(carteggio.identity_key, entered.address)
    id, configured = account_id(carteggio.identity_key, mailbox), entered.configured(mailbox)
    refuse_pin(configured.pin, configured.security)
    asked = SendingSide(id, entered.address, configured)
    if entered.login == PASSWORD:
        return asked.smtp(entered.user, entered.password, None, carteggio.reach)
    return await smtp_of(carteggio, consents, asked)


def _shared(
    carteggio: Carteggio, consents: Consents, sending: SendingSide, fetched: Account | None
) -> SmtpAccount:
    if fetched is None:
        do = "give a password for sending (account sending, accountSendingConfigure)"
        raise Rejected(
            "NO_LOGIN", f"nothing is fetched for this mailbox, so no login is shared: {do}"
        )
    user = sending.configured.user or fetched.user
    tokens = consents.of(fetched)
    if tokens is None:
        return sending.smtp(user, password_of(carteggio, fetched.id), None, carteggio.reach)
    return sending.smtp(user, "", TriedTokens(tokens), carteggio.reach)


def _sending(row: SendingSideRow, address: str) -> SendingSide:
    configured = AccountSendingConfigured(
        mailbox=MailboxId(row.mailbox),
        port=row.port,
        security=row.security,
        login=row.login,
        host=row.host,
        user=row.user_name,
        senders=tuple(row.senders),
        sent_copy=row.sent_copy,
        mails_per_minute=row.mails_per_minute,
        recipients_per_day=row.recipients_per_day,
        connections=row.connections,
        ca_file=row.ca_file,
        pin=row.pin,
        authorities=row.authorities,
        reply_to=row.reply_to,
        delivery_reports=row.delivery_reports,
    )
    return SendingSide(row.id, address, configured)


def _called(address: str) -> str:
    """Give what we say that we are: the mailbox's domain, as far as ASCII can have it."""
    domain = address.rpartition("@")[2]
    return domain if domain.isascii() else ""
