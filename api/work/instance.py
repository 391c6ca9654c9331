"""An instance opened for one company: what all work, commands and requests are given."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from adapters.blobs import Blobs
from adapters.clock import Clock, utc
from adapters.database import Database
from adapters.home import Home
from adapters.journal import Journal
from adapters.keyring import Keyring
from adapters.reach import Reach
from adapters.settings import Settings
from api.work.feed import Feed, active_names_async
from api.work.finding import Finder
from api.work.models import PROJECTIONS
from domain.signedtoken import Signing
from projections.projection import Names
from projections.reader import EVERYTHING

__all__ = ["PROJECTIONS", "Carteggio"]


@dataclass(frozen=True, slots=True)
class Carteggio:
    """An instance opened for one company: everything that commands, API and work ask for."""

    home: Home
    settings: Settings
    company: str
    database: Database
    keyring: Keyring
    blobs: Blobs
    journal: Journal
    feed: Feed
    clock: Clock = utc
    """What people do is done at its time; decision 0042."""

    @property
    def identity_key(self) -> bytes:
        """Give the key under which ids are made (domain/identity.py)."""
        return self.keyring.identity_key

    @property
    def signing(self) -> Signing:
        """Give what signed tokens of the company are known by."""
        return Signing(self.keyring.token_key, self.settings.ticket_marker)

    @property
    def reach(self) -> Reach:
        """Give where mail servers may be."""
        return Reach(self.settings.mail_networks_allowed, self.settings.mail_networks_refused)

    @property
    def webhook_reach(self) -> Reach:
        """Give where programs may be that are told what happens."""
        settings = self.settings
        return Reach(settings.webhook_networks_allowed, settings.webhook_networks_refused)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[tuple[AsyncConnection[TupleRow], Names]]:
        """Lend a connection and the read models' names, to be asked by the reading functions."""
        connection = await self.database.connect_async()
        async with connection:
            yield connection, await active_names_async(connection, PROJECTIONS)

    @asynccontextmanager
    async def finding(self) -> AsyncIterator[Finder]:
        """Lend what finds objects by what people type, for who may see everything."""
        async with self.reading() as (connection, names):
            yield Finder(connection, names, EVERYTHING, self.identity_key)
