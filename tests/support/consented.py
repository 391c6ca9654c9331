"""An instance with one account that is let in by consent, on servers that take its tokens."""

import asyncio
from datetime import timedelta
from typing import Any

from adapters.clock import utc
from adapters.mime.worker import ReadingWorker
from adapters.oauth.grants import by_device, device
from api.work.accounts import Account, Entered, accounts_of, configure
from api.work.consent import Consents, client_for, give_consent, open_grant
from api.work.instance import Carteggio
from api.work.looks import states_of
from api.work.sync import Sync, Synced
from consenting import CLIENT, Provider
from domain.account import OAuth
from dovecot import MailAccount
from instances import events_of

BOX = "info@firm.example"
MAIL = (
    b"From: ada@acme.example\r\nTo: info@firm.example\r\nSubject: Offer?\r\n"
    b"Message-ID: <q@acme.example>\r\n\r\nCould you send us your offer, please?\r\n"
)


class Consented:
    """An instance with one account, and the provider that lets it in."""

    def __init__(self, carteggio: Carteggio, worker: ReadingWorker, provider: Provider) -> None:
        self.carteggio, self.worker, self.provider = carteggio, worker, provider

    def add(self, at: MailAccount, **more: Any) -> Account:
        oauth = OAuth("other", CLIENT, endpoints=self.provider.endpoints(), scopes=("mail",))
        server = at.server
        given: dict[str, Any] = {
            "address": BOX, "host": server.host, "port": server.imap, "security": "plain",
            "user": at.user, "password": self.provider.secret, "oauth": oauth,
        }  # fmt: skip
        configure(self.carteggio, Entered(**(given | more)))
        return self.account()

    def account(self) -> Account:
        self.carteggio.feed.catch_up(self.carteggio.journal.head())
        (one,) = asyncio.run(accounts_of(self.carteggio))
        return one

    def consent(self, person: str) -> None:
        """Let a person consent, on another device."""
        self.provider.person = person
        one = self.account()
        assert one.oauth is not None
        client = client_for(self.carteggio, one, one.oauth)

        async def enter() -> Any:
            return await by_device(client, await device(client))

        give_consent(self.carteggio, one, one.oauth, asyncio.run(enter()))

    def sync(self) -> Synced:
        async def look() -> list[Synced]:
            return await Sync(self.carteggio, self.worker).all([BOX])

        self.carteggio.feed.catch_up(self.carteggio.journal.head())
        (one,) = asyncio.run(look())
        return one

    def token(self, later: timedelta = timedelta(0)) -> str:
        tokens = Consents(self.carteggio, lambda: utc() + later).of(self.account())
        assert tokens is not None
        return asyncio.run(tokens.current())

    def kept(self) -> Any:
        with self.carteggio.database.connect() as connection:
            row = connection.execute("SELECT account, sealed FROM account_consent").fetchone()
        assert row is not None
        return open_grant(self.carteggio, *row)

    def looks(self) -> list[str]:
        return [one.trouble for one in states_of(self.carteggio).values()]

    def events(self) -> list[Any]:
        return events_of(self.carteggio, "account.consent_given", "account.consent_lost")
