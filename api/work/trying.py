"""Trying an account: every step that fetching takes, each named, with the server's own words.

    resolve ─▶ connect ─▶ TLS ─▶ login ─▶ list ─▶ select
                                      (POP3: list ─▶ UIDL; sending: sender)

Nothing is fetched and nothing changes on the server: folders are examined, messages are counted.
Here nothing is kept but an access token that had to be renewed. After a bad step the rest is not
reached.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Final

from adapters.certificates import Doubt
from adapters.handshakes import Handshake, Place, addresses, shown
from adapters.imap import values as imap
from adapters.imap.session import ImapSession
from adapters.mailservers import ServerTrouble, TroubleKind, Untrusted, tls_context
from adapters.pop3 import values as pop3
from adapters.pop3.session import Pop3Session
from adapters.reach import USUAL, Reach
from adapters.smtp import values as smtp
from adapters.smtp.session import SmtpSession
from adapters.smtp.values import SmtpAccount
from api.work.accounts import Account, Entered, accounts_of, password_of, vouching
from api.work.consent import Consents
from api.work.instance import Carteggio
from api.work.sendingside import SendingSide, TriedTokens, smtp_of
from api.work.steps import (
    State,
    Step,
    certificate_facts,
    described,
    misnamed,
    offered,
    secured,
)
from domain.account import refuse_pin
from domain.replies import Fate, fate_of
from domain.values import Rejected

PATIENCE: Final = 20.0
"""So many seconds the server has for each answer; a step may take twice as long."""

_SHOWN: Final = 30
_IMAP_MATTERS: Final[tuple[str, ...]] = ("IDLE", "CONDSTORE", "QRESYNC", "SPECIAL-USE")
_SMTP_MATTERS: Final[tuple[str, ...]] = ("SIZE", "8BITMIME", "SMTPUTF8", "DSN")
_POP3_MATTERS: Final[tuple[str, ...]] = ("UIDL", "TOP", "PIPELINING")


@dataclass(frozen=True, slots=True)
class Way:
    """What leads to a mailbox, or out of it.

    `folders` are those that are to be fetched, else INBOX and Sent; `sender` is who sends.
    """

    account: imap.ImapAccount | pop3.Pop3Account | SmtpAccount
    folders: tuple[str, ...] = ()
    sent: str = ""
    sender: str = ""

    @property
    def place(self) -> Place:
        """Give where the server is."""
        one = self.account
        match one:
            case imap.ImapAccount():
                return Place(one.host, one.port, "imap", one.security, one.reach)
            case pop3.Pop3Account():
                return Place(one.host, one.port, "pop3", one.security, one.reach)
            case SmtpAccount():
                return Place(one.host, one.port, "smtp", one.security, one.reach)


async def way_to(carteggio: Carteggio, consents: Consents, address: str) -> Way:
    """Give the way of an account that is kept."""
    wanted = address.strip().casefold()
    for one in await accounts_of(carteggio):
        if one.address.casefold() == wanted:
            return await asyncio.to_thread(_kept, carteggio, consents, one)
    sentence = f"no account is configured for {address.strip()}"
    raise Rejected("NOT_FOUND", f"{sentence}; add it (account add, accountConfigure)")


async def way_out(carteggio: Carteggio, consents: Consents, sending: SendingSide) -> Way:
    """Give the way by which mail leaves; that a token is refused is told, and not recorded."""
    account = await smtp_of(carteggio, consents, sending)
    return Way(account, sender=sending.address)


def _kept(carteggio: Carteggio, consents: Consents, account: Account) -> Way:
    tokens = consents.of(account)
    if tokens is None:
        password, borrowed = password_of(carteggio, account.id), None
    else:
        password, borrowed = "", TriedTokens(tokens)
    given = account.pop3 if account.protocol == "pop3" else account.imap
    return Way(given(password, borrowed, carteggio.reach), account.folders, account.sent)


def way_of(entered: Entered, reach: Reach = USUAL) -> Way:
    """Give the way that somebody entered, before anything of it is kept."""
    if entered.oauth is not None:  # what was entered is the client's secret, not the mailbox's
        sentence = "an account that is let in by consent is tried once somebody has consented"
        raise Rejected("NEEDS_CONSENT", sentence)
    refuse_pin(entered.pin, entered.security)
    kind = pop3.Pop3Account if entered.protocol == "pop3" else imap.ImapAccount
    account = kind(
        host=entered.host,
        port=entered.port,
        security=entered.security,
        user=entered.user,
        password=entered.password,
        ca_file=vouching(entered.ca_file, entered.authorities),
        pin=entered.pin,
        reach=reach,
    )
    return Way(account, entered.folders, entered.sent)


async def tried(way: Way, patience: float = PATIENCE) -> AsyncGenerator[Step, None]:
    """Go the way step by step, and tell each step when it is done."""
    async with AsyncExitStack() as left:
        going = _Going(way, patience, left)
        barred = False
        for name, taken in going.steps():
            step = (
                Step(name, State.NOT_REACHED, "")
                if barred
                else await _timed(name, taken, patience)
            )
            barred = barred or step.state is State.BAD
            yield step


async def all_tried(way: Way, patience: float = PATIENCE) -> list[Step]:
    """Go the whole way."""
    return [step async for step in tried(way, patience)]


Taken = Callable[[], Awaitable[Step]]


async def _timed(name: str, taken: Taken, patience: float) -> Step:
    began = time.monotonic()
    step = await _ended(name, taken, patience)
    return replace(step, seconds=round(time.monotonic() - began, 3))


async def _ended(name: str, taken: Taken, patience: float) -> Step:
    """Take a step; whatever stands in its way is told in words."""
    try:
        async with asyncio.timeout(2 * patience):
            return await taken()
    except ServerTrouble as trouble:
        return Step(name, State.BAD, trouble.sentence, found={"kind": trouble.kind.value})
    except Rejected as trouble:
        found = {"kind": trouble.code.casefold()}
        return Step(name, State.BAD, trouble.sentence, found=found)
    except TimeoutError:
        said = f"it was not done within {2 * patience:g} seconds"
        return Step(name, State.BAD, said, found={"kind": TroubleKind.TIMEOUT.value})
    except OSError as trouble:
        said = trouble.strerror or type(trouble).__name__
        return Step(name, State.BAD, said, found={"kind": "local"})


class _Going:
    """The steps of one way, and what is left of each for the next."""

    def __init__(self, way: Way, patience: float, left: AsyncExitStack) -> None:
        self._way = way
        self._place = way.place
        self._patience = patience
        self._left = left
        self._handshake: Handshake
        self._imap: ImapSession
        self._pop3: Pop3Session
        self._smtp: SmtpSession
        self._folders: tuple[imap.RemoteFolder, ...] = ()
        self._messages: list[pop3.Listed] = []

    def steps(self) -> list[tuple[str, Taken]]:
        first: list[tuple[str, Taken]] = [
            ("resolve", self._resolve), ("connect", self._connect), ("TLS", self._secure),
            ("login", self._log_in),
        ]  # fmt: skip
        if self._place.protocol == "smtp":
            return [*first, ("sender", self._ask_sender)]
        if self._place.protocol == "imap":
            return [*first, ("list", self._list_folders), ("select", self._select)]
        return [*first, ("list", self._list_messages), ("UIDL", self._look_at_names)]

    async def _resolve(self) -> Step:
        found = await addresses(self._place, self._patience)
        return Step("resolve", State.GOOD, ", ".join(found), found={"addresses": found})

    async def _connect(self) -> Step:
        self._handshake = await Handshake.begin(self._place, self._patience)
        self._left.callback(self._handshake.drop)
        said = f"{self._handshake.peer} answers on port {self._place.port}"
        return Step("connect", State.GOOD, said)

    async def _secure(self) -> Step:
        if self._place.security == "plain":
            self._handshake.drop()
            said = "none is asked for: password and mail go over the network in clear"
            return Step("TLS", State.WARNING, said)
        try:
            context = tls_context(self._way.account.ca_file, self._way.account.pin)
            await self._handshake.secure(context, self._patience)
        except ServerTrouble as trouble:
            return await self._notsecured(trouble)
        version, certificate = self._handshake.version, self._handshake.certificate
        self._handshake.drop()
        return secured(version, certificate)

    async def _notsecured(self, trouble: ServerTrouble) -> Step:
        """Say why, and whose certificate it is where there is one."""
        self._handshake.drop()
        said, found = trouble.sentence, {"kind": trouble.kind.value}
        if not isinstance(trouble, Untrusted):
            return Step("TLS", State.BAD, said, found=found)
        certificate = await shown(self._place, self._patience / 2)
        if certificate is not None:
            why = misnamed(certificate) if trouble.doubt is Doubt.OTHER_NAME else ""
            said = f"{said}{why}; {described(certificate)}{offered(certificate, trouble.doubt)}"
        found |= {"doubt": trouble.doubt.value}
        return Step("TLS", State.BAD, said, found=found | certificate_facts(certificate))

    async def _log_in(self) -> Step:
        account, seconds = self._way.account, self._patience
        if isinstance(account, imap.ImapAccount):
            here = ImapSession(account, imap.Limits(connect=seconds, command=seconds))
            self._imap = await self._left.enter_async_context(here)
            can, matters = self._imap.capabilities, _IMAP_MATTERS
        elif isinstance(account, pop3.Pop3Account):
            there = Pop3Session(account, pop3.Limits(connect=seconds, command=seconds))
            self._pop3 = await self._left.enter_async_context(there)
            can, matters = self._pop3.capabilities, _POP3_MATTERS
        else:
            out = SmtpSession(account, smtp.Limits(seconds, seconds, seconds))
            self._smtp = await self._left.enter_async_context(out)
            can, matters = frozenset(self._smtp.offers), _SMTP_MATTERS
        able = [one for one in matters if one in can]
        who = f"{account.user} is let in" if account.user else "nobody logs in"
        said = f"{who}; the server can {', '.join(able) or 'nothing special'}"
        return Step("login", State.GOOD, said, found={"capabilities": able})

    async def _ask_sender(self) -> Step:
        reply = await self._smtp.would_take(self._way.sender)
        said = f"{reply.code} {reply.enhanced} {reply.text}".replace("  ", " ")
        state = State.GOOD if fate_of(reply)[0] is Fate.ACCEPTED else State.BAD
        most = self._smtp.offers.get("SIZE", "")
        found = {"code": reply.code, "largest": int(most) if most.isdecimal() else None}
        return Step("sender", state, f"{self._way.sender}: {said}", found=found)

    async def _list_folders(self) -> Step:
        self._folders = await self._imap.folders()
        names = [_with_role(one) for one in self._folders]
        more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
        said = ", ".join(names[:_SHOWN]) + more
        found = {"folders": {one.name: one.role.value for one in self._folders}}
        sent = self._way.sent or any(one.role is imap.Role.SENT for one in self._ours())
        if not self._way.folders and not sent:
            said += "; no Sent folder is found: name it with --sent, else answers are not seen"
            return Step("list", State.WARNING, said, found=found)
        return Step("list", State.GOOD, said, found=found)

    def _ours(self) -> list[imap.RemoteFolder]:
        """Give the folders that are not somebody else's, or everybody's."""
        return [x for x in self._folders if x.namespace is imap.Namespace.PERSONAL]

    async def _select(self) -> Step:
        names = {one.name: one for one in self._folders}
        named = [*self._way.folders, *([self._way.sent] if self._way.sent else [])]
        if missing := [name for name in named if name not in names]:
            there = ", ".join(list(names)[:_SHOWN])
            said = f"these folders are not there: {', '.join(missing)}; there are: {there}"
            return Step("select", State.BAD, said, found={"kind": "not_found", "missing": missing})
        wanted = [names[name] for name in dict.fromkeys(self._way.folders)] or [
            one
            for one in self._ours()
            if one.role is not imap.Role.OTHER or one.name == self._way.sent
        ]
        counts = {one.name: (await self._imap.select(one)).exists for one in wanted}
        said = ", ".join(f"{name}: {_messages(count)}" for name, count in counts.items())
        state = State.GOOD if counts else State.BAD
        return Step("select", state, said or "there is no INBOX", found={"messages": counts})

    async def _list_messages(self) -> Step:
        self._messages = await self._pop3.listing()
        count = len(self._messages)
        found = {"messages": {"INBOX": count}}
        return Step("list", State.GOOD, f"inbox: {_messages(count)}", found=found)

    async def _look_at_names(self) -> Step:
        nameless = sum(one.uidl is None for one in self._messages)
        if nameless or (not self._messages and "UIDL" not in self._pop3.capabilities):
            said = "the server has no unique ids: what is known is told by fetching it again"
            return Step("UIDL", State.WARNING, said)
        return Step("UIDL", State.GOOD, "every message has a unique id")


def _with_role(folder: imap.RemoteFolder) -> str:
    named = folder.role is imap.Role.OTHER or folder.name.casefold() == folder.role.value
    return folder.name if named else f"{folder.name} ({folder.role.value})"


def _messages(count: int) -> str:
    return f"{count:,} message" + ("" if count == 1 else "s")
