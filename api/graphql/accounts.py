"""Accounts as whoever manages them sees them: where from, how it goes, what is behind, what ends."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

import strawberry
from strawberry import ID, Info

from adapters.certificates import authorities_of
from api.graphql.context import Context
from api.graphql.ids import Kind, encoded
from api.graphql.node import Audited
from api.work.consenting import Asking, askings
from api.work.overview import Overview, Sort, overview


@strawberry.enum(description="How mail is fetched.")
class AccountProtocol(Enum):
    IMAP = strawberry.enum_value("imap", description="Folders, the sent mail too (RFC 3501).")
    POP3 = strawberry.enum_value("pop3", description="One maildrop; nothing of what is sent.")


@strawberry.enum(description="How the way to the mail server is secured.")
class AccountSecurity(Enum):
    TLS = strawberry.enum_value("tls", description="From the first octet on.")
    STARTTLS = strawberry.enum_value("starttls", description="Before the login (RFC 2595).")
    PLAIN = strawberry.enum_value("plain", description="Not at all: on one machine only.")


@strawberry.enum(description="How an account is.")
class AccountState(Enum):
    NEW = strawberry.enum_value("new", description="Nobody has looked into it yet.")
    OK = strawberry.enum_value("ok", description="The last look went well.")
    TROUBLE = strawberry.enum_value("trouble", description="The last look did not go well.")
    PAUSED = strawberry.enum_value("paused", description="It is not fetched.")
    NEEDS_CONSENT = strawberry.enum_value(
        Sort.NEEDS_CONSENT.value,
        description="A person has to let it in, for the first time or anew.",
    )


@strawberry.type(description="Whether answers are seen that other mail programs send.")
class Coverage:
    sent_is_read: bool = strawberry.field(
        description="Whether the last good look read a folder of sent mail."
    )
    sent_read_at: datetime | None = strawberry.field(description="When one was read last.")
    reason: str | None = strawberry.field(description="Why answers are not seen, in a sentence.")


@strawberry.enum(description="How a person is asked for consent.")
class ConsentWay(Enum):
    DEVICE = strawberry.enum_value(
        "device", description="By a code that is entered on any device (RFC 8628)."
    )
    BROWSER = strawberry.enum_value(
        "browser", description="On a page whose answer the client brings back (RFC 6749 4.1)."
    )


@strawberry.enum(description="How far consent is that was begun.")
class ConsentState(Enum):
    WAITING = strawberry.enum_value("waiting", description="The person was not there yet.")
    GIVEN = strawberry.enum_value("given", description="The account is let in.")
    REFUSED = strawberry.enum_value("refused", description="It is not; `said` tells why.")
    EXPIRED = strawberry.enum_value("expired", description="Nobody came in time.")


@strawberry.type(description="Consent that was begun over the API; the last one counts.")
class AccountConsent:
    way: ConsentWay = strawberry.field(description="How the person is asked.")
    state: ConsentState = strawberry.field(description="How far it is.")
    page: str = strawberry.field(description="Where the person goes.")
    page_with_code: str = strawberry.field(
        description="The same with the code in it, where the provider has that."
    )
    user_code: str | None = strawberry.field(description="What is entered there; null: nothing.")
    said: str | None = strawberry.field(description="Why it was refused, in a sentence.")
    begun_at: datetime = strawberry.field(description="When it was begun.")
    ends_at: datetime = strawberry.field(description="Until when the person may come.")


@strawberry.type(description="Where a mailbox is fetched from. Its password is never given out.")
class Account(Audited):
    mailbox_id: ID = strawberry.field(description="The mailbox.")
    address: str = strawberry.field(description="The mailbox's address.")
    protocol: AccountProtocol = strawberry.field(description="How mail is fetched.")
    host: str = strawberry.field(description="The mail server.")
    port: int = strawberry.field(description="Its port.")
    security: AccountSecurity = strawberry.field(description="How the way there is secured.")
    user: str = strawberry.field(description="The login's name.")
    login: str = strawberry.field(
        description="password, or whose consent lets it in: microsoft, google, other."
    )
    pin: str | None = strawberry.field(
        description="The digest of the one key that the server may have; null: any that somebody "
        "known vouches for."
    )
    authorities: list[str] = strawberry.field(
        description="Who alone may vouch for the server, of what was entered as certificates; empty: "
        "whoever is known, or a file of the administrator's."
    )
    folders: list[str] = strawberry.field(
        description="The chosen folders; empty: INBOX and the sent mail."
    )
    delete_after_days: int | None = strawberry.field(
        description="POP3: how long stored mail stays on the server; null: for ever."
    )
    state: AccountState = strawberry.field(description="How it is.")
    trouble: str | None = strawberry.field(
        description="What went wrong at the last look, in a sentence of ours."
    )
    failures: int = strawberry.field(description="How many looks in a row went wrong.")
    is_stale: bool = strawberry.field(
        description="Whether mail may lie there that nobody fetches: no good look for three "
        "intervals, or consent is needed."
    )
    last_look_at: datetime | None = strawberry.field(description="When it was looked into last.")
    last_success_at: datetime | None = strawberry.field(
        description="When a look went well, to its end."
    )
    next_look_at: datetime | None = strawberry.field(
        description="When it is looked into again at the latest; null: not by itself."
    )
    backlog: int | None = strawberry.field(
        description="Messages on the server that are not taken in, of those that were there at "
        "`comparedAt`; null: never compared."
    )
    compared_at: datetime | None = strawberry.field(
        description="When what lies on the server was last compared with what was taken in."
    )
    coverage: Coverage = strawberry.field(description="Whether answers sent elsewhere are seen.")
    consent_ends_at: datetime | None = strawberry.field(
        description="When consent ends, where the provider tells it."
    )

    @strawberry.field(description="Consent that was begun over the API; null: none was.")
    async def consent(self, info: Info[Any, Any]) -> AccountConsent | None:
        one = (await _askings(info.context)).get(self.key)
        return _consent(one) if one else None

    secret_ends_on: date | None = strawberry.field(
        description="When the client's secret ends at the provider."
    )
    ending: list[str] = strawberry.field(
        description="What ends within a week or has ended, and what to do; a sentence each."
    )


async def _askings(context: Context) -> Mapping[UUID, Asking]:
    return await context.once("askings", lambda: asyncio.to_thread(askings, context.carteggio))


def _consent(one: Asking) -> AccountConsent:
    over = one.state == "waiting" and one.ends_at <= datetime.now(UTC)
    return AccountConsent(
        way=ConsentWay(one.way),
        state=ConsentState.EXPIRED if over else ConsentState(one.state),
        page=one.shown["page"],
        page_with_code=one.shown["page_with_code"],
        user_code=one.shown["code"] or None,
        said=one.said or None,
        begun_at=one.begun_at,
        ends_at=one.ends_at,
    )


async def overviews(context: Context) -> Mapping[UUID, Overview]:
    """Give how the accounts stand, by mailbox, as far as the viewer is told; read once a request."""

    async def read() -> Mapping[UUID, Overview]:
        async with context.read() as asked:
            found = await overview(context.carteggio, *asked, context.viewer.knows)
        return {one.account.mailbox: one for one in found}

    return await context.once("accounts", read)


def account_object(one: Overview, asking: Any) -> Account:
    """Show an account; its secret is not among what is known here."""
    account, look, oauth = one.account, one.look, one.account.oauth
    return Account(
        id=encoded(Kind.ACCOUNT, account.id),
        key=account.id,
        asking=asking,
        mailbox_id=encoded(Kind.MAILBOX, account.mailbox),
        address=account.address,
        protocol=AccountProtocol(account.protocol),
        host=account.host,
        port=account.port,
        security=AccountSecurity(account.security),
        user=account.user,
        login=oauth.provider if oauth else "password",
        pin=account.pin or None,
        authorities=authorities_of(account.authorities)[1] if account.authorities else [],
        folders=list(account.folders),
        delete_after_days=account.delete_after_days,
        state=AccountState(one.sort.value),
        trouble=one.trouble or None,
        failures=look.failures if look else 0,
        is_stale=one.is_stale,
        last_look_at=look.tried_at if look else None,
        last_success_at=look.fetched_at if look else None,
        next_look_at=one.next_at,
        backlog=one.backlog,
        compared_at=one.compared_at,
        coverage=Coverage(
            sent_is_read=not one.not_covered,
            sent_read_at=one.sent_read_at,
            reason=one.not_covered or None,
        ),
        consent_ends_at=one.consent_ends_at,
        secret_ends_on=oauth.secret_ends_on if oauth else None,
        ending=one.endings,
    )
