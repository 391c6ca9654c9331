"""A session with a server that answers by a script, and a mail to hand over."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from adapters.smtp.session import SmtpSession
from adapters.smtp.values import Limits, Outcome, SmtpAccount, Submission
from smtpscript import POLITE, Answers, Sink, Told, speaking
from speaking import Say, text

MAIL = b"Subject: x\r\n\r\nhello\r\n"
LIMITS = Limits(connect=20, command=20, envelope=20, data=20, content=20, mails=3)
ONE = Submission("info@firm.example", ("ada@acme.example",), MAIL)


def account(port: int, **more: object) -> SmtpAccount:
    known = {"host": "127.0.0.1", "port": port, "security": "plain", "user": "anna"}
    return SmtpAccount(**{**known, "password": "secret", **more})  # type: ignore[arg-type]


def offers(*lines: str) -> dict[str, Say]:
    more = "".join(f"250-{one}\r\n" for one in lines)
    return {"EHLO": text(f"250-smtp.example\r\n{more}250 AUTH PLAIN\r\n".encode())}


@asynccontextmanager
async def opened(
    answers: Answers, sink: Sink | None = None, **more: object
) -> AsyncIterator[SmtpSession]:
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(speaking({**POLITE, **answers}, sink))
        one = account(port, **more)
        yield await stack.enter_async_context(SmtpSession(one, LIMITS))


async def sent(
    answers: Answers, mail: Submission = ONE, sink: Sink | None = None, **more: object
) -> Outcome:
    async with opened(answers, sink, **more) as session:
        return await session.submit(mail, Told())
