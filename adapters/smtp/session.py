"""Hand mail to a server, one after the other, and tell for each recipient what became of it.

    async with SmtpSession(account) as session:
        outcome = await session.submit(submission, tell)

    MAIL ─▶ RCPT … ─▶ DATA ─▶ CONTENT ─▶ the last word
    └───── lost: deferred ─────┘└─ lost: uncertain ─┘

Nobody is asked twice: a mail whose content was begun is never sent again from here. One task owns
a session. What raises ServerTrouble has told the server nothing of the mail. A server that takes
commands together (PIPELINING, RFC 2920) is told all up to DATA at once, and each answer is read in
its turn; its content still waits for the answer to DATA.
"""

from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from adapters.mailservers import ServerTrouble, TroubleKind
from adapters.smtp.connection import Connection
from adapters.smtp.envelopes import Envelope, Unsayable, dotted
from adapters.smtp.replies import id_named, reply_of
from adapters.smtp.values import (
    Limits,
    Outcome,
    Phase,
    SmtpAccount,
    Submission,
    Tell,
    ToRecipient,
)
from domain.replies import Fate, Ground, Reply, fate_of

_TAKES_CONTENT: Final = 354
_LEAVES: Final = 421
"""RFC 5321 3.8: the server ends the connection."""
_GONE: Final = Reply(0, "the server ended the connection, and the one that was made anew")

_Told = tuple[Fate, Ground, Reply]


class SmtpSession:
    """A server, open for mail; a connection that is used up or was ended is made anew."""

    def __init__(self, account: SmtpAccount, limits: Limits | None = None) -> None:
        self.account = account
        self.limits = limits or Limits()
        self._opened: Connection | None = None
        self.taken: frozenset[str] = frozenset()
        """For whom the server takes the mail that is being handed over, once its content begins."""

    async def __aenter__(self) -> Self:
        self._opened = await Connection.open(self.account, self.limits)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        if kind is None:
            await self.connection.close()
        else:
            self.connection.drop()

    @property
    def connection(self) -> Connection:
        """Give the connection as it stands now."""
        if self._opened is None:
            raise RuntimeError("the session is not open: use `async with`")
        return self._opened

    @property
    def offers(self) -> dict[str, str]:
        """Give what the server can (RFC 5321 4.1.1.1), in capitals, with what it adds to each."""
        return dict(self.connection.extensions)

    async def would_take(self, sender: str) -> Reply:
        """Ask whether it takes mail from this sender, and take that back."""
        connection = self.connection
        try:
            command = Envelope(Submission(sender, (), b"\r\n"), connection.extensions).mail()
        except Unsayable as refusal:
            return refusal.reply
        reply = await connection.ask(command, self.limits.envelope)
        await connection.reset()
        return reply

    async def submit(self, submission: Submission, tell: Tell) -> Outcome:
        """Hand over a mail; `tell` is told each part before it begins.

        Raise ServerTrouble where there is no connection for it, and whatever `tell` raises; then
        the connection is ended, and nothing of the content was sent.
        """
        if not submission.recipients:
            raise ValueError("a mail without recipients")
        await self._ready()
        try:
            return await self._submitted(submission, tell)
        except BaseException:
            self.connection.drop()
            raise

    async def _submitted(self, submission: Submission, tell: Tell) -> Outcome:
        delivery = _Delivery(submission)
        try:
            envelope = self._envelope(submission)
            envelope.refuse_unfit()
            await tell(Phase.MAIL)
            reply = await self._begun(envelope)
            if reply is None:  # the server left meanwhile, and heard nothing
                await self._ready()
                envelope = self._envelope(submission)
                reply = await self._begun(envelope) or _GONE
        except Unsayable as refusal:
            return delivery.told_all(Fate.REFUSED, refusal.ground, refusal.reply)
        if fate_of(reply)[0] is not Fate.ACCEPTED:
            await self.connection.reset()
            return delivery.ended(reply)
        try:
            return await self._goes_on(delivery, envelope, tell)
        except ServerTrouble as trouble:
            return delivery.lost(trouble)

    def _envelope(self, submission: Submission) -> Envelope:
        return Envelope(submission, self.connection.extensions, self.account.asks_delivered)

    async def _begun(self, envelope: Envelope) -> Reply | None:
        """Begin a mail; None: the connection took as many as it may, or was kept too long: it is gone."""
        connection, commands = self.connection, envelope.together()
        kept = connection.mails > 0
        try:
            if len(commands) > 1:
                connection.protocol.say(commands)
            reply = await connection.ask(commands[0], self.limits.envelope)
        except ServerTrouble as trouble:
            if kept and trouble.kind is TroubleKind.LOST:
                return None
            return Reply(0, trouble.sentence)
        if kept and reply.code == _LEAVES:
            connection.drop()
            return None
        return reply

    async def _goes_on(self, delivery: "_Delivery", envelope: Envelope, tell: Tell) -> Outcome:
        await tell(Phase.RCPT)
        if not await self._recipients(delivery, envelope):
            await self.connection.reset()
            return delivery.without_any()
        await tell(Phase.DATA)
        return await self._data(delivery, tell)

    async def _recipients(self, delivery: "_Delivery", envelope: Envelope) -> bool:
        """Name the recipients; give whether there is one for whom the server takes the mail."""
        for address in dict.fromkeys(delivery.submission.recipients):
            try:
                command = envelope.rcpt(address)
            except Unsayable as refusal:
                delivery.told[address] = (Fate.REFUSED, refusal.ground, refusal.reply)
                continue
            reply = await self.connection.ask(command, self.limits.envelope)
            delivery.told[address] = (*fate_of(reply, of_recipient=True), reply)
            if reply.code == _LEAVES:
                self.connection.drop()
                return False
        return bool(delivery.taken)

    async def _data(self, delivery: "_Delivery", tell: Tell) -> Outcome:
        connection = self.connection
        reply = await connection.ask_on(b"DATA", self.limits.data)
        if reply.code // 100 == 2:
            raise connection.odd(reply)
        if reply.code != _TAKES_CONTENT:
            await connection.reset()
            return delivery.ended(reply)
        octets = dotted(delivery.submission.raw)
        self.taken = delivery.taken
        await tell(Phase.CONTENT)
        connection.protocol.check()
        connection.mails += 1
        try:
            return delivery.ended(await self._content(octets))
        except ServerTrouble as trouble:
            return delivery.uncertain(trouble.sentence)

    async def _content(self, octets: bytes) -> Reply:
        """Send the content; ServerTrouble: nobody knows what became of it."""
        connection, limits = self.connection, self.limits
        seconds = limits.content + len(octets) / limits.slowest
        reply = reply_of(await connection.protocol.content(octets, seconds))
        if reply.code // 100 == 3:
            raise connection.odd(reply)
        if reply.code == _LEAVES:
            connection.drop()
        return reply

    async def _ready(self) -> None:
        """Have a connection that a mail can go over."""
        if self.connection.is_spent:
            with suppress(ServerTrouble):
                await self.connection.close()
            self._opened = await Connection.open(self.account, self.limits)


