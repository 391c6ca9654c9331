"""A firm whose mailbox lies on a real server; what its rules send comes to a sink."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from adapters.mime.worker import ReadingWorker
from api.work.accounts import Entered, configure
from api.work.instance import Carteggio
from api.work.ruleruns import apply
from api.work.sendingside import EnteredSending, configure_sending
from api.work.settling import settle
from api.work.sync import Sync
from domain.ruleactions import RuleApplied
from domain.template import Part, TemplateKind
from dovecot import Dovecot
from outgoing import lane_of
from ruled import INFO, ORDERS, SERVICE, Firm
from smtpscript import POLITE, Sink, speaking
from speaking import in_thread
from templating import invoice, saved


class Posted(Firm):
    """The firm's mailbox lies on a real server, and what leaves comes to a sink."""

    def __init__(
        self, carteggio: Carteggio, worker: ReadingWorker, server: Dovecot, folder: Path
    ) -> None:
        super().__init__(carteggio, folder)
        self.worker, self.account, self.sink = worker, server.add_user(), Sink()
        user = self.account
        login = (server.host, server.imap, "plain", user.user, user.password)
        configure(carteggio, Entered(INFO, *login))  # type: ignore[arg-type]
        words = {"motivation": Part("grazie, rispondiamo presto."), "document_kind": ""}
        self.template = saved(
            carteggio,
            invoice(kind=TemplateKind.AUTO_REPLY, subject="Ricevuto", attachment_name="", **words),
            "thanks",
        )

    def comes(self, *mails: bytes) -> tuple[list[RuleApplied], list[bytes]]:
        """Let mail come in; give what rules did with it, and what left."""
        told, left = len(self.told()), len(self.sink.mails)
        self.account.append(*mails, when=datetime.now(UTC) + timedelta(seconds=2))
        asyncio.run(Sync(self.carteggio, self.worker).all())
        self.settled()

        async def go() -> None:
            while await apply(self.carteggio, datetime.now(UTC)):
                settle(self.carteggio, self.carteggio.journal.head())

        asyncio.run(go())
        self.leaves()
        return self.told()[told:], self.sink.mails[left:]

    def question(self, sender: str = "ada@acme.example", more: str = "") -> bytes:
        n = next(self.numbers)
        return (
            f"Return-Path: <{sender}>\r\nFrom: {sender}\r\nTo: {INFO}\r\n"
            f"Date: Mon, 2 Mar 2026 09:00:00 +0100\r\nMessage-ID: <{n}@{sender.partition('@')[2]}>\r\n"
            f"Subject: Question {n}\r\n{more}\r\nWhen does it come?\r\n"
        ).encode()

    def leaves(self, *mailboxes: str) -> None:
        """Let what is queued leave from a mailbox."""

        async def go(mailbox: str) -> None:
            async with lane_of(self.carteggio, self.box(mailbox), self.worker) as lane:
                await lane.drain()

        for one in mailboxes or (INFO,):
            asyncio.run(go(one))
        self.settled()


@contextmanager
def firm_with_post(
    carteggio: Carteggio, worker: ReadingWorker, server: Dovecot, folder: Path
) -> Iterator[Posted]:
    """Found the firm; mail leaves from all its mailboxes."""
    one = Posted(carteggio, worker, server, folder)
    with in_thread(lambda: speaking(POLITE, one.sink)) as port:
        for mailbox in (INFO, ORDERS, SERVICE):
            configure_sending(
                carteggio, EnteredSending(mailbox, "127.0.0.1", port, "plain", "none")
            )
        yield one