class _Delivery:
    """A mail that is being handed over: what is known of each recipient so far."""

    def __init__(self, submission: Submission) -> None:
        self.submission = submission
        self.told: dict[str, _Told] = {}

    @property
    def taken(self) -> frozenset[str]:
        """Give for whom the server takes it, so far."""
        return frozenset(one for one, told in self.told.items() if told[0] is Fate.ACCEPTED)

    def ended(self, reply: Reply) -> Outcome:
        """Tell what the last word means for all that were not refused before."""
        fate, ground = fate_of(reply)
        return self.told_all(fate, ground, reply)

    def without_any(self) -> Outcome:
        """Tell that nobody is taken: deferred where that may pass for one of them."""
        each = list(self.told.values())
        later = [one for one in each if one[0] is Fate.DEFERRED]
        return self.told_all(*(later or each)[-1])

    def lost(self, trouble: ServerTrouble) -> Outcome:
        """Tell that the connection went before anything of the content was sent."""
        return self.told_all(Fate.DEFERRED, Ground.CONNECTION, Reply(0, trouble.sentence))

    def uncertain(self, sentence: str) -> Outcome:
        """Tell that it may have been sent."""
        return self.told_all(Fate.UNCERTAIN, Ground.CONNECTION, Reply(0, sentence))

    def told_all(self, fate: Fate, ground: Ground, reply: Reply) -> Outcome:
        """Give everybody the fate of the whole, but for those who were not taken by themselves."""
        whole = (fate, ground, reply)
        own = {one: told for one, told in self.told.items() if told[0] is not Fate.ACCEPTED}
        each = [ToRecipient(one, *own.get(one, whole)) for one in self.submission.recipients]
        named = id_named(reply) if fate is Fate.ACCEPTED else ""
        return Outcome(fate, ground, reply, tuple(each), named)
